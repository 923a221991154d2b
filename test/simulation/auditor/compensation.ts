import type { JournalEntry, Origin } from '../../../lib/core/journal-entry.ts';
import { isClosed } from '../../../lib/core/image.ts';
import type { Effect } from '../scenarios/scenario.ts';
import type { Contracts } from './contracts.ts';
import { answeredId, namesOf } from './forks.ts';
import type { KeptRun } from './kept-instance.ts';
import type { Report } from './violations.ts';

/** A command of one run, with the indices of its entries. */
interface Command {
  readonly n: number;
  /** In the prefix of a fork that of the original. */
  id: string;
  readonly path: string;
  readonly command: string;
  readonly at: number;
  readonly mode: 'send' | undefined;
  readonly undoes: string | undefined;
  /** Index of the definite answer. */
  answeredAt?: number;
  outcome?: string;
}

/** I10 for one run: each command that completed in a scope that did not complete is undone before that scope ends. */
export const checkCompensation = (run: KeptRun, contracts: Contracts, report: Report): void => {
  // A decider undoes its own commands.
  if (contracts.definition(run.definition)?.kind !== 'async') return;
  const commands = commandsOf(run);
  for (const { prefix, at } of failedScopes(run))
    for (const command of commands)
      if (command.path.startsWith(prefix) && mustBeUndone(run, command, at, contracts) && !isUndone(run, command, commands, at))
        report(
          'I10',
          `${command.id} (${command.command}) was completed in ${prefix === '' ? 'the process' : prefix}, which failed, and was not undone`,
        );
  checkLate(run, commands, report);
  checkReverse(run, commands, report);
};

const commandsOf = ({ pid, run, entries }: KeptRun): readonly Command[] => {
  const commands = new Map<number, Command>();
  const names = namesOf(entries, { pid, run });
  for (const [at, entry] of entries.entries())
    if (entry.type === 'CommandIssued') {
      const { n, path, command, mode, undoes } = entry;
      commands.set(n, { n, id: `${pid}/${run}/${n}`, path, command, at, mode, undoes });
    } else if (entry.type === 'CommandAnswered' && !entry.late && entry.outcome !== 'deferred' && entry.outcome !== 'unknown') {
      const command = commands.get(entry.n);
      if (command) Object.assign(command, { answeredAt: at, outcome: entry.outcome, id: answeredId(entry, names[at] as Origin) });
    }
  return [...commands.values()];
};

/** The ends of scopes that failed or were cancelled; the process is the outermost. A terminated process undoes nothing. */
const failedScopes = ({ entries }: KeptRun): { readonly prefix: string; readonly at: number }[] =>
  entries.flatMap((entry, at) => {
    if (entry.type === 'ScopeClosed' && entry.status !== 'fulfilled') return [{ prefix: `${entry.path}/`, at }];
    return entry.type === 'ProcessFailed' || entry.type === 'ProcessCancelled' ? [{ prefix: '', at }] : [];
  });

const mustBeUndone = ({ entries }: KeptRun, command: Command, end: number, contracts: Contracts): boolean => {
  const { answeredAt, outcome, mode, undoes, path } = command;
  if (outcome !== 'completed' || answeredAt === undefined || answeredAt > end) return false;
  if (mode === 'send' || undoes !== undefined || contracts.command(command.command)?.undo === undefined) return false;
  return !entries.slice(0, end).some((entry, at) => excuses(entry, at, path, answeredAt));
};

/** Entries that allow a completed command to stand although its scope has failed. */
const excuses = (entry: JournalEntry, at: number, path: string, answeredAt: number): boolean => {
  switch (entry.type) {
    case 'Pivoted':
      return at > answeredAt && path.startsWith(scopeOf(entry.path));
    case 'StepDetached':
      return at < answeredAt && (entry.path === path || path.startsWith(`${entry.path}/`));
    case 'CompensationStarted':
      // A command of a compensation has no compensation itself.
      return path.startsWith(`${entry.path}/`);
    case 'Resumed':
      return entry.skip === path;
    default:
      return false;
  }
};

/** The scope that a step of this path belongs to: labels and ordinals, each ending in a slash. */
const scopeOf = (path: string): string => path.slice(0, path.lastIndexOf('/') + 1);

const isUndone = ({ status }: KeptRun, { id }: Command, commands: readonly Command[], end: number): boolean => {
  const undos = commands.filter(({ undoes }) => undoes === id);
  // A stuck run is stuck on one of its undos, or has not reached it.
  if (!isClosed(status)) return true;
  return undos.some((undo) => undo.outcome === 'completed' && (undo.answeredAt ?? Infinity) < end);
};

/** A late success is undone in the same activation. Nothing else would undo it, so no end of the run may drop the undo. */
const checkLate = ({ pid, run, status, entries }: KeptRun, commands: readonly Command[], report: Report): void => {
  const names = namesOf(entries, { pid, run });
  for (const [at, entry] of entries.entries())
    if (entry.type === 'CommandAnswered' && entry.late && entry.outcome === 'completed') {
      const id = answeredId(entry, names[at] as Origin);
      const undos = commands.filter(({ undoes }) => undoes === id);
      const isDone = undos.some(({ outcome, path }) => outcome === 'completed' || entries.some((each) => isSkipOf(each, path)));
      if (undos.length === 0) report('I10', `${id} (${entry.late.command}) succeeded late, and is not undone`);
      else if (isClosed(status) && !isDone) report('I10', `${id} (${entry.late.command}) succeeded late, and its undo was dropped`);
    }
};

const isSkipOf = (entry: JournalEntry, path: string): boolean => entry.type === 'Resumed' && entry.skip === path;

/**
 * If two commands of one scope were both completed before either was undone, the newer is undone first. Losers of a race, and commands that
 * the process itself asks to undo, are undone outside this order, so only the model judges a run with either.
 */
const checkReverse = ({ entries }: KeptRun, commands: readonly Command[], report: Report): void => {
  if (entries.some(({ type }) => type === 'BranchWon' || type === 'UndoRequested')) return;
  const firstUndo = new Map<string, number>();
  for (const { undoes, at } of commands) if (undoes !== undefined && !firstUndo.has(undoes)) firstUndo.set(undoes, at);
  const undone = commands.filter(({ id, outcome }) => outcome === 'completed' && firstUndo.has(id));
  for (const older of undone)
    for (const newer of undone) {
      const [first, second] = [firstUndo.get(older.id) as number, firstUndo.get(newer.id) as number];
      const bothDone =
        (older.answeredAt as number) < (newer.answeredAt as number) && (newer.answeredAt as number) < Math.min(first, second);
      if (bothDone && first < second && scopeOf(older.path) === scopeOf(newer.path))
        report('I10', `${older.id} was undone before ${newer.id}, but ${newer.id} was completed later`);
    }
};

/** I10: the effects in the foreign systems are those that the journal records. */
export const checkEffects = (run: KeptRun, effects: ReadonlyMap<string, Effect>, undone: ReadonlySet<string>, report: Report): void => {
  const withEffects = new Set([...effects.values()].map(({ command }) => command));
  for (const { id, command, outcome } of commandsOf(run)) {
    const stands = effects.has(id) && !undone.has(id);
    if (outcome === 'completed' && withEffects.has(command) && !effects.has(id))
      report('I10', `${id} (${command}) was completed, and has had no effect`);
    if ((outcome === 'failed' || outcome === 'cancelled') && stands)
      report('I10', `${id} (${command}) was answered ${outcome}, and its effect stands`);
  }
};
