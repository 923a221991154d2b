import { refuse } from './bug.ts';
import { JOURNAL_ENTRIES_MAX, JOURNAL_ENTRIES_TO_END } from './image.ts';
import type { JournalEntry } from './journal-entry.ts';
import type { ProcessRun } from './run.ts';

/** Entries that end a run. They are journaled even if the journal is full. */
const ENDS: ReadonlySet<string> = new Set<JournalEntry['type']>([
  'CancelRequested',
  'TerminateRequested',
  'ProcessCompleted',
  'ProcessFailed',
  'ProcessCancelled',
  'ProcessTerminated',
  'EventsUnread',
]);

/**
 * A full journal refuses the entries that would continue the process. The entries of a cancellation, of its undos and of the end have
 * reserved room: an undo takes no more entries than the command that it undoes.
 */
export function refuseBeyondRoom(run: ProcessRun, { type }: JournalEntry): void {
  const { position, image, root } = run;
  if (position <= JOURNAL_ENTRIES_MAX || run.ended || ENDS.has(type)) return;
  if (root.state !== 'open' && position <= JOURNAL_ENTRIES_MAX + JOURNAL_ENTRIES_TO_END) return;
  refuse(
    run,
    'SIZE',
    `The journal of ${image.pid} is full: a run may write ${JOURNAL_ENTRIES_MAX} entries. Cancel the instance, which undoes what it did, or terminate it.`,
  );
}
