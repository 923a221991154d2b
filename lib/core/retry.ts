import { pauseCeilingMs } from '../contract/retry-policy.ts';
import type { RetryPolicy } from '../contract/runtime-contract.ts';
import { SeededRandom } from './seeded-random.ts';

/** An undo is tried this often before a person is asked (S4). */
export const UNDO_ATTEMPTS_MAX = 20;

/** The pause before try `tries + 1`, in milliseconds: exponential with full jitter, drawn from the command's own id so that it repeats. */
export const backoffMs = (policy: RetryPolicy, tries: number, seed: string): number => {
  return Math.max(1, Math.round(pauseCeilingMs(policy, tries) * new SeededRandom(seed).number()));
};
