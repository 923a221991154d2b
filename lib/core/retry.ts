import { pauseCeilingMs } from '../contract/retry-policy.ts';
import type { RetryPolicy } from '../contract/runtime-contract.ts';
import type { OpenCommand } from './image.ts';
import type { RecordedFact } from './journal-entry.ts';
import { decidedByLimit } from './journal.ts';
import type { ProcessRun } from './run.ts';
import { SeededRandom } from './seeded-random.ts';

type ReplyFact = Extract<RecordedFact, { type: 'CommandAnswered' }>;

/**
 * The pause after `runs` runs, in milliseconds: exponential backoff with full jitter. The seed is the command's id, so a replay repeats it.
 */
export function backoffMs(policy: RetryPolicy, runs: number, seed: string): number {
  return Math.max(1, Math.round(pauseCeilingMs(policy, runs) * new SeededRandom(seed).number()));
}

/** Runs under this number and under earlier ones. A definite failure ends at least one. */
export function runsUsed(command: OpenCommand, { attempts = 1 }: Pick<ReplyFact, 'attempts'>): number {
  return command.retries + Math.max(1, attempts);
}

/** Whether the limits allow another run under a new number, after a definite technical failure. */
export function isTriedAgain(run: ProcessRun, command: OpenCommand, fact: ReplyFact, deadline: number): boolean {
  return (
    fact.outcome === 'failed' &&
    fact.retryable === true &&
    decidedByLimit(
      run,
      'TimerSet',
      `${command.path}/retry`,
      () => !command.settling && runsUsed(command, fact) < (command.attemptsMax ?? Infinity) && run.image.clock < deadline,
    )
  );
}
