/**
 * Changed bytes of state.db. Afterwards the folder is refused where it was closed, whatever byte it is; where its process died, each row
 * is as it was or the folder is refused.
 */
import { createHash } from 'node:crypto';
import { closeSync, openSync, readFileSync, truncateSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { describe, expect, test } from 'vitest';
import { openTables, type SqliteTables } from '../../../lib/adapters/embedded/tables.ts';
import { isOrchestratorError } from '../../../lib/contract/errors.ts';
import { head } from '../../contracts/process-store.contract.ts';
import { newDirectory, opens } from '../opened-states.ts';

const PAYLOAD = JSON.stringify({ card: 'x'.repeat(40) });
const HASH = createHash('sha256').update(PAYLOAD).digest('hex');
const CLOSED = head({ pid: 'default#trip#closed-1', status: 'completed' });
const RECORD = { state: 'DONE', hash: 'h', reply: 'answer-of-c1', revision: 2 } as const;

/** A closed folder with a row of several kinds, none of which must be read when it is opened. */
function closedFolder(): string {
  const directory = newDirectory();
  const tables = openTables(directory);
  tables.heads.set(CLOSED.pid, CLOSED);
  tables.payloads.set(HASH, PAYLOAD);
  tables.records.set('c1', RECORD);
  tables.log.close();
  return directory;
}

function contents({ heads, payloads, records }: SqliteTables): readonly unknown[] {
  return [heads.get(CLOSED.pid), payloads.get(HASH), records.get('c1')];
}

const WHOLE = [CLOSED, PAYLOAD, RECORD];

/** `refused`, `whole`, or what was found instead. */
function opened(directory: string): unknown {
  let tables: SqliteTables;
  try {
    tables = openTables(directory);
  } catch (error) {
    return isOrchestratorError(error) && error.code === 'STATE_CORRUPT' ? 'refused' : error;
  }
  try {
    const found = contents(tables);
    return isDeepStrictEqual(found, WHOLE) ? 'whole' : found;
  } catch (error) {
    return isOrchestratorError(error) && error.code === 'STATE_CORRUPT' ? 'refused' : error;
  } finally {
    tables.log.abandon();
  }
}

function flip(path: string, at: number): void {
  const bytes = readFileSync(path);
  const file = openSync(path, 'r+');
  writeSync(file, Buffer.from([bytes[at]! ^ (1 << (at % 8))]), 0, 1, at);
  closeSync(file);
}

describe('the tables in state.db', () => {
  test('state.db is whole after a close and after its process died', () => {
    const directory = closedFolder();
    expect(opened(directory)).toBe('whole');
    expect(opened(directory)).toBe('whole');
  });

  test('state.db is refused when any byte has changed since the close', () => {
    const directory = closedFolder();
    const path = join(directory, 'state.db');
    const { length } = readFileSync(path);
    // The fields of the header, then some of each page; between them they are all kinds of pages.
    const places = [
      16,
      18,
      19,
      21,
      27,
      31,
      44,
      59,
      95,
      ...Array.from({ length: 60 }, (_, n) => 100 + Math.floor(((length - 101) * n) / 59)),
    ];
    for (const at of places) {
      flip(path, at);
      expect(opened(directory), `byte ${at}`).toBe('refused');
      flip(path, at);
    }
    expect(opened(directory)).toBe('whole');
  });

  test('state.db is refused when its length has changed since the close', () => {
    const directory = closedFolder();
    const path = join(directory, 'state.db');
    truncateSync(path, readFileSync(path).length - 8192);
    expect(opened(directory)).toBe('refused');
  });

  test.each([
    ['the key and the data of a head', CLOSED.pid],
    ['the key and the data of a payload', HASH],
    ['the data of a record', 'answer-of-c1'],
  ])('after a crash and a changed byte of %s, each row is read unchanged or refused', (_, text) => {
    const directory = closedFolder();
    const path = join(directory, 'state.db');
    const from = readFileSync(path).indexOf(text);
    // With the header of the cell in front of it.
    for (let at = from - 12; at < from + text.length + 30; at += 1) {
      truncateSync(join(directory, 'state.sum'), 0);
      flip(path, at);
      const isOfText = at >= from && at < from + text.length;
      expect(isOfText ? ['refused'] : ['refused', 'whole'], `byte ${at}`).toContain(opened(directory));
      flip(path, at);
    }
  });

  test('a payload whose row belongs to another value is refused', async () => {
    const directory = newDirectory();
    const tables = openTables(directory);
    tables.payloads.set(HASH, '"another"');
    tables.log.close();
    const state = opens({ directory });
    await expect(state.payloadStore.get('p', HASH)).rejects.toMatchObject({ code: 'STATE_CORRUPT' });
    await expect(state.payloadStore.fetch(`payload:${HASH}`)).rejects.toMatchObject({ code: 'STATE_CORRUPT' });
  });
});
