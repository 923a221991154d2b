import Alert from '@cloudscape-design/components/alert';
import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import CopyToClipboard from '@cloudscape-design/components/copy-to-clipboard';
import Form from '@cloudscape-design/components/form';
import FormField from '@cloudscape-design/components/form-field';
import Modal from '@cloudscape-design/components/modal';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Textarea from '@cloudscape-design/components/textarea';
import { useQueryClient } from '@tanstack/react-query';
import { createContext, useContext, useEffect, useState, type ReactNode } from 'react';
import type { Act, Permission } from '../lib/console/views.ts';
import { useSystem } from './api.ts';
import { DialogButtons } from './dialog-buttons.tsx';
import { Problem } from './problem.tsx';
import { visible } from './text.tsx';

/** One operation as the dialog shows it. `V`: the values of its form. */
export interface Operation<V> {
  readonly act: Act;
  readonly title: string;
  /** The effect, in one or two sentences. */
  readonly explains: ReactNode;
  /** The label of the button that does it. */
  readonly verb: string;
  /** It ends or undoes something. */
  readonly isGrave?: boolean;
  /** Without a reason: `start`, `publish`, `signal` and `ask` have none. @default true */
  readonly hasReason?: boolean;
  readonly values: V;
  /** The form of the values beside the reason. */
  readonly form?: (values: V, change: (values: V) => void) => ReactNode;
  /** Why the values cannot be sent yet. */
  readonly missing?: (values: V) => string | undefined;
  /** The same operation on the command line, without the option of the place. */
  readonly line: (values: V, reason: string) => string;
  readonly send: (values: V, reason: string) => Promise<unknown>;
  /** The sentence of the notice after it. */
  readonly done: (result: unknown, values: V) => ReactNode;
}

/** Opens the dialog of an operation, and shows notices. */
export interface Acting {
  readonly open: <V>(operation: Operation<V>) => void;
  readonly notice: (text: ReactNode, type?: 'success' | 'error') => void;
}

export const ActingContext = createContext<Acting>({ open: () => {}, notice: () => {} });

export function useActing(): Acting {
  return useContext(ActingContext);
}

/** Whether the operation can be done, and one sentence why not. */
export function refusalOf({ allowed, why, grant }: Permission): string | undefined {
  if (allowed) return undefined;
  return why ?? (grant === undefined ? 'This console may only read.' : `The missing grant: ${grant}.`);
}

/** A button that opens the dialog of an operation. If a grant is missing, it is disabled and names the grant. */
export function ActButton<V>({
  operation,
  children,
  variant,
  disabledReason,
}: {
  readonly operation: () => Operation<V>;
  readonly act: Act;
  readonly children: string;
  readonly variant?: 'primary' | 'normal' | 'inline-link';
  readonly disabledReason?: string;
}): ReactNode {
  const { open } = useActing();
  const refusal = disabledReason ?? refusalOf(useSystem().acts[operation().act]);
  return (
    <Button
      variant={variant ?? 'normal'}
      disabled={refusal !== undefined}
      {...(refusal !== undefined && { disabledReason: refusal })}
      onClick={() => open(operation())}
    >
      {children}
    </Button>
  );
}

/** The dialog: what the operation does, its values, the reason, the principal, and its command line. */
export function ActDialog({
  operation,
  close,
  notice,
}: {
  readonly operation: Operation<any>;
  readonly close: () => void;
  readonly notice: Acting['notice'];
}): ReactNode {
  const system = useSystem();
  const client = useQueryClient();
  const [values, setValues] = useState<unknown>(operation.values);
  const [reason, setReason] = useState('');
  const [error, setError] = useState<Error>();
  const [isSending, setSending] = useState(false);
  const [isTried, setTried] = useState(false);
  const asksReason = operation.hasReason !== false;
  const missing = operation.missing?.(values) ?? (asksReason && reason.trim() === '' ? 'Write a reason.' : undefined);
  const refusal = refusalOf(system.acts[operation.act]);
  const line = `${operation.line(values, reason.trim() || '…')} ${system.option}`.trim();

  async function send(): Promise<void> {
    setTried(true);
    if (missing !== undefined || isSending || refusal !== undefined) return;
    setSending(true);
    setError(undefined);
    try {
      const result = await operation.send(values, reason.trim());
      notice(operation.done(result, values));
      close();
      await client.invalidateQueries();
    } catch (failure) {
      setError(failure as Error);
      setSending(false);
    }
  }

  useEffect(() => {
    // The focus may be on a button of the dialog or on none of its parts.
    const pressed = (event: KeyboardEvent): void => {
      if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey)) return;
      event.preventDefault();
      void send();
    };
    document.addEventListener('keydown', pressed);
    return () => document.removeEventListener('keydown', pressed);
  });

  return (
    <Modal
      visible
      size="large"
      header={operation.title}
      onDismiss={close}
      footer={
        <DialogButtons close={close}>
          <Button variant="primary" loading={isSending} disabled={refusal !== undefined} onClick={() => void send()}>
            {operation.verb}
          </Button>
        </DialogButtons>
      }
    >
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void send();
        }}
      >
        <Form>
          <SpaceBetween size="m">
            {operation.isGrave ? <Alert type="warning">{operation.explains}</Alert> : <Box>{operation.explains}</Box>}
            {refusal !== undefined && <Alert type="info">{refusal}</Alert>}
            {operation.form?.(values, setValues)}
            {asksReason && (
              <FormField
                label="Reason"
                description="It is journaled with the principal."
                errorText={isTried && reason.trim() === '' ? 'Write a reason.' : undefined}
                stretch
              >
                <Textarea value={reason} rows={2} autoFocus={!operation.form} onChange={({ detail }) => setReason(detail.value)} />
              </FormField>
            )}
            {isTried && missing !== undefined && missing !== 'Write a reason.' && <Alert type="error">{missing}</Alert>}
            <FormField label="Principal" stretch>
              <Box>{system.principal ?? 'the credentials of this console; the journal names them after the operation'}</Box>
            </FormField>
            <FormField label="The same on the command line" stretch>
              <CommandLine text={line} />
            </FormField>
            {error && <Problem error={error} />}
          </SpaceBetween>
        </Form>
      </form>
    </Modal>
  );
}

/** A command line to copy. */
export function CommandLine({ text }: { readonly text: string }): ReactNode {
  return (
    <div className="line">
      <pre tabIndex={0} aria-label="Command line" dir="ltr">
        {visible(text)}
      </pre>
      <CopyToClipboard
        variant="icon"
        textToCopy={text}
        copyButtonAriaLabel="Copy the command line"
        copySuccessText="Copied"
        copyErrorText="The browser did not allow it"
      />
    </div>
  );
}

/** A command line of words and options, each quoted for a POSIX shell where it must be. */
export function commandLine(
  words: readonly string[],
  options: Readonly<Record<string, string | number | boolean | undefined>> = {},
): string {
  const given = Object.entries(options).flatMap(([name, value]) =>
    value === undefined || value === false || value === '' ? [] : value === true ? [`--${name}`] : [`--${name} ${quoted(String(value))}`],
  );
  return ['tutti', ...words.map(quoted), ...given].join(' ');
}

function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}
