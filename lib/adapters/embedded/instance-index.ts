import { setImmediate as nextTurn } from 'node:timers/promises';
import { tenantOfPid } from '../../contract/wire/process-id.ts';
import type { InstanceFilter, ListPlace } from '../../ports/instance-index.ts';
import type { Head } from '../../ports/process-store.ts';
import { type DueOptions, MemoryInstanceIndex } from '../memory/instance-index.ts';
import type { LoggedTable } from './log/logged-table.ts';
import { IS_RARE, isResident, RARE } from './process-store.ts';
import type { RawRow } from './log/row-format.ts';
import type { Sqlite, Statement } from './sqlite.ts';

/** Rows that are read at a time, and those that a read may pass over to find them. */
const PAGE = 200;
const WINDOW = 1_000;

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

/** The next matching rows behind a place, and then the place up to which there is no other. It may be the end of a window in which few rows match. */
function* storedHeads(
  heads: LoggedTable<string, Head>,
  database: Sqlite,
  filter: InstanceFilter,
  place: ListPlace,
): IterableIterator<Head | ListPlace> {
  // An open head is in memory.
  if (filter.statuses?.every((status) => status === 'running' || status === 'stuck') === true || filter.paused) return;
  const { windowEnd, page } = statementsOf(heads.rows.selected, database, filter);
  const ofProcess = filter.process === undefined ? [] : [filter.process];
  const behind = [place.startedAt, place.startedAt, place.pid];
  const least = filter.startedAfter ?? 0;
  const [end] = windowEnd.all(...(isRare(filter) ? [] : ofProcess), ...behind, least, WINDOW - 1) as ListPlace[];
  const upTo = end === undefined ? [least, -1, ''] : [end.startedAt, end.startedAt, end.pid];
  const ofTenant = `${filter.tenant}#`;
  const rows = page.all(...ofProcess, ...behind, ...upTo, ofTenant.length, ofTenant, ...(filter.statuses ?? [])) as RawRow[];
  for (const raw of rows) {
    const head = heads.stored(heads.rows.read(raw));
    if (head !== undefined) yield head;
  }
  const last = rows[PAGE - 1];
  if (last !== undefined) yield { startedAt: last['started_at_'] as number, pid: heads.rows.read(last).key };
  else if (end !== undefined) yield end;
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

function isRare({ statuses }: InstanceFilter): boolean {
  return statuses?.every((status) => RARE.includes(status)) ?? false;
}

/** The indexes serve process and start, and rare statuses. The rest of the filter applies to the rows of a window of the index, or to the decoded heads. */
function statementsOf(
  selected: string,
  database: Sqlite,
  filter: InstanceFilter,
): { readonly windowEnd: Statement; readonly page: Statement } {
  const { process, statuses } = filter;
  const rare = isRare(filter);
  const ofStatus = statuses === undefined ? '' : `AND status IN (${statuses.map(() => '?').join(', ')}) `;
  // One lower bound: SQLite stops at the first of two.
  const behind = 'started_at <= ? AND (started_at < ? OR key > ?) AND started_at >= ?';
  const order = 'ORDER BY started_at DESC, key LIMIT';
  const indexed = rare ? `${IS_RARE} AND ` : process === undefined ? '' : 'process = ? AND ';
  // The sign keeps SQLite from the index by process, which would read the rows of all statuses.
  const ofProcess = rare && process !== undefined ? '+process = ? AND ' : '';
  return {
    windowEnd: database.prepare(`SELECT started_at AS startedAt, key AS pid FROM heads WHERE ${indexed}${behind} ${order} 1 OFFSET ?`),
    page: database.prepare(
      `SELECT ${selected} FROM heads WHERE ${ofProcess}${indexed}${behind} AND (started_at > ? OR key <= ?) ` +
        `AND substr(key, 1, ?) = ? ${ofStatus}${order} ${PAGE}`,
    ),
  };
}
