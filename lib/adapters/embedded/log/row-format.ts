import { crc32 } from 'node:zlib';
import { blobBytes, type Sqlite, type SqliteBlob } from '../sqlite.ts';
import type { Damage } from '../state-corrupt.ts';

type Field = string | number | null;
export type Kind = 'TEXT' | 'INTEGER';

/** A row as SQLite returns it for `RowFormat.selected`. */
export type RawRow = Readonly<Record<string, number | null | SqliteBlob>>;

export interface Row<Key> {
  readonly key: Key;
  readonly number: number;
  readonly data: Buffer;
  /** Whether the checksum matches. It covers every column, so that a changed key or search column is found as well. */
  readonly isIntact: boolean;
}

export interface RowFormatOptions {
  readonly name: string;
  readonly key: 'text' | 'integer';
  readonly isGrouped: boolean;
  /** The values of the searched columns. */
  readonly kinds: Readonly<Record<string, Kind>> | undefined;
}

/** The format of a table's rows in SQL: the searched fields, the encoded value, and a checksum of both. */
export class RowFormat<Key extends string | number> {
  /** The columns to select of a row. Text is read as bytes, because libsql ends the process at invalid UTF-8, which damage can cause. */
  readonly selected: string;
  readonly #table: string;
  readonly #names: readonly string[];
  readonly #kinds: readonly (readonly [name: string, kind: Kind])[];

  constructor({ name, key, isGrouped, kinds }: RowFormatOptions) {
    this.#table = name;
    this.#kinds = [
      ['key', key === 'text' ? 'TEXT' : 'INTEGER'],
      ['number', 'INTEGER'],
      ['resident', 'INTEGER'],
      ...(isGrouped ? [['grp', 'TEXT'] as const] : []),
      ...Object.entries(kinds ?? {}),
    ];
    const fields = this.#kinds.map(([field, kind]) => `CAST(${field} AS ${kind === 'TEXT' ? 'BLOB' : kind}) AS ${field}_`);
    this.selected = [...fields, 'CAST(data AS BLOB) AS data_', 'CAST(checksum AS INTEGER) AS checksum_'].join(', ');
    this.#names = [...this.#kinds.map(([field]) => field), 'data', 'checksum'];
  }

  /** The columns that the checksum of a row covers before its data, in this order. */
  get fields(): readonly string[] {
    return this.#kinds.map(([field]) => field);
  }

  /** The statement that writes `rows` rows. */
  insert(rows: number): string {
    const row = `(${this.#names.map(() => '?').join(', ')})`;
    return `REPLACE INTO ${this.#table} (${this.#names.join(', ')}) VALUES ${new Array<string>(rows).fill(row).join(', ')}`;
  }

  /** Creates the table and its indexes if they are missing. */
  create(database: Sqlite, indexes: readonly string[]): void {
    const columns = this.#kinds.map(([field, kind]) => `${field} ${kind}${field === 'key' ? ' PRIMARY KEY' : ''}`);
    // A table with a text key is its own index, so that a row is written once.
    const rowid = this.#kinds[0]?.[1] === 'TEXT' ? ' WITHOUT ROWID' : '';
    const table = this.#table;
    database.exec(`CREATE TABLE IF NOT EXISTS ${table} (${columns.join(', ')}, data BLOB NOT NULL, checksum INTEGER NOT NULL)${rowid}`);
    indexes.forEach((index, at) => database.exec(`CREATE INDEX IF NOT EXISTS ${table}_${at} ON ${table} ${index}`));
  }

  /** The values of a row in the order of `insert`. */
  values(fields: readonly Field[], data: Buffer): readonly (Field | Buffer)[] {
    return [...fields, data, checksumOf(fields, data)];
  }

  read(raw: RawRow): Row<Key> {
    const fields = this.#kinds.map(([name, kind]) => fieldOf(raw[`${name}_`], kind));
    const data = blobBytes(raw['data_'] as SqliteBlob);
    return { key: fields[0] as Key, number: fields[1] as number, data, isIntact: raw['checksum_'] === checksumOf(fields, data) };
  }

  damageOf({ key }: Row<Key>): Damage {
    const row = `${JSON.stringify(key)} of the table ${this.#table}`;
    return { file: 'state.db', what: `has a row that does not match its checksum: ${row}`, drops: `The row ${row} is dropped.` };
  }
}

function fieldOf(value: number | null | SqliteBlob | undefined, kind: Kind): Field {
  if (value === null || value === undefined || typeof value === 'number') return value ?? null;
  return kind === 'TEXT' ? blobBytes(value).toString('utf8') : null;
}

function checksumOf(fields: readonly Field[], data: Buffer): number {
  return crc32(data, crc32(JSON.stringify(fields)));
}
