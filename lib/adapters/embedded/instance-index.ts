import { setImmediate as nextTurn } from 'node:timers/promises';
import { tenantOfPid } from '../../contract/wire/process-id.ts';
import type { InstanceFilter, ListPlace } from '../../ports/instance-index.ts';
import type { Head } from '../../ports/process-store.ts';
import { type DueOptions, MemoryInstanceIndex } from '../memory/instance-index.ts';
import type { LoggedTable } from './log/logged-table.ts';
import { IS_RARE, isResident, RARE } from './process-store.ts';
import type { RawRow } from './log/row-format.ts';
import type { Sqlite, Statement } from './sqlite.ts';

/** Rows read at a time. */
const PAGE = 200;

/** The indexes of the memory adapter on the heads in memory, and those of SQLite on the rows. */
export class SqliteInstanceIndex extends MemoryInstanceIndex {
  constructor(heads: LoggedTable<string, Head>, database: Sqlite, options: DueOptions) {
    super(heads, {
      ...options,
      stored: (filter, place) => storedHeads(heads, database, filter, place),
      storedTenants: () => storedTenants(database),
      stays: isResident,
      turn: nextTurn,
    });
    heads.whenStored((head) => this.gone(head));
  }
}

function* storedHeads(
  heads: LoggedTable<string, Head>,
  database: Sqlite,
  filter: InstanceFilter,
  place: ListPlace,
): IterableIterator<Head> {
  // An open head is in memory.
  if (filter.statuses?.every((status) => status === 'running' || status === 'stuck') === true || filter.paused) return;
  const page = pageStatement(heads.rows.selected, database, filter);
  const ofTenant = `${filter.tenant}#`;
  const of = filter.process === undefined ? [] : [filter.process];
  for (let { startedAt, pid } = place; ;) {
    const bounds = [startedAt, startedAt, pid, filter.startedAfter ?? 0, ofTenant.length, ofTenant, ...(filter.statuses ?? [])];
    const rows = page.all(...of, ...bounds) as RawRow[];
    for (const row of rows) {
      const read = heads.rows.read(row);
      [startedAt, pid] = [row['started_at_'] as number, read.key];
      const head = heads.stored(read);
      if (head !== undefined) yield head;
    }
    if (rows.length < PAGE) return;
  }
}

/** The tenants of all rows, found by stepping from one to the next along the keys. `$` is the character behind `#`, so it sorts behind every pid of a tenant. */
function* storedTenants(database: Sqlite): Iterable<string> {
  const next = database.prepare('SELECT key AS pid FROM heads WHERE key >= ? ORDER BY key LIMIT 1');
  for (let from = ''; ;) {
    const [row] = next.all(from) as { readonly pid: string }[];
    if (row === undefined) return;
    const tenant = tenantOfPid(row.pid);
    yield tenant;
    from = `${tenant}$`;
  }
}

/** The indexes serve process and start, and rare statuses. The rest of the filter applies to the decoded heads. */
function pageStatement(selected: string, database: Sqlite, { process, statuses }: InstanceFilter): Statement {
  const isRare = statuses?.every((status) => RARE.includes(status)) ?? false;
  // The sign keeps SQLite from the index by process, which would read the rows of all statuses.
  const ofProcess = process === undefined ? '' : `${isRare ? '+' : ''}process = ? AND `;
  const ofRare = isRare ? `AND ${IS_RARE} ` : '';
  const ofStatus = statuses === undefined ? '' : `AND status IN (${statuses.map(() => '?').join(', ')}) `;
  return database.prepare(
    `SELECT ${selected} FROM heads WHERE ${ofProcess}started_at <= ? AND (started_at < ? OR key > ?) AND started_at >= ? AND substr(key, 1, ?) = ? ` +
      `${ofRare}${ofStatus}ORDER BY started_at DESC, key LIMIT ${PAGE}`,
  );
}
