import { crc32 } from 'node:zlib';
import { blobBytes, type Sqlite, type SqliteBlob, type Statement } from '../sqlite.ts';

/** Rows of one query. A query for each row takes six times the time. */
const PAGE = 256;
/** A row with more bytes of data is left out, so that a page takes 16 MB at most. */
const LARGE_BYTES = 65_536;
const IS_LARGE = `octet_length(data) > ${LARGE_BYTES}`;

/** Several rows. `bytes` are those that their checksums cover, one row behind the other. */
interface Page {
  readonly rows: number;
  readonly large: number;
  readonly last: number | SqliteBlob | null;
  readonly bytes: SqliteBlob | null;
  readonly lengths: string | null;
  readonly sums: SqliteBlob | null;
}

/** `fields` are the columns of a row that its checksum covers before its data, in their order. */
interface CheckedTable {
  readonly name: string;
  readonly key: 'text' | 'integer';
  readonly fields: readonly string[];
}

/**
 * Compares rows with their checksums, many at a time. Returns the rows that were not found intact, as a condition of SQL; undefined if there are
 * none. A large row is not compared. If another does not match, all rows are suspect, although none may be damaged: SQLite writes the JSON that
 * the checksum covers (`RowFormat.values`), and its text may differ from that of JavaScript.
 */
export function suspectRows(database: Sqlite, table: CheckedTable): string | undefined {
  try {
    const { intact, large } = readPages(pages(database, table), table.key);
    // The pages miss a row whose damaged key has another type or no text.
    const [all] = database.prepare(`SELECT count(*) AS rows FROM ${table.name}`).all() as { readonly rows: number }[];
    return intact + large !== all?.rows ? 'true' : large === 0 ? undefined : IS_LARGE;
  } catch {
    // A damaged field may have a type that JSON lacks.
    return 'true';
  }
}

/** Counts rows up to the first page with one that does not match. */
function readPages(page: Statement, key: CheckedTable['key']): { readonly intact: number; readonly large: number } {
  let [intact, large] = [0, 0];
  for (let last: number | Buffer = key === 'text' ? Buffer.alloc(0) : Number.MIN_SAFE_INTEGER; ;) {
    const [found] = page.all(last, PAGE) as Page[];
    if (found === undefined || !isIntact(found)) return { intact, large };
    intact += found.rows - found.large;
    large += found.large;
    if (found.rows < PAGE || found.last === null) return { intact, large };
    last = typeof found.last === 'number' ? found.last : blobBytes(found.last);
  }
}

/** Text of rows is passed and returned as bytes, because libsql ends the process at invalid UTF-8, which damage can cause. */
function pages(database: Sqlite, { name, key, fields }: CheckedTable): Statement {
  const [type, asRead] = key === 'text' ? ['TEXT', 'BLOB'] : ['INTEGER', 'INTEGER'];
  return database.prepare(
    `SELECT count(*) AS rows, count(*) - count(covered) AS large, CAST(max(key) AS ${asRead}) AS last, ` +
      `CAST(group_concat(covered, '') AS BLOB) AS bytes, group_concat(octet_length(covered)) AS lengths, CAST(group_concat(checksum) AS BLOB) AS sums FROM (` +
      `SELECT key, iif(${IS_LARGE}, NULL, json_array(${fields.join(', ')}) || data) AS covered, iif(${IS_LARGE}, NULL, checksum) AS checksum ` +
      `FROM ${name} WHERE key > CAST(? AS ${type}) ORDER BY key LIMIT ?)`,
  );
}

function isIntact({ rows, large, bytes, lengths, sums }: Page): boolean {
  const ends = numbers(lengths);
  const expected = numbers(sums && blobBytes(sums).toString('latin1'));
  if (ends.length !== rows - large || expected.length !== rows - large) return false;
  const covered = blobBytes(bytes ?? Buffer.alloc(0));
  let at = 0;
  return ends.every((length, row) => crc32(covered.subarray(at, (at += length))) === expected[row]);
}

function numbers(list: string | null): readonly number[] {
  return list === null ? [] : list.split(',').map(Number);
}
