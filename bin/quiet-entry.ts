import { stepName } from '../lib/client/operations/step-name.ts';
import type { JournalEntry } from '../lib/core/journal-entry.ts';

/** An entry that the timeline leaves out, in plain words, for the one who reads a whole journal. */
export function quietText(entry: JournalEntry): string {
  switch (entry.type) {
    case 'Tagged':
      return `tagged ${tagsText(entry.tags)}`;
    case 'ViewChanged':
      return 'its view changed';
    case 'BranchWon':
      return `"${entry.winner}" won the ${stepName(entry.path)}`;
    case 'EventTaken':
      return `reads ${stepName(entry.path)}`;
    case 'ScopeOpened':
      return `"${stepName(entry.path)}" begins`;
    case 'ScopeClosed':
      return `"${stepName(entry.path)}" is done`;
    case 'TimerSet':
      return `timer ${stepName(entry.path)} is set to ${new Date(entry.due).toISOString()}`;
    case 'TimerCleared':
      return clearedText(entry.path);
    case 'TimerFired':
      return 'the pause is over';
    case 'CompensationRegistered':
      return `"${stepName(entry.path)}" is what compensates from here on`;
    case 'Pivoted':
      return 'the point of no return: nothing before it is undone';
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
  if (path.endsWith('/timeout')) return `${stepName(path)} is no longer waited for by the clock`;
  return /(?:^|\/)(?:sleep|until):\d+$/.test(path) ? 'sleeps no longer' : `timer ${stepName(path)} is cleared`;
}

/** An entry of a newer version: its name as words. */
function wordsOf(entry: JournalEntry): string {
  const words = entry.type.replaceAll(/(?<=[a-z])[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`).toLowerCase();
  return 'path' in entry && entry.path !== '' ? `${words}: ${stepName(entry.path)}` : words;
}
