import type { Json } from '../contract/schema.ts';
import type { Answered, OpenCommand, OwnerOutcome } from './image.ts';
import { issue } from './issue.ts';
import { offload, type Sending } from './journal.ts';
import type { ProcessRun } from './run.ts';

/** After this time without a reply an engine command is sent again; the interval doubles, up to a day. */
const RESEND_MS = 60_000;

/** An engine command to issue (docs/protocol.md#engine-commands). */
export interface EngineCommand {
  /** Such as `tutti.child`. */
  readonly name: string;
  /** The pid of its owner. The number of the command may be part of it, so it is made from the number. */
  readonly owner: string;
  readonly path: string;
  readonly input: Sending;
  /** A `call` has a step that awaits the reply, a `send` has none. */
  readonly mode: 'call' | 'send';
}

/** Issues an engine command: an open command whose owner is an instance of this system. It has no limits, and no undo. */
export function issueEngineCommand(run: ProcessRun, { name, owner, path, input, mode }: EngineCommand): OpenCommand {
  return issue(run, path, {
    contract: { name },
    input,
    mode,
    owner,
    retries: 0,
    since: run.image.clock,
    deadline: Infinity,
    timeoutMs: RESEND_MS,
    attemptsMax: Infinity,
  });
}

/** The reply of an owner: a pending send of its commit. A replay sends none. */
export function replyToIssuer(run: ProcessRun, answers: Answered & { readonly outcome: OwnerOutcome }, data: Json): void {
  if (run.expected) return;
  const dataref = offload(run, data);
  run.image.pendingSends.push({
    n: 0,
    kind: 'reply',
    cause: run.carrier.cause,
    messageId: run.carrier.messageId,
    at: run.image.clock,
    answers,
    data,
    ...(dataref !== undefined && { dataref }),
    hops: run.hops + 1,
    ...(run.trace !== undefined && { trace: run.trace }),
  });
}
