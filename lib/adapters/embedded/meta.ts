import { crc32 } from 'node:zlib';
import type { Sqlite } from './sqlite.ts';
import type { Inspection } from './inspection.ts';

/** The numbers of the database about its format and the log. */
const NAMES = ['format', 'segment', 'number', 'log0', 'log1'] as const;

/** `seal`: the mark of the key of the folder (log/seal.ts). The checksum does not cover it: a wrong one refuses every key. */
export type MetaName = (typeof NAMES)[number] | 'seal';

const CHECK = 'check';

/** The table of these numbers, under one checksum. */
export class Meta {
  readonly #database: Sqlite;
  readonly #values = new Map<string, number>();

  /** @throws ClientError `STATE_CORRUPT` if the checksum is wrong */
  constructor(database: Sqlite, inspection: Inspection) {
    this.#database = database;
    const rows = database.prepare('SELECT name, value FROM meta').all() as { name: string; value: number }[];
    for (const { name, value } of rows) this.#values.set(name, value);
    if (this.#values.get(CHECK) === this.#checksum()) return;
    inspection.refuse({ file: 'state.db', what: 'has log numbers that do not match their checksum' });
  }

  get(name: MetaName): number {
    return this.#values.get(name) ?? 0;
  }

  /** Stores numbers in one commit. With `durable` it is on disk when this returns, else with the next durable commit. */
  put(values: Partial<Readonly<Record<MetaName, number>>>, { durable }: { readonly durable: boolean }): void {
    const database = this.#database;
    const previous = new Map(this.#values);
    for (const [name, value] of Object.entries(values)) this.#values.set(name, value);
    this.#values.set(CHECK, this.#checksum());
    if (durable) database.pragma('synchronous = FULL');
    try {
      database.exec('BEGIN');
      const put = database.prepare('REPLACE INTO meta VALUES (?, ?)');
      for (const [name, value] of this.#values) put.run(name, value);
      database.exec('COMMIT');
    } catch (error) {
      if (database.inTransaction) database.exec('ROLLBACK');
      this.#values.clear();
      for (const [name, value] of previous) this.#values.set(name, value);
      throw error;
    } finally {
      if (durable) database.pragma('synchronous = NORMAL');
    }
  }

  #checksum(): number {
    return crc32(NAMES.map((name) => `${name}=${this.#values.get(name)};`).join(''));
  }
}

/** Creates the table if it is missing, as in a new folder. Its write takes the lock of the database. */
export function createMeta(database: Sqlite, format: number): void {
  database.exec('BEGIN IMMEDIATE; CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL); COMMIT');
  if (database.prepare('SELECT 1 FROM meta LIMIT 1').get() !== undefined) return;
  const values = { format, segment: 0, number: 0, log0: 0, log1: 0 };
  const put = database.prepare('INSERT INTO meta VALUES (?, ?)');
  database.exec('BEGIN');
  for (const name of NAMES) put.run(name, values[name]);
  put.run(CHECK, crc32(NAMES.map((name) => `${name}=${values[name]};`).join('')));
  database.exec('COMMIT');
}
