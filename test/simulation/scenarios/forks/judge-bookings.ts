import { FORK } from '../../../../lib/core/forking.ts';
import type { ForkInput } from '../../../../lib/core/inbound.ts';
import type { Origin } from '../../../../lib/core/journal-entry.ts';
import { answeredId, namesOf } from '../../auditor/forks.ts';
import type { Effect, EndedRun } from '../scenario.ts';

/**
 * A booking belongs to the tour that has made it or, if that was forked after it, to the fork. It stands if its owner names it in its
 * result, or was terminated. It is undone if its owner failed, was cancelled, or goes on without it, and if an operator has undone it with a
 * fork. No booking is undone twice. `ends`: by pid.
 */
export const judgeBookings = (ends: ReadonlyMap<string, EndedRun>, done: readonly Effect[]): readonly string[] => {
  if ([...ends.values()].some(({ status }) => status === 'stuck')) return [];
  const undone = done.flatMap(({ undoes }) => undoes ?? []);
  const wrong = undone.filter((id, i) => undone.indexOf(id) < i).map((id) => `I10: ${id} was undone twice`);
  for (const { commandId, command } of done) {
    if (command !== 'agency.book') continue;
    const [pid = ''] = commandId.split('/');
    const fate = fateOf(commandId, pid, ends);
    const isUndone = undone.includes(commandId);
    if (fate && fate.stands === isUndone) wrong.push(`I10: ${commandId} ${isUndone ? 'was undone' : 'stands'}, and ${fate.why}`);
  }
  return wrong;
};

interface Fate {
  readonly stands: boolean;
  readonly why: string;
}

/** The fate of a booking; undefined if no journal counts it as made: then a late success decides. */
const fateOf = (id: string, pid: string, ends: ReadonlyMap<string, EndedRun>): Fate | undefined => {
  const end = ends.get(pid);
  if (!end) return undefined;
  const { run, status, entries, result } = end;
  const names = namesOf(entries, { pid, run });
  const completedAt = entries.findIndex(
    (entry, at) =>
      entry.type === 'CommandAnswered' && !entry.late && entry.outcome === 'completed' && answeredId(entry, names[at] as Origin) === id,
  );
  const completed = entries[completedAt];
  if (completed?.type !== 'CommandAnswered') return undefined;
  const fork = takenBy(end, completedAt, completed.n);
  if (fork !== undefined) return fateOf(id, fork, ends);
  const isUndoneByFork = entries.some(
    (entry) => entry.type === 'CommandAnswered' && entry.late && entry.fork !== undefined && entry.n === completed.n,
  );
  if (isUndoneByFork) return { stands: false, why: `a fork of ${pid} undoes it` };
  const isBeingUndone = entries.some((entry) => entry.type === 'CommandIssued' && entry.undoes === id);
  if (status === 'terminated') return isBeingUndone ? undefined : { stands: true, why: `${pid} was terminated` };
  const kept = status === 'completed' && (result as { readonly bookings: readonly string[] }).bookings.includes(id);
  return { stands: kept, why: `${pid} is ${status}${kept ? ' with it' : ' without it'}` };
};

/** The fork that has begun with this step in its prefix, or has adopted its reply. */
const takenBy = ({ entries }: EndedRun, completedAt: number, n: number): string | undefined => {
  for (const entry of entries) {
    if (entry.type !== 'ForkRequested') continue;
    const command = entries.find((each) => each.type === 'CommandIssued' && each.command === FORK && each.path === `fork/${entry.id}`);
    const reply = entries.find(
      (each) => each.type === 'CommandAnswered' && !each.late && command?.type === 'CommandIssued' && each.n === command.n,
    );
    if (reply?.type !== 'CommandAnswered' || reply.outcome !== 'completed') continue;
    const { entries: prefix, adopt = [] } = entry.data as unknown as ForkInput;
    if (completedAt < prefix || adopt.includes(n)) return entry.to;
  }
  return undefined;
};
