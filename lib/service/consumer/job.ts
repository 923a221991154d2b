import type { CommandEnvelope } from '../../contract/wire/envelope.ts';
import { type Json, NEWER, parseVersion, withoutValues } from '../../contract/schema.ts';
import type { Clock } from '../../ports/clock.ts';
import type { CommandRecord } from '../../ports/idempotency-store.ts';
import type { ReceivedMessage } from '../../ports/message-queue.ts';
import type { ClaimRequest } from './command-record.ts';
import type { InFlight } from './in-flight.ts';
import { HOLD_MAX_MS, RECEIVES_MAX } from './redelivery.ts';
import { Unread } from './load-input.ts';
import { limitsOf } from './run-limits.ts';
import type { RunnerDependencies } from './runner-dependencies.ts';
import type { ServedCommand } from '../served.ts';
import { CommandTask, type CommandTaskOptions } from '../task.ts';

/** A command in flight: its envelope and input, and its handler if this worker has one. */
export interface Job {
  readonly flight: InFlight;
  readonly message: ReceivedMessage;
  readonly command: CommandEnvelope;
  /** Prefix of the ids that the handler gets. */
  readonly keyPrefix: string;
  readonly served: ServedCommand | undefined;
  /** Receives the lines of the handler. */
  readonly log: CommandTaskOptions['log'];
  readonly input: Json;
  /** The key of its limits. @default one key for all, or no limits */
  readonly limitKey?: string;
  /** The result of `prepare`, for the run. */
  prepared?: object;
  /** The reason why this worker cannot run the command; empty if it can. */
  reason: string;
  delivery: ClaimRequest;
  /** The revision of the record for which the limits of the command have given a place; 0 if there was no record. */
  admitted?: number;
  /** Its limits have let the command wait in this delivery. */
  waited?: boolean;
  /** Nonce of the task token: the record's, else a new one that the claim writes. */
  nonce: string;
  /** Effect class `transaction`: the record that was read before the transaction. */
  found?: CommandRecord | undefined;
}

export interface JobDependencies {
  readonly clock: Clock;
  readonly commands: ReadonlyMap<string, ServedCommand>;
  readonly leaseMs: number;
  readonly random: () => number;
  readonly newNonce: () => string;
  readonly keyPrefix: string;
  readonly log: CommandTaskOptions['log'];
}

interface ReceivedCommand {
  readonly flight: InFlight;
  readonly command: CommandEnvelope;
  readonly data: Json | undefined | Unread;
  /** Fencing token for the claim of this delivery. */
  readonly token: string;
}

/** Parses the input and decides whether this worker may run the command. */
export function createJob({ flight, command, data, token }: ReceivedCommand, deps: JobDependencies): Job {
  const { message } = flight;
  const served = deps.commands.get(command.type);
  const read = withLimitKey(served, readInput(command, served, data));
  const now = deps.clock.now();
  const limits = limitsOf(command);
  const nonce = deps.newNonce();
  return {
    flight,
    message,
    command,
    keyPrefix: deps.keyPrefix,
    served,
    log: deps.log,
    input: read.input,
    ...(read.limitKey === undefined ? {} : { limitKey: read.limitKey }),
    reason: read.fault,
    nonce,
    delivery: {
      hash: command.datahash,
      command: message.body,
      effect: served === undefined ? 'key' : served.effect,
      ...limits,
      settling: limits.deadline < now,
      mode: modeOf(message, read.fault !== '', now),
      token,
      nonce,
      now,
      leaseUntil: now + deps.leaseMs,
      jitter: deps.random(),
    },
  };
}

/**
 * Lets the command find what its run needs, before the claim. If this build does not have it, the command waits for another build, like one
 * that this worker cannot read, and the reason is reported.
 */
export async function prepareJob(job: Job, { clock, report }: Pick<RunnerDependencies, 'clock' | 'report'>): Promise<void> {
  const { served, command, message, delivery } = job;
  if (served?.prepare === undefined || delivery.mode !== 'run') return;
  const prepared = await served.prepare(command, job.input);
  if (!('fault' in prepared)) {
    job.prepared = prepared;
    return;
  }
  job.reason = prepared.fault;
  job.delivery = { ...delivery, mode: modeOf(message, true, clock.now()) };
  report({ kind: 'held', messageId: message.messageId, commandId: command.id, message: `${job.reason}: it waits for another build` });
}

/** The second argument of the handler. `tx`: the transaction of the store, in effect class `transaction`. */
export function createTask({ command, keyPrefix, served, flight, nonce, log }: Job, service: string, tx?: unknown): CommandTask {
  const limited = served?.limits !== undefined;
  return new CommandTask({ command, keyPrefix, service, errors: served?.errors, tx, abort: flight.abort, nonce, log, limited });
}

function modeOf(message: ReceivedMessage, unreadable: boolean, now: number): ClaimRequest['mode'] {
  if (message.receiveCount > RECEIVES_MAX) return 'give-up';
  if (!unreadable) return 'run';
  // A newer worker that can read it may start soon.
  return now - message.sentAt >= HOLD_MAX_MS ? 'give-up' : 'hold';
}

interface ReadInput {
  readonly input: Json;
  /** Empty if the input is valid. */
  readonly fault: string;
  readonly limitKey?: string;
}

function readInput(command: CommandEnvelope, served: ServedCommand | undefined, data: Json | undefined | Unread): ReadInput {
  if (served === undefined) return unreadable(`${command.type} is not a command of this service`);
  if (data instanceof Unread) return unreadable(data.fault);
  try {
    const input = parseVersion(served.contract.input, command.dataversion, data, served.inputWhat);
    if (input !== NEWER) return { input, fault: '' };
    return unreadable(`${command.type} came with dataversion ${command.dataversion}, which is newer than this service's contract`);
  } catch (error) {
    return unreadable(withoutValues(error));
  }
}

/** The longest key of a limit. */
const LIMIT_KEY_MAX = 256;

/** A key that the contract cannot compute is a fault of this build, like an input that it cannot read. */
function withLimitKey(served: ServedCommand | undefined, read: ReadInput): ReadInput {
  const { key } = served?.limits ?? {};
  if (key === undefined || read.fault !== '') return read;
  try {
    const limitKey: unknown = key(read.input as never);
    if (typeof limitKey === 'string' && limitKey.length <= LIMIT_KEY_MAX) return { ...read, limitKey };
    const got = typeof limitKey === 'string' ? `a text of ${limitKey.length} characters` : `a ${typeof limitKey}`;
    return unreadable(`limits.key returned ${got}: expected a text of at most ${LIMIT_KEY_MAX} characters`);
  } catch (error) {
    return unreadable(`limits.key threw: ${withoutValues(error)}`);
  }
}

function unreadable(fault: string): ReadInput {
  return { input: null, fault };
}
