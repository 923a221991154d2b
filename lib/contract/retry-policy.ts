import { milliseconds, type Duration } from './duration.ts';
import { ContractError } from './errors.ts';
import type { RetryPolicy } from './runtime-contract.ts';

/** Limits and pauses of the runs of a command's handler. */
export interface Retry {
  /** The time limit, counted from the first send. @default 3 days */
  readonly within?: Duration;
  /** The number of runs that may end without a reply. @default as many as fit into `within` */
  readonly attempts?: number;
  /** The first pause between two runs. @default 1 second */
  readonly first?: Duration;
  /** The factor between two successive pauses. @default 2 */
  readonly factor?: number;
  /** The longest pause. @default 5 minutes */
  readonly most?: Duration;
}

const WITHIN: Duration = '3 days';
/** The defaults that absent fields of a command envelope stand for, in milliseconds. */
export const FIRST_MS = 1_000;
export const FACTOR = 2;
export const MOST_MS = 300_000;
/** The time limit of one run of a command without `timeout`. */
export const TIMEOUT_MS = 900_000;
const FACTOR_MAX = 1_000_000;

/** A `Retry` with its defaults filled in. A single call passes the policy of the command as `base`, which replaces the defaults. */
export function retryPolicy(retry: Retry = {}, base?: RetryPolicy): RetryPolicy {
  const { within, attempts, factor } = retry;
  if (attempts !== undefined && !(Number.isSafeInteger(attempts) && attempts >= 1)) {
    throw invalid(`retry.attempts was ${shown(attempts)}: expected a whole number of 1 or more`, 'remove it for no limit');
  }
  if (factor !== undefined && !(Number.isFinite(factor) && factor >= 1 && factor <= FACTOR_MAX)) {
    throw invalid(`retry.factor was ${shown(factor)}: expected a number from 1 to ${FACTOR_MAX}`, 'use 1 for equal pauses');
  }
  return Object.freeze({
    withinMs: within === undefined && base !== undefined ? base.withinMs : milliseconds(within ?? WITHIN),
    attempts: attempts ?? base?.attempts ?? Number.POSITIVE_INFINITY,
    factor: factor ?? base?.factor ?? FACTOR,
    ...pauses(retry, base),
  });
}

/** A given pause moves the default of the other: `first: '10 minutes'` alone makes all pauses 10 minutes long. */
function pauses({ first, most }: Retry, base: RetryPolicy | undefined): Pick<RetryPolicy, 'firstMs' | 'mostMs'> {
  const firstMs = first === undefined ? undefined : milliseconds(first);
  const mostMs = most === undefined ? undefined : milliseconds(most);
  if (firstMs === undefined) {
    const usual = base?.firstMs ?? FIRST_MS;
    return { firstMs: Math.min(usual, mostMs ?? Infinity), mostMs: mostMs ?? base?.mostMs ?? MOST_MS };
  }
  if (mostMs === undefined) return { firstMs, mostMs: Math.max(base?.mostMs ?? MOST_MS, firstMs) };
  if (firstMs <= mostMs) return { firstMs, mostMs };
  throw invalid(`retry.first was "${first}" and retry.most "${most}": expected first to be at most most`, 'increase retry.most');
}

/** The time limit of one run of a handler. Throws `CONTRACT_INVALID` for a duration of zero. */
export function runTimeoutMs(timeout: Duration | undefined): number {
  const timeoutMs = timeout === undefined ? TIMEOUT_MS : milliseconds(timeout);
  if (timeoutMs >= 1) return timeoutMs;
  throw invalid(`timeout was "${timeout}": expected more than zero, such as "15 minutes"`, 'remove it for 15 minutes');
}

/** The longest pause after `failures` runs without a reply; full jitter draws between 0 and this value. Always a finite number. */
export function pauseCeilingMs(policy: Pick<RetryPolicy, 'firstMs' | 'factor' | 'mostMs'>, failures: number): number {
  // The limit avoids 0 * Infinity, which is NaN, when the power overflows and the first pause is 0.
  const grown = Math.min(policy.factor ** (failures - 1), Number.MAX_VALUE);
  return Math.min(policy.mostMs, policy.firstMs * grown);
}

function shown(value: unknown): string {
  return typeof value === 'number' ? String(value) : `a ${typeof value}`;
}

function invalid(sentence: string, instead: string): ContractError {
  return new ContractError('CONTRACT_INVALID', `${sentence}.`, { remedy: `Correct the contract of the command, or ${instead}.` });
}
