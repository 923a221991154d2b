import { isClosed, type StuckReason } from '../../../lib/core/image.ts';
import { decodeHead } from '../../../lib/format/head-codec.ts';
import type { Head } from '../../../lib/ports/process-store.ts';
import { isOfBulk } from './engine-messages.ts';

/**
 * I5: an answer makes its instance stuck only while it still applies. Once another answer to the command counts, or the instance has ended,
 * an invalid one changes nothing. Returns the violation of a head that an invalid answer has made stuck.
 */
export const stoppedForNothing = (head: Head, previous: Head | undefined): string | undefined => {
  if (head.status !== 'stuck' || previous === undefined || previous.status === 'stuck' || previous.run === '') return undefined;
  const { code, message } = JSON.parse(head.why ?? '{}') as { readonly code?: string; readonly message?: string };
  if (code !== 'REPLY_INVALID') return undefined;
  const { commands, tombstones } = decodeHead(previous);
  const isAsked = ({ command }: { readonly command: string }): boolean => message?.startsWith(`${command} `) === true;
  // A late success is undone, and its undo needs its output.
  if (tombstones.some(isAsked)) return undefined;
  if (isClosed(previous.status)) return `${head.pid} had ended ${previous.status}, and an invalid answer has made it stuck`;
  return [...commands.values()].some(isAsked)
    ? undefined
    : `${head.pid} is stuck by an answer to a command that was answered before: ${message}`;
};

/** I4: a stuck instance tries the operation of a bulk job once. Returns the violation of a head whose code has refused it again. */
export const triedTwice = (head: Head, previous: Head | undefined): string | undefined => {
  const refused = refusedBy(head);
  if (refused === undefined || !isOfBulk(refused) || previous === undefined || refusedBy(previous) !== refused) return undefined;
  return `${head.pid} has refused ${refused}, and has tried it again`;
};

const refusedBy = ({ status, why }: Head): string | undefined =>
  status === 'stuck' ? (JSON.parse(why ?? '{}') as Partial<StuckReason>).refused : undefined;
