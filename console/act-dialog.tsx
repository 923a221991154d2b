import Alert from '@cloudscape-design/components/alert';
import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import Form from '@cloudscape-design/components/form';
import FormField from '@cloudscape-design/components/form-field';
import Modal from '@cloudscape-design/components/modal';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Textarea from '@cloudscape-design/components/textarea';
import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useState, type ReactNode } from 'react';
import { CommandLine, refusalOf, type Acting, type Operation } from './act.tsx';
import { useSystem } from './api.ts';
import { DialogButtons } from './dialog-buttons.tsx';
import { Problem } from './problem.tsx';

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
