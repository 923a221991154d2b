import { stepName } from '../lib/client/operations/pending-steps.ts';
import type { JournalEntry } from '../lib/core/journal-entry.ts';

/** Describes an entry that the timeline omits and `show` prints. */
export function quietText(entry: JournalEntry): string {
  switch (entry.type) {
    case 'Tagged':
      return `tagged ${tagsText(entry.tags)}`;
    case 'ChangeTaken':
      return `takes the change "${entry.path}"`;
    case 'ViewChanged':
      return 'its view changed';
    case 'BranchWon':
      return `"${entry.winner}" won the ${stepName(entry.path)}`;
    case 'EventTaken':
      return `reads ${stepName(entry.path)}`;
    case 'EventPutBack':
      return `does not use ${stepName(entry.path)}, which is unread again`;
    case 'ScopeOpened':
      return `"${stepName(entry.path)}" begins`;
    case 'ScopeClosed':
      return `"${stepName(entry.path)}" ends`;
    case 'TimerSet':
      return `timer ${stepName(entry.path)} is set to ${new Date(entry.due).toISOString()}`;
    case 'TimerCleared':
      return clearedText(entry.path);
    case 'TimerFired':
      return 'the pause is over';
    case 'CompensationRegistered':
      return `"${stepName(entry.path)}" is registered as a compensation`;
    case 'Pivoted':
      return 'point of no return: earlier steps are no longer undone';
    case 'StepDetached':
      return `${stepName(entry.path)} is no longer waited for`;
    case 'EventsUnread':
      return `${entry.ids.length === 1 ? '1 event was' : `${entry.ids.length} events were`} left unread`;
    default:
      return wordsOf(entry);
  }
}

export function tagsText(tags: Readonly<Record<string, string>>): string {
  return Object.entries(tags)
    .map(([key, value]) => `${key}=${value}`)
    .join(' ');
}

function clearedText(path: string): string {
  if (path.endsWith('/timeout')) return `the timeout of ${stepName(path)} is cleared`;
  return /(?:^|\/)(?:sleep|until):\d+$/.test(path) ? 'the sleep is cleared' : `timer ${stepName(path)} is cleared`;
}

/** Describes an entry type of a newer version by the words of its name. */
function wordsOf(entry: JournalEntry): string {
  const words = entry.type.replaceAll(/(?<=[a-z])[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`).toLowerCase();
  return 'path' in entry && entry.path !== '' ? `${words}: ${stepName(entry.path)}` : words;
}
