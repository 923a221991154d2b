import type { JournalEntry } from '../../../../lib/core/journal-entry.ts';
import type { EndedRun } from '../scenario.ts';

type Decided = Extract<JournalEntry, { type: 'TimeDecided' }>;

/**
 * The times of one run of a schedule in UTC: none is decided before it comes, twice, or out of order, and no instance begins beside another
 * one unless `allow`. `waiting` is decided once more when it is started or replaced.
 */
export const judgeSchedule = ({ pid, entries }: EndedRun, overlap: string): readonly string[] => {
  const wrong: string[] = [];
  let now = 0;
  let last = -Infinity;
  const waiting = new Set<string>();
  const open = new Set<number>();
  let isAsked = false;
  for (const entry of entries) {
    if ('at' in entry && entry.type !== 'TimeDecided') {
      now = entry.at;
      isAsked = entry.type === 'EventReceived' && /trigger|backfill/.test(entry.event);
    }
    if (entry.type === 'CommandIssued' && entry.owner !== undefined) open.add(entry.n);
    if (entry.type === 'CommandAnswered') open.delete(entry.n);
    if (entry.type !== 'TimeDecided') continue;
    const where = `${entry.path} of ${pid}`;
    if (entry.result === 'started' && overlap !== 'allow' && !isAsked && open.size > 0)
      wrong.push(`${where} was started beside another instance`);
    if (entry.at > now) wrong.push(`I11: ${where} was decided at ${now}, before it came`);
    if (waiting.delete(entry.path) || isAsked) {
      if (entry.result === 'waiting') waiting.add(entry.path);
      continue;
    }
    if (entry.at <= last) wrong.push(`I7: ${where} was decided again, as ${entry.result}, after a later time`);
    last = untilOf(entry);
    if (entry.result === 'waiting') waiting.add(entry.path);
  }
  return wrong;
};

const untilOf = ({ at, until }: Decided): number => (until === undefined ? at : Date.parse(`${until}:00Z`));
