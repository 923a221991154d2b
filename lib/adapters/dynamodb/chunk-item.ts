import type { JournalChunk } from '../../ports/process-store.ts';
import type { HeadItem } from './head-item.ts';
import { packLines, unpackLines } from './packed-lines.ts';

const INDEX_DIGITS = 8;

/** How the sort keys of a run's chunks begin. They sort by the first index, then by the last. */
export function chunkPrefix(run: string): string {
  return `J#${run}#`;
}

export function encodeChunk(chunk: JournalChunk): HeadItem {
  const place = (index: number): string => String(index).padStart(INDEX_DIGITS, '0');
  return {
    pk: { S: chunk.pid },
    sk: { S: `${chunkPrefix(chunk.run)}${place(chunk.from)}#${place(chunk.from + chunk.entries.length - 1)}` },
    b: { B: packLines(chunk.entries) },
  };
}

export function decodeChunk(item: HeadItem, run: string): JournalChunk {
  const from = chunkPrefix(run).length;
  return {
    pid: item['pk']?.S ?? '',
    run,
    from: Number(item['sk']?.S?.slice(from, from + INDEX_DIGITS)),
    entries: unpackLines(item['b']?.B as Uint8Array),
  };
}
