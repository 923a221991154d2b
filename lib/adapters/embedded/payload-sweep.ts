import type { SqliteTables } from './tables.ts';
import { turns } from './turns.ts';

/** The hash by which a journal, a message or a record names a value. */
const HASH = /[0-9a-f]{64}/g;

export interface PayloadSweepOptions {
  /** Whether a value was put so lately that its writer may not have named it yet. */
  readonly isFresh: (hash: string) => boolean;
  /** Ends the sweep: it removes nothing more. @default it goes on to its end */
  readonly signal?: AbortSignal;
}

/**
 * Removes the values of the payload table that nothing in the folder names any more. A value has no owner, because instances share it.
 *
 * W1  At the begin all values are suspects. One is cleared when it is named by any value of a message, parked event, record, head or chunk:
 *     by one that was there at the begin, in memory or in its row, or by one that is written during the sweep.
 * W2  A suspect that was put lately may be named soon by its writer, which holds nothing but the hash: `isFresh` clears it.
 * W3  A value that moves between tables meanwhile is written again, so W1 covers it in every order of the tables.
 *
 * Returns how many it has removed. Its work is that of one read of the folder, in turns with other work of the thread.
 */
export async function sweepPayloads(tables: SqliteTables, options: PayloadSweepOptions): Promise<number> {
  const { isFresh, signal } = options;
  const { log, payloads } = tables;
  const suspects = new Set([...payloads.storedKeys('', 'g'), ...Array.from(payloads.unsaved(), ({ key }) => key)]);
  if (suspects.size === 0) return 0;
  const clear = (text: string): void => {
    for (const [hash] of text.matchAll(HASH)) suspects.delete(hash);
  };
  const turn = turns();
  const written = (value: unknown): void => clear(JSON.stringify(value));
  log.written.add(written);
  try {
    for (const table of [tables.messages, tables.parked, tables.records, tables.heads, tables.chunks]) {
      for (const text of textsOf(table)) {
        if (signal?.aborted === true) return 0;
        clear(text);
        await turn();
      }
    }
    let removed = 0;
    for (const hash of suspects) {
      await turn();
      if (signal?.aborted === true) break;
      if (isFresh(hash) || !suspects.has(hash)) continue;
      payloads.delete(hash);
      removed += 1;
    }
    return removed;
  } finally {
    log.written.delete(written);
  }
}

/** Values that have changed since their rows come first: a checkpoint meanwhile only moves them to where they are read again. */
function* textsOf(table: { unsaved(): Iterable<{ readonly value: unknown }>; storedTexts(): Iterable<string> }): IterableIterator<string> {
  const changed = Array.from(table.unsaved(), ({ value }) => value);
  for (const value of changed) yield JSON.stringify(value);
  yield* table.storedTexts();
}
