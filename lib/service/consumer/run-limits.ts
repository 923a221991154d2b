import type { CommandEnvelope } from '../../contract/wire/envelope.ts';
import type { LastError } from '../../contract/wire/last-error.ts';
import { pauseCeilingMs } from '../../contract/retry-policy.ts';
import { type RunPolicy, runPolicyOf } from '../../contract/wire/wire.ts';
import type { CommandRecord } from '../../ports/idempotency-store.ts';

/** The retry policy and the deadline of one command. */
export interface RunLimits {
  readonly policy: RunPolicy;
  /** The end of `within` in milliseconds since the epoch; Infinity if the command has none. */
  readonly deadline: number;
}

/** The number and the last error of runs without a reply, as a reply reports them. */
export interface Runs {
  readonly failures: number;
  readonly lastError?: LastError;
}

type Limited = Pick<CommandEnvelope, 'deadline' | 'retryattempts' | 'retryfirst' | 'retrymost' | 'retryfactor' | 'timeout'>;

export function limitsOf(command: Limited): RunLimits {
  return { policy: runPolicyOf(command), deadline: command.deadline === undefined ? Infinity : Date.parse(command.deadline) };
}

type Delivered = RunLimits & { readonly command: string };

/** The limits of the envelope in the record, or undefined if that envelope is the delivery's own. */
function recorded({ command }: Pick<CommandRecord, 'command'>, delivery: Delivered): RunLimits | undefined {
  return command === undefined || command === delivery.command ? undefined : limitsOf(JSON.parse(command) as Limited);
}

/** The wider limits of the record and the delivery: a delivery may raise the limits of an earlier one, and never lowers them. */
export function widest(record: Pick<CommandRecord, 'command'>, delivery: Delivered): RunLimits {
  const kept = recorded(record, delivery);
  if (kept === undefined) return delivery;
  const attempts = Math.max(kept.policy.attempts, delivery.policy.attempts);
  return { policy: { ...delivery.policy, attempts }, deadline: Math.max(kept.deadline, delivery.deadline) };
}

/** The envelope to keep in the record: the delivery's, unless it only lowers limits, as a settling delivery does. */
export function envelopeToKeep(record: Pick<CommandRecord, 'command'>, delivery: Delivered): string {
  const { command } = delivery;
  const kept = recorded(record, delivery);
  if (kept === undefined) return command;
  const raises = delivery.policy.attempts > kept.policy.attempts || delivery.deadline > kept.deadline;
  const lowers = delivery.policy.attempts < kept.policy.attempts || delivery.deadline < kept.deadline;
  return lowers && !raises ? (record.command ?? command) : command;
}

/** Backoff with full jitter: `jitter` (0 to 1) times the ceiling of the pause after `failures` failed runs. */
export function pauseMs(policy: RunPolicy, failures: number, jitter: number): number {
  return Math.ceil(pauseCeilingMs(policy, Math.max(1, failures)) * jitter);
}

export function runsOf({ failures = 0, lastError }: Pick<CommandRecord, 'failures' | 'lastError'>): Runs {
  return lastError === undefined ? { failures } : { failures, lastError };
}

/** The notice about a command that has used up its limits. */
export function endText({ command }: { readonly command: CommandEnvelope }, { failures, lastError }: Runs = { failures: 0 }): string {
  const count = failures === 1 ? '1 run' : `${failures} runs`;
  const why = lastError === undefined ? '' : `; the last one ended with ${lastError.code}: ${lastError.message}`;
  return `${command.type} is not run again after ${count} without an answer${why}`;
}
