import type { CommandEnvelope } from '../../../lib/contract/envelope.ts';
import type { CommandRecord } from '../../../lib/ports/idempotency-store.ts';
import type { HandlerRun } from '../observer.ts';
import type { Report } from './violations.ts';

/** The policy as a copy of a command carries it. */
interface Policy {
  readonly retryattempts?: number;
}

interface RunsOfCommand {
  /** The most that any copy has allowed. */
  attempts: number;
  started: number;
  /** Runs that have asked for another one, or that were begun beside another in a transaction, of which one is rolled back. */
  postponed: number;
  /** Runs under way. */
  under: number;
  nextRunAt: number;
}

/** I13: a service runs the handler of a command as often as the retry policy allows, and never before the pause between two runs is over. */
export class HandlerRuns {
  readonly #commands = new Map<string, RunsOfCommand>();
  /** A service counts in its records. */
  #counts = false;

  accepted(command: CommandEnvelope): void {
    const { retryattempts } = command as Policy;
    const runs = this.#of(command.id);
    runs.attempts = Math.max(runs.attempts, retryattempts ?? Infinity);
  }

  recorded(commandId: string, record: Omit<CommandRecord, 'revision'>): void {
    const { nextRunAt, failures } = record as { readonly nextRunAt?: number; readonly failures?: number };
    this.#counts ||= failures !== undefined;
    if (nextRunAt !== undefined) this.#of(commandId).nextRunAt = nextRunAt;
  }

  began({ commandId, command, effect, at }: HandlerRun, report: Report): void {
    const runs = this.#of(commandId);
    if (effect === 'transaction' && runs.under > 0) runs.postponed += 1;
    runs.under += 1;
    runs.started += 1;
    const most = runs.attempts + runs.postponed;
    if (this.#counts && runs.started > most)
      report('I13', `${commandId} (${command}, of class ${effect}) was run ${runs.started} times: its policy allows ${most}`);
    if (at < runs.nextRunAt) report('I13', `${commandId} (${command}) was run ${runs.nextRunAt - at} ms before its pause was over`);
  }

  /** A run that its worker has not outlived never ends. */
  ended(commandId: string): void {
    this.#of(commandId).under -= 1;
  }

  postponed(commandId: string): void {
    this.#of(commandId).postponed += 1;
  }

  startedOf(commandId: string): number {
    return this.#commands.get(commandId)?.started ?? 0;
  }

  #of(commandId: string): RunsOfCommand {
    const known = this.#commands.get(commandId);
    if (known) return known;
    const runs = { attempts: 0, started: 0, postponed: 0, under: 0, nextRunAt: -Infinity };
    this.#commands.set(commandId, runs);
    return runs;
  }
}
