import type { CommandRecord } from '../../ports/idempotency-store.ts';
import { claim, type ClaimRequest } from './command-record.ts';
import type { ServiceNotice } from './in-flight.ts';
import type { Job } from './job.ts';
import type { Disposal } from './message-returns.ts';
import type { Ended } from './run-end.ts';

/** Decides on a command, given its record. Pure: lib/service/consumer/command-record.ts and run-end.ts have the rules. */
export type Rule = (record: CommandRecord | undefined, delivery: ClaimRequest) => Ended;

/** The step of a delivery that follows an action of lib/service/consumer/command-runner.ts. */
export type NextStep =
  /** Decide by `rule`. `found` is the record as this worker read or wrote it last. */
  | { readonly kind: 'decide'; readonly found: CommandRecord | undefined; readonly rule: Rule }
  | ReplyStep
  /** End the delivery without a reply. */
  | { readonly kind: 'end'; readonly disposal: Disposal };

/** Publish the reply, then do `disposal` with the message. */
export interface ReplyStep {
  readonly kind: 'reply';
  readonly reply: string;
  /** The type of the reply's event, if it is known without parsing the reply. */
  readonly type?: string;
  readonly disposal: Disposal;
}

export function decideAgain(found: CommandRecord | undefined, rule: Rule = claim): NextStep {
  return { kind: 'decide', found, rule };
}

/** `disposal`: the action on the message after the bus has accepted the reply. */
export function replyWith(reply: string, disposal: Disposal = 'delete'): ReplyStep {
  return { kind: 'reply', reply, disposal };
}

export function endWith(disposal: Disposal): NextStep {
  return { kind: 'end', disposal };
}

/** Another worker has the command (R2): this one writes nothing, sends no reply and acknowledges nothing. */
export function endAsLost(job: Job, report: Report): NextStep {
  report(noticeOn(job, 'lease-lost', 'The lease was lost while the handler ran, so its answer is dropped.'));
  return endWith('leave');
}

type Report = (notice: ServiceNotice) => void;

export function noticeOn({ message, command }: Job, kind: ServiceNotice['kind'], text: string, cause?: unknown): ServiceNotice {
  return { kind, messageId: message.messageId, commandId: command.id, message: text, cause };
}
