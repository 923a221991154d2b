import type { CommandEnvelope, ReplyEnvelope } from '../../../lib/contract/wire/envelope.ts';
import type { CommandRecord } from '../../../lib/ports/idempotency-store.ts';
import type { HandlerRun } from '../world/observer.ts';
import type { Report } from './violations.ts';

interface RunsOfCommand {
  /** The largest number of runs that any copy allows, and the latest deadline. */
  attempts: number;
  deadline: number;
  effect: HandlerRun['effect'] | undefined;
  started: number;
  /** Runs that have asked for another run, and transactions that have lost their message: those are rolled back and not counted. */
  postponed: number;
  /** Transactions that began beside another: if both fail, both are counted. */
  beside: number;
  /** Its copies allow different numbers of runs, as after a resume: each copy reports its own. */
  varied: boolean;
  /** Runs in progress, except those that have lost their message. */
  under: number;
  /** Runs that have lost their message, and whose handler has not returned yet. */
  lost: number;
  nextRunAt: number;
  /** The fencing token of the last claim. */
  token: string | undefined;
  /** For each claim that has not led to a run yet, the end of the pause that it found. */
  claims: { readonly by: string; readonly pausedUntil: number }[];
}

/** I13: a service runs the handler of a command as often as the retry policy allows, and never before the pause between two runs is over. */
export class HandlerRuns {
  readonly #commands = new Map<string, RunsOfCommand>();

  accepted({ id, retryattempts, deadline }: CommandEnvelope): void {
    const runs = this.#of(id);
    const attempts = retryattempts ?? Infinity;
    if (runs.attempts > 0 && runs.attempts !== attempts) runs.varied = true;
    runs.attempts = Math.max(runs.attempts, attempts);
    runs.deadline = Math.max(runs.deadline, deadline === undefined ? Infinity : Date.parse(deadline));
  }

  recorded(commandId: string, { token, nextRunAt }: Omit<CommandRecord, 'revision'>, by: string): void {
    const runs = this.#of(commandId);
    if (token !== undefined && token !== runs.token) runs.claims.push({ by, pausedUntil: runs.nextRunAt });
    runs.token = token;
    if (nextRunAt !== undefined) runs.nextRunAt = nextRunAt;
  }

  began({ commandId, command, effect, worker, at }: HandlerRun, report: Report): void {
    const runs = this.#of(commandId);
    runs.effect = effect;
    if (effect === 'transaction' && runs.under > 0) runs.beside += 1;
    runs.under += 1;
    runs.started += 1;
    const most = runs.attempts + runs.postponed + runs.beside;
    if (runs.started > most)
      report('I13', `${commandId} (${command}, of class ${effect}) was run ${runs.started} times: its policy allows ${most}`);
    const pausedUntil = pauseFound(runs, worker);
    if (at < pausedUntil) report('I13', `${commandId} (${command}) was run ${pausedUntil - at} ms before its pause was over`);
  }

  /** A run never ends if its worker dies first. */
  ended(commandId: string): void {
    const runs = this.#of(commandId);
    if (runs.lost > 0) runs.lost -= 1;
    else runs.under -= 1;
  }

  /** A worker has lost the message of a run: its transaction is rolled back and not counted (docs/running-services.md). */
  lost(commandId: string): void {
    const runs = this.#of(commandId);
    if (runs.effect !== 'transaction' || runs.under === 0) return;
    runs.under -= 1;
    runs.lost += 1;
    runs.postponed += 1;
  }

  postponed(commandId: string): void {
    this.#of(commandId).postponed += 1;
  }

  /**
   * Checks a reply at the end of the limits, if no worker and no call has failed: its number of runs is the true one, and reaches the
   * limit.
   */
  exhausted({ commandid, outcome, retryable, attempts }: Partial<ReplyEnvelope>, now: number, report: Report): void {
    if (commandid === undefined || attempts === undefined || !(outcome === 'unknown' || (outcome === 'failed' && retryable))) return;
    const runs = this.#of(commandid);
    if (runs.varied) return;
    const counted = runs.started - runs.postponed;
    if (attempts > counted || attempts < counted - runs.beside)
      report('I13', `${commandid} was run ${counted} times, and is answered ${outcome} after ${attempts} runs`);
    if (attempts < runs.attempts && now <= runs.deadline && runs.effect !== 'once')
      report('I13', `${commandid} is answered ${outcome} after ${attempts} runs of ${runs.attempts}, before its deadline`);
  }

  #of(commandId: string): RunsOfCommand {
    const known = this.#commands.get(commandId);
    if (known) return known;
    const runs: RunsOfCommand = {
      attempts: 0,
      deadline: 0,
      effect: undefined,
      started: 0,
      postponed: 0,
      beside: 0,
      varied: false,
      under: 0,
      lost: 0,
      nextRunAt: -Infinity,
      token: undefined,
      claims: [],
    };
    this.#commands.set(commandId, runs);
    return runs;
  }
}

/**
 * The end of the pause that the claim of this run found. A worker may freeze between its claim and its handler until its lease has expired;
 * meanwhile another run may fail and set a pause, which the first worker does not know. All claims of one worker use one clock, so the last
 * claim is the strictest. A transaction records its claim only at its commit, so the current record judges it.
 */
function pauseFound({ claims, nextRunAt }: RunsOfCommand, worker: string): number {
  const at = claims.findLastIndex(({ by }) => by === worker);
  return at < 0 ? nextRunAt : (claims.splice(at, 1)[0]?.pausedUntil ?? nextRunAt);
}
