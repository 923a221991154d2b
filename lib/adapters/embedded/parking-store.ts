import type { ParkedEvent } from '../../ports/parking-store.ts';
import { MemoryParkingStore } from '../memory/parking-store.ts';
import type { Codec } from './log/field-text.ts';
import type { OrderedLog } from './log/log.ts';
import { LoggedTable } from './log/logged-table.ts';
import type { RawRow } from './log/row-format.ts';

/** Parked events and attempt counts in logged tables, with the semantics of the memory adapter. */
export class SqliteParkingStore extends MemoryParkingStore {}

export function parkedTable(log: OrderedLog): LoggedTable<string, ParkedEvent> {
  return new LoggedTable(log, {
    name: 'parked',
    key: 'text',
    codec: jsonCodec<ParkedEvent>(),
    // The sweep looks for expired events once a minute.
    resident: (event) => event.expiresAt !== undefined,
    keep: 0,
    groupOf: (event) => event.pid,
  });
}

/** All parked events, including those that lie only in rows. */
export function allParked(log: OrderedLog, table: LoggedTable<string, ParkedEvent>): () => Iterable<ParkedEvent> {
  const { rows, definition } = table;
  const all = log.database.prepare(`SELECT ${rows.selected} FROM ${definition.name}`);
  return function* () {
    yield* table.resident();
    yield* table.outside((all.all() as RawRow[]).map((row) => rows.read(row)));
  };
}

export function attemptTable(log: OrderedLog): LoggedTable<string, number> {
  return new LoggedTable(log, { name: 'attempts', key: 'text', codec: jsonCodec<number>(), keep: 0 });
}

/** JSON is efficient enough for rare records. */
function jsonCodec<Value>(): Codec<Value> {
  return {
    encode: (writer, value) => writer.string(JSON.stringify(value)),
    decode: (reader) => JSON.parse(reader.string() ?? 'null') as Value,
  };
}
