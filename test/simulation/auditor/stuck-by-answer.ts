import { isClosed } from '../../../lib/core/image.ts';
import { decodeHead } from '../../../lib/format/head-codec.ts';
import type { Head } from '../../../lib/ports/process-store.ts';

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
