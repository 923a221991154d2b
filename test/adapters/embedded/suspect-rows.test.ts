/** After a crash, many rows at a time are compared with their checksums. Only suspect rows are read one by one. */
import { describe, expect, test } from 'vitest';
import { suspectRows } from '../../../lib/adapters/embedded/log/suspect-rows.ts';
import { openTables } from '../../../lib/adapters/embedded/tables.ts';
import type { SqliteTables } from '../../../lib/adapters/embedded/tables.ts';
import { head } from '../../contracts/process-store.contract.ts';
import { newDirectory } from '../opened-states.ts';

const ROWS = 600;
const LARGE = 'x'.repeat(70_000);

function filled(write: (tables: SqliteTables) => void): SqliteTables {
  const tables = openTables(newDirectory());
  write(tables);
  tables.log.checkpoint();
  return tables;
}

/** The heads that are suspect: `none`, `large`, or `all`. */
function suspects({ log, heads }: SqliteTables): string {
  const condition = suspectRows(log.database, { name: 'heads', key: 'text', fields: heads.rows.fields });
  return condition === undefined ? 'none' : condition === 'true' ? 'all' : 'large';
}

function writeHeads({ heads }: SqliteTables): void {
  for (let n = 0; n < ROWS; n += 1) {
    const pid = `default#trip#${n}`;
    heads.set(pid, head({ pid, status: 'completed', startedAt: 1_700_000_000_000 + n, ...(n % 3 === 0 && { due: n }) }));
  }
}

describe('rows of an unclean folder', () => {
  test('of several pages are found intact', () => {
    const tables = filled(writeHeads);
    expect(suspects(tables)).toBe('none');
    tables.log.abandon();
  });

  test('of any key are found intact, because SQLite and JavaScript write the JSON of a key alike', () => {
    const pids = [
      'a"b',
      'back\\slash',
      'line\nbreak\ttab\r\b\f',
      '\u0001\u001f\u007f',
      '\u2028',
      'Ünïcödé',
      '😀',
      '漢字',
      '</script>',
      'a/b',
    ];
    const tables = filled(({ heads }) => {
      for (const id of pids) heads.set(`default#trip#${id}`, head({ pid: `default#trip#${id}`, status: 'completed' }));
    });
    expect(suspects(tables)).toBe('none');
    tables.log.abandon();
  });

  test('of integer keys are found intact', () => {
    const { log, messages } = filled((tables) => {
      for (let number = 1; number <= ROWS; number += 1)
        tables.messages.set(number, { queue: 'q', number, body: `message ${number}`, visibleAt: 0, receives: 0, sentAt: 0 } as never);
    });
    expect(suspectRows(log.database, { name: 'messages', key: 'integer', fields: messages.rows.fields })).toBeUndefined();
    log.abandon();
  });

  test('are suspect if their data is large', () => {
    const tables = filled((all) => {
      writeHeads(all);
      all.heads.set('default#trip#large', head({ pid: 'default#trip#large', status: 'completed', tail: [LARGE] }));
    });
    expect(suspects(tables)).toBe('large');
    tables.log.abandon();
  });

  test.each([
    ['its data', "data = CAST('other' AS BLOB)"],
    ['its number', 'number = number + 1'],
    ['a searched column', "status = 'failed'"],
    ['its checksum', 'checksum = checksum + 1'],
    ['its checksum, which is not a number', "checksum = 'none'"],
    ['its checksum, which is no UTF-8', "checksum = CAST(x'80' AS TEXT)"],
    ['its key', "key = 'default#trip#other'"],
    ['its key, which is no UTF-8', "key = CAST(x'80' AS TEXT)"],
    ['its key, which is empty', "key = ''"],
    ['its key, which is no text', "key = CAST('default' AS BLOB)"],
    ['its column, which is no text', 'process = CAST(process AS BLOB)'],
  ])('are all suspect after a change of one row: %s', (_, change) => {
    const tables = filled(writeHeads);
    tables.log.database.exec(`UPDATE heads SET ${change} WHERE key = 'default#trip#555'`);
    expect(suspects(tables)).toBe('all');
    tables.log.abandon();
  });

  test.each([
    ['large', LARGE],
    ['small', 'x'],
  ])('refuse the open if one is damaged: a %s one', (_, entry) => {
    const pid = 'default#trip#damaged';
    const directory = newDirectory();
    const tables = openTables(directory);
    writeHeads(tables);
    tables.heads.set(pid, head({ pid, status: 'completed', tail: [entry] }));
    tables.log.checkpoint();
    tables.log.database.exec(`UPDATE heads SET data = CAST(replace(data, 'x', 'y') AS BLOB) WHERE key = '${pid}'`);
    tables.log.abandon();
    expect(() => openTables(directory)).toThrow(expect.objectContaining({ code: 'STATE_CORRUPT' }));
  });
});
