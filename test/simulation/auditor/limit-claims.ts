import { systemContract, type System } from '../../../lib/contract/system.ts';
import { parse } from '../../../lib/contract/schema.ts';
import type { CommandEnvelope } from '../../../lib/contract/wire/envelope.ts';
import { checkedLimits } from '../../../lib/contract/limits.ts';
import type { CommandContract } from '../../../lib/contract/runtime-contract.ts';
import type { CommandRecord } from '../../../lib/ports/idempotency-store.ts';
import type { HandlerRun } from '../world/observer.ts';
import type { Report } from './violations.ts';

interface Claim {
  readonly limit: string;
  readonly contract: CommandContract;
  token: string;
  until: number;
}

/** The clocks of two workers may be so far apart, so a lease that ends sooner may have ended for the other one. */
const CLOCKS_MS = 25_000;
/** A worker asks for its time, claims, and then begins. Each is a call that takes its time. */
const CALLS_MS = 5_000;

/**
 * I18: no more runs of a command with one key hold a lease at once than its contract allows, and no more begin in a period than its rate. The
 * limits and keys are computed from the contracts and from the claims, not from what the service has stored about its limits.
 */
export class LimitClaims {
  readonly #commands: ReadonlyMap<string, CommandContract>;
  readonly #claims = new Map<string, Claim>();
  /** By limit: when its runs began. */
  readonly #begun = new Map<string, number[]>();

  constructor(builds: readonly System<string>[]) {
    this.#commands = new Map(builds.flatMap((build) => [...systemContract(build).commands]));
  }

  /** `report`: only if no clock of a worker has jumped. */
  recorded(commandId: string, record: Omit<CommandRecord, 'revision'>, now: number, report: Report | undefined): void {
    const { token, leaseUntil = 0, command } = record;
    if (token === undefined || command === undefined) {
      this.#claims.delete(commandId);
      return;
    }
    const known = this.#claims.get(commandId);
    if (known?.token === token) {
      known.until = leaseUntil;
      return;
    }
    const claim = this.#claimOf(command, token, leaseUntil);
    if (claim === undefined) return;
    this.#claims.set(commandId, claim);
    const most = claim.contract.limits?.concurrency ?? Infinity;
    const held = Array.from(this.#claims.values()).filter(({ limit, until }) => limit === claim.limit && until > now + CLOCKS_MS);
    if (held.length > most) report?.('I18', `${held.length} runs of ${claim.limit} hold a lease: its contract allows ${most}`);
  }

  /** `report`: only if no worker was late, no call failed and no clock was wrong. */
  began({ commandId }: Pick<HandlerRun, 'commandId'>, now: number, report: Report | undefined): void {
    const claim = this.#claims.get(commandId);
    const declared = claim?.contract.limits;
    if (claim === undefined || declared?.rate === undefined) return;
    const { rate } = checkedLimits(claim.contract.name, declared);
    if (rate === undefined) return;
    const begun = this.#begun.get(claim.limit) ?? [];
    this.#begun.set(claim.limit, begun);
    begun.push(now);
    const before = begun.at(-1 - rate.most);
    if (before !== undefined && now - before < rate.periodMs - CALLS_MS)
      report?.('I18', `${rate.most + 1} runs of ${claim.limit} began within ${now - before} ms: its contract allows ${declared.rate}`);
  }

  #claimOf(text: string, token: string, until: number): Claim | undefined {
    const command = JSON.parse(text) as CommandEnvelope;
    const contract = this.#commands.get(command.type);
    if (contract?.limits === undefined || command.data === undefined) return undefined;
    const input = parse(contract.input, command.data, 'a command');
    const key = contract.limits.key?.(input as never) ?? '';
    return { limit: `${command.type} ${key}`, contract, token, until };
  }
}
