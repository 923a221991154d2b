import { tenantOfPid } from '../../contract/wire/process-id.ts';
import type { InstanceFilter } from '../../ports/instance-index.ts';
import type { Head } from '../../ports/process-store.ts';
import { type DueOptions, MemoryInstanceIndex } from '../memory/instance-index.ts';
import type { LoggedTable } from './log/logged-table.ts';
import type { RawRow } from './log/row-format.ts';
import type { Sqlite, Statement } from './sqlite.ts';

/** Rows read at a time. */
const PAGE = 200;

/** The indexes of the memory adapter, then the closed heads that lie only in rows. */
export class SqliteInstanceIndex extends MemoryInstanceIndex {
  constructor(heads: LoggedTable<string, Head>, database: Sqlite, options: DueOptions) {
    super(heads, {
      ...options,
      earlier: (filter) => closedHeads(heads, database, filter),
      earlierTenants: () => storedTenants(database),
    });
  }
}

function* closedHeads(heads: LoggedTable<string, Head>, database: Sqlite, filter: InstanceFilter): Iterable<Head> {
  const page = pageStatement(heads.rows.selected, database, filter);
  let startedAt = filter.startedBefore ?? Number.MAX_SAFE_INTEGER;
  let key = '';
  const ofTenant = `${filter.tenant}#`;
  const statuses = filter.statuses ?? [];
  for (;;) {
    const bounds = [startedAt, startedAt, key, filter.startedAfter ?? 0, ofTenant.length, ofTenant, ...statuses];
    const rows = page.all(...(filter.process === undefined ? [] : [filter.process]), ...bounds) as RawRow[];
    const read = rows.map((row) => heads.rows.read(row));
    yield* heads.outside(read);
    const last = rows.at(-1);
    if (last === undefined || rows.length < PAGE) return;
    startedAt = last['started_at_'] as number;
    key = read.at(-1)?.key ?? '';
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

/** The indexes serve process and start, and the status is a column. The rest of the filter applies to the decoded heads. */
function pageStatement(selected: string, database: Sqlite, filter: InstanceFilter): Statement {
  const process = filter.process === undefined ? '' : 'process = ? AND ';
  const status = filter.statuses === undefined ? '' : `AND status IN (${filter.statuses.map(() => '?').join(', ')}) `;
  return database.prepare(
    `SELECT ${selected} FROM heads WHERE ${process}started_at <= ? AND (started_at < ? OR key > ?) AND started_at >= ? AND substr(key, 1, ?) = ? ${status}` +
      `ORDER BY started_at DESC, key LIMIT ${PAGE}`,
  );
}
