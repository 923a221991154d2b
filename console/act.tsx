import Button from '@cloudscape-design/components/button';
import CopyToClipboard from '@cloudscape-design/components/copy-to-clipboard';
import { createContext, useContext, type ReactNode } from 'react';
import type { Act, InstanceRef, Permission, SystemView } from '../lib/console/views.ts';
import { useSystem } from './api.ts';
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

/** A value that is there, or that comes with code that is loaded at its first use. */
export type Coming<T> = T | Promise<T>;

/** Opens the dialog of an operation, and shows notices. */
export interface Acting {
  readonly open: <V>(operation: Coming<Operation<V>>) => void;
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

/** The events that a process receives, with or without an answer. */
export function eventsOf(system: SystemView, { process }: InstanceRef, isAsked: boolean): SystemView['events'] {
  const receives = system.processes.find(({ name }) => name === process)?.receives ?? [];
  return system.events.filter(({ type, answer }) => receives.includes(type) && (answer !== undefined) === isAsked);
}

/** A button that opens the dialog of an operation. If a grant is missing, it is disabled and names the grant. */
export function ActButton<V>({
  act,
  operation,
  children,
  variant,
  disabledReason,
}: {
  readonly act: Act;
  readonly operation: () => Coming<Operation<V>>;
  readonly children: string;
  readonly variant?: 'primary' | 'normal' | 'inline-link';
  readonly disabledReason?: string;
}): ReactNode {
  const { open } = useActing();
  const refusal = disabledReason ?? refusalOf(useSystem().acts[act]);
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
