import type { CommandEnvelope, ReplyEnvelope } from '../../../lib/contract/wire/envelope.ts';
import type { CommandRecord } from '../../../lib/ports/idempotency-store.ts';
import type { HandlerRun } from '../world/observer.ts';
import type { Report } from './violations.ts';

interface RunsOfCommand {
  /** The most that any copy has allowed, and the latest deadline. */
  attempts: number;
  deadline: number;
  effect: HandlerRun['effect'] | undefined;
  started: number;
  /** Runs that have asked for another one, and transactions whose message was lost: they are rolled back, and nobody counts them. */
  postponed: number;
  /** Transactions that were begun beside another: where both fail, both count. */
  beside: number;
  /** Its copies allow different numbers of runs, as after a resume: each answers by its own. */
  varied: boolean;
  /** Runs under way, but for those that have lost their message. */
  under: number;
  /** Runs that have lost their message, and whose handler has not returned yet. */
  lost: number;
  nextRunAt: number;
  /** The fencing token of the last claim. */
  token: string | undefined;
  /** Of each claim that has not led to a run yet: the end of the pause that it found. */
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

  /** A run that its worker has not outlived never ends. */
  ended(commandId: string): void {
    const runs = this.#of(commandId);
    if (runs.lost > 0) runs.lost -= 1;
    else runs.under -= 1;
  }

  /** A worker has lost the message of a run: its transaction is rolled back, and nobody counts it (docs/running-services.md). */
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

  /** What a service says at the end of the limits, where no worker has failed and no call: it has run as often as it says, and as it may. */
  exhausted({ commandid, outcome, retryable, attempts }: Partial<ReplyEnvelope>, now: number, report: Report): void {
    if (commandid === undefined || attempts === undefined || !(outcome === 'unknown' || (outcome === 'failed' && retryable))) return;
    const runs = this.#of(commandid);
    if (runs.varied) return;
    const counted = runs.started - runs.postponed;
    if (attempts > counted || attempts < counted - runs.beside)
      report('I13', `${commandid} was run ${counted} times, and is answered ${outcome} after ${attempts}`);
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
 * The pause that the claim of this run found. A worker may stand still between its claim and its handler until its lease has lapsed, and
 * another run has failed and set a pause: of that one it knows nothing. Claims of one worker are judged by one clock, so the last one is
 * the strictest. A transaction tells its claim only when it is committed: it is judged by what stands.
 */
function pauseFound({ claims, nextRunAt }: RunsOfCommand, worker: string): number {
  const at = claims.findLastIndex(({ by }) => by === worker);
  return at < 0 ? nextRunAt : (claims.splice(at, 1)[0]?.pausedUntil ?? nextRunAt);
}
