import type { Instrumentation, ObservedActivation } from '../lib/contract/instrumentation.ts';
import { buildPid } from '../lib/contract/wire/process-id.ts';

/** A line about one message or one command. It has ids and codes, and no data. */
export type ActivityLine = Readonly<Record<string, string | number | undefined>>;

function pidOf({ tenant, process, id }: Pick<ObservedActivation, 'tenant' | 'process' | 'id'>): string {
  return buildPid(tenant, process, id) ?? id;
}

/** Hooks that write one line for each message that the engine has decided on, and one for each command that it has sent. */
export function activityHooks(write: (line: ActivityLine) => void): Instrumentation {
  return {
    activation: ({ kind, verdict, code, messageId, command, sentAt, at, traceparent, ...of }) =>
      write({
        event: 'decided',
        pid: pidOf(of),
        kind,
        verdict,
        code,
        messageId,
        command,
        lagMs: at - sentAt,
        trace: traceparent?.split('-')[1],
      }),
    command: ({ commandId, command, attempt, ...of }) => write({ event: 'sent', pid: pidOf(of), commandId, command, attempt }),
  };
}
