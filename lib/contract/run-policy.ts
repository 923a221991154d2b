import type { CommandEnvelope } from './wire/envelope.ts';
import { FACTOR, FIRST_MS, MOST_MS, TIMEOUT_MS } from './retry-policy.ts';

/** The limits and pauses of one command's runs, read from its envelope, with defaults filled in. */
export interface RunPolicy {
  /** The number of runs that may end without a reply; Infinity without a limit. */
  readonly attempts: number;
  readonly firstMs: number;
  readonly mostMs: number;
  readonly factor: number;
  /** The time limit of one run. */
  readonly timeoutMs: number;
}

type PolicyFields = Pick<CommandEnvelope, 'retryattempts' | 'retryfirst' | 'retrymost' | 'retryfactor' | 'timeout'>;

/** The policy as fields of a command's envelope. Defaults are omitted, so most commands carry no such field. */
export function policyFields(policy: RunPolicy): PolicyFields {
  const { attempts, firstMs, mostMs, factor, timeoutMs } = policy;
  return {
    ...(attempts !== Infinity && { retryattempts: attempts }),
    ...(firstMs !== FIRST_MS && { retryfirst: firstMs }),
    ...(mostMs !== MOST_MS && { retrymost: mostMs }),
    ...(factor !== FACTOR && { retryfactor: String(factor) }),
    ...(timeoutMs !== TIMEOUT_MS && { timeout: timeoutMs }),
  };
}

export function runPolicyOf(command: PolicyFields): RunPolicy {
  return {
    attempts: command.retryattempts ?? Infinity,
    firstMs: command.retryfirst ?? FIRST_MS,
    mostMs: command.retrymost ?? MOST_MS,
    factor: command.retryfactor === undefined ? FACTOR : Number(command.retryfactor),
    timeoutMs: command.timeout ?? TIMEOUT_MS,
  };
}
