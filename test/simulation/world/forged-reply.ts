import { toWire } from '../../../lib/contract/wire/wire.ts';

/** A reply that must change nothing: its source does not own the command, or its hash is of other data. `hash`: its first 16 digits. */
export const forgedReply = (
  commandId: string,
  { source, hash }: { readonly source: string; readonly hash: string },
  system: string,
  now: number,
): string =>
  toWire({
    specversion: '1.0',
    id: `${commandId}:completed`,
    source,
    type: 'mallory.done',
    time: new Date(now).toISOString(),
    datacontenttype: 'application/json',
    commandid: commandId,
    commandhash: `sha256:${hash.padEnd(64, '0')}`,
    attempt: 1,
    outcome: 'completed',
    replyto: system,
    hops: 0,
    data: {},
  });
