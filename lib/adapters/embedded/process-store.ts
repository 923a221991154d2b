import { processOf } from '../../contract/wire/process-id.ts';
import type { Head, HeadStatus, JournalChunk } from '../../ports/process-store.ts';
import { chunkGroup, MemoryProcessStore } from '../memory/process-store.ts';
import type { Codec } from './log/field-text.ts';
import { headCodec } from './head-row.ts';
import type { OrderedLog } from './log/log.ts';
import { LoggedTable } from './log/logged-table.ts';

/** Closed heads cached in memory for late replies and clients that read a result. */
const CLOSED_KEPT = 10_000;
const CHARACTERS_KEPT = 16_000_000;
/** The ends of which most systems have few. A list of them has an index of its own. */
export const RARE: readonly HeadStatus[] = ['failed', 'cancelled', 'terminated'];
export const IS_RARE = `status IN (${RARE.map((status) => `'${status}'`).join(', ')})`;

/** Heads and chunks in logged tables, with the semantics of the memory adapter. */
export class SqliteProcessStore extends MemoryProcessStore {}

export function headTable(log: OrderedLog): LoggedTable<string, Head> {
  return new LoggedTable(log, {
    name: 'heads',
    key: 'text',
    codec: headCodec,
    resident: isResident,
    keep: CLOSED_KEPT,
    keepCharacters: { most: CHARACTERS_KEPT, of: charactersOf },
    columns: {
      kinds: { process: 'TEXT', status: 'TEXT', started_at: 'INTEGER', due: 'INTEGER' },
      of: (head) => [processOf(head.pid), head.status, head.startedAt, head.due ?? null],
      indexes: ['(started_at DESC, key)', '(process, started_at DESC, key)'],
      laterIndexes: [`(started_at DESC, key) WHERE ${IS_RARE}`],
    },
  });
}

/** Open heads and due times stay in memory. Closed heads, and early buffers that have expired, are read from disk on demand. */
export function isResident(head: Head): boolean {
  return head.due !== undefined || head.status === 'running' || head.status === 'stuck';
}

function charactersOf({ control, tail }: Head): number {
  let characters = control.length;
  for (const entry of tail) characters += entry.length;
  return characters;
}

export function chunkTable(log: OrderedLog): LoggedTable<string, JournalChunk> {
  return new LoggedTable(log, { name: 'chunks', key: 'text', codec: chunkCodec, keep: 0, groupOf: chunkGroup });
}

const chunkCodec: Codec<JournalChunk> = {
  encode(writer, chunk) {
    writer.string(chunk.pid);
    writer.string(chunk.run);
    writer.number(chunk.from);
    writer.number(chunk.entries.length);
    for (const entry of chunk.entries) writer.string(entry);
  },
  decode(reader) {
    const pid = reader.string() ?? '';
    const run = reader.string() ?? '';
    const from = reader.number();
    const entries: string[] = [];
    for (let left = reader.number(); left > 0; left -= 1) entries.push(reader.string() ?? '');
    return { pid, run, from, entries };
  },
};
