import { instantText } from '../../contract/wire/wire.ts';
import type { Image } from '../../core/image.ts';
import type { JournalEntry } from '../../core/journal-entry.ts';
import { parseEntry } from '../../format/read-journal.ts';
import { erasedOf } from '../erased.ts';
import { failureName } from './failure-text.ts';

/** The time and the reason of an instance's end, for `list` and `why`: `failed at …: ledger.book failed with PeriodClosed: closed until May`. */
export function endLine(image: Image): string {
  return withReason(image, `${image.status} at ${instantText(image.closedAt ?? image.clock)}${erasedText(image)}`);
}

function erasedText({ tail }: Image): string {
  const erased = erasedOf(tail);
  return erased === undefined ? '' : `; erased at ${instantText(erased.at.getTime())} by ${principalText(erased)}: ${erased.reason}`;
}

/** The same line without its time. */
export function endReason(image: Image): string {
  return withReason(image, image.status);
}

function withReason(image: Image, line: string): string {
  const reason = image.status === 'completed' ? undefined : reasonOf(image.tail.map(parseEntry));
  return reason === undefined ? line : `${line}: ${reason}`;
}

/** The reason why a run did not complete, from the entry that ended it and the operator request before it. */
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

/** The entry contains the principal and the reason. In a journal of an older build, only the request's entry does, if the tail still has it. */
function cancelText(tail: readonly JournalEntry[], { reason, message }: Extract<JournalEntry, { type: 'ProcessCancelled' }>): string {
  if (message !== undefined) return lowered(message);
  const request = reason === 'requested' ? tail.findLast((entry) => entry.type === 'CancelRequested') : undefined;
  return request?.type === 'CancelRequested' ? `cancelled by ${principalText(request)}: ${request.reason}` : reason;
}

/**
 * The origin of an operator request: its principal, and the sender id that SQS stamped. IAM guarantees only the sender id, so an operator
 * compares the two.
 */
export function principalText({ by, sender }: { readonly by: string; readonly sender?: string }): string {
  return sender === undefined ? by : `${by} (sent by ${sender})`;
}

function lowered(sentence: string): string {
  return sentence.charAt(0).toLowerCase() + sentence.slice(1);
}

function withoutStop(sentence: string): string {
  return sentence.endsWith('.') ? sentence.slice(0, -1) : sentence;
}
