import { MemoryPayloadStore } from '../memory/payload-store.ts';
import type { Codec } from './field-text.ts';
import type { OrderedLog } from './log.ts';
import { LoggedTable } from './logged-table.ts';

/** Payloads kept in memory, because what was put is mostly read soon. */
const PAYLOADS_KEPT = 200;

/** Payloads in a logged table, with the semantics of the memory adapter. */
export class SqlitePayloadStore extends MemoryPayloadStore {}

export function payloadTable(log: OrderedLog): LoggedTable<string, string> {
  return new LoggedTable(log, { name: 'payloads', key: 'text', codec: textCodec, keep: PAYLOADS_KEPT });
}

const textCodec: Codec<string> = {
  encode: (writer, text) => writer.string(text),
  decode: (reader) => reader.string() ?? '',
};
