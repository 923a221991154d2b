import type { CommandEnvelope } from './wire/envelope.ts';
import { FACTOR, FIRST_MS, MOST_MS, TIMEOUT_MS } from './retry-policy.ts';

/** How a service runs the handler of one command: what the envelope says of it, with defaults filled in. */
export interface RunPolicy {
  /** Runs that may end without an answer. Infinity where there is no limit. */
  readonly attempts: number;
  readonly firstMs: number;
  readonly mostMs: number;
  readonly factor: number;
  /** How long one run may take. */
  readonly timeoutMs: number;
}

type PolicyFields = Pick<CommandEnvelope, 'retryattempts' | 'retryfirst' | 'retrymost' | 'retryfactor' | 'timeout'>;

/** The policy as fields of a command's envelope. A default is left out, so most commands carry none. */
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
