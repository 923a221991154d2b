import { canonical } from '../../../lib/contract/wire/json.ts';
import { SHORT_HASH_LENGTH } from '../../../lib/core/journal.ts';
import type { JournalEntry } from '../../../lib/core/journal-entry.ts';
import { sha256 } from '../../../lib/format/inbox-message.ts';
import type { RunPicture } from './instance-picture.ts';

/** Adds an entry to a picture without a check: it was checked before. */
export const takeIn = (run: RunPicture, entry: JournalEntry): void => {
  if ('id' in entry && entry.type !== 'EventTaken' && entry.type !== 'EventPutBack') run.ids.add(entry.id);
  switch (entry.type) {
    case 'CommandIssued':
      run.issued.set(entry.n, { command: entry.command, hash: entry.hash, ...(entry.owner !== undefined && { owner: entry.owner }) });
      run.byPath.set(entry.path, [...(run.byPath.get(entry.path) ?? []), entry.n]);
      break;
    case 'TimerSet':
      run.timers.set(entry.n, entry.due);
      break;
    case 'Resumed':
      moveTimers(run, entry.pausedMs);
      break;
    case 'Forked':
      goOn(run, entry);
      break;
    case 'CommandAnswered':
      if (!entry.late && entry.outcome !== 'deferred' && entry.outcome !== 'unknown')
        run.answers.set(entry.n, [...(run.answers.get(entry.n) ?? []), entry.outcome]);
      break;
    default:
  }
};

/** A fork goes on: the timers of its prefix move by the time since the cut, and the edited call has other data. */
export const goOn = (run: RunPicture, { pausedMs, edited, data }: Extract<JournalEntry, { type: 'Forked' }>): void => {
  run.paused = undefined;
  moveTimers(run, pausedMs);
  const issued = edited === undefined ? undefined : run.issued.get(edited);
  if (issued) run.issued.set(edited as number, { ...issued, hash: sha256(canonical(data ?? null)).slice(0, SHORT_HASH_LENGTH) });
};

const moveTimers = (run: RunPicture, pausedMs = 0): void => {
  for (const [n, due] of run.timers) run.timers.set(n, due + pausedMs);
};
