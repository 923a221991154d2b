import { instantText } from '../../contract/instant.ts';
import type { Image } from '../../core/image.ts';
import type { JournalEntry } from '../../core/journal-entry.ts';
import { parseEntry } from '../../format/read-journal.ts';
import { failureName } from './failure-text.ts';
import { principalText } from './principal-text.ts';

/** When an instance ended and why, for `list` and `why` alike: `failed at …: ledger.book failed with PeriodClosed: closed until May`. */
export function endLine(image: Image): string {
  const line = `${image.status} at ${instantText(image.closedAt ?? image.clock)}`;
  const reason = image.status === 'completed' ? undefined : reasonOf(image.tail.map(parseEntry));
  return reason === undefined ? line : `${line}: ${reason}`;
}

/** Why a run did not complete: of the entry that ended it, and of the request before it. */
export function reasonOf(tail: readonly JournalEntry[]): string | undefined {
  for (const entry of tail.toReversed()) {
    switch (entry.type) {
      case 'ProcessFailed':
        return entry.data === undefined ? undefined : withoutStop(failureName(entry.data));
      case 'ProcessTerminated':
        return withoutStop(entry.reason);
      case 'ProcessCancelled':
        return withoutStop(cancelText(tail, entry));
      default:
    }
  }
  return undefined;
}

/** Who asked for it and why is in the entry; in a journal of an older build in that of the request, where that is still at hand. */
function cancelText(tail: readonly JournalEntry[], { reason, message }: Extract<JournalEntry, { type: 'ProcessCancelled' }>): string {
  if (message !== undefined) return lowered(message);
  const request = reason === 'requested' ? tail.findLast((entry) => entry.type === 'CancelRequested') : undefined;
  return request?.type === 'CancelRequested' ? `cancelled by ${principalText(request)}: ${request.reason}` : reason;
}

function lowered(sentence: string): string {
  return sentence.charAt(0).toLowerCase() + sentence.slice(1);
}

function withoutStop(sentence: string): string {
  return sentence.endsWith('.') ? sentence.slice(0, -1) : sentence;
}
