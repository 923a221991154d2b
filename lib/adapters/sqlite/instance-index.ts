import type { InstanceFilter } from '../../ports/instance-index.ts';
import type { Head } from '../../ports/process-store.ts';
import { MemoryInstanceIndex } from '../memory/instance-index.ts';
import type { LoggedTable } from './logged-table.ts';
import type { Sqlite, SqliteBlob, Statement } from './sqlite.ts';

/** Rows read at a time. */
const PAGE = 200;

interface HeadRow {
  readonly key: string;
  readonly started_at: number;
  readonly data: SqliteBlob;
}

/** The indexes of the memory adapter, and behind them the closed heads that lie in rows alone. */
export class SqliteInstanceIndex extends MemoryInstanceIndex {
  constructor(heads: LoggedTable<string, Head>, database: Sqlite) {
    super(heads, (filter) => closedHeads(heads, database, filter));
  }
}

function* closedHeads(heads: LoggedTable<string, Head>, database: Sqlite, filter: InstanceFilter): Iterable<Head> {
  const page = pageStatement(database, filter);
  let startedAt = filter.startedBefore ?? Number.MAX_SAFE_INTEGER;
  let key = '';
  for (;;) {
    const bounds = [startedAt, startedAt, key, filter.startedAfter ?? 0];
    const rows = page.all(...(filter.process === undefined ? [] : [filter.process]), ...bounds) as HeadRow[];
    yield* heads.outside(rows);
    const last = rows.at(-1);
    if (last === undefined || rows.length < PAGE) return;
    startedAt = last.started_at;
    key = last.key;
  }
}

/** The rest of the filter is applied to the decoded heads; these two are what the indexes serve. */
function pageStatement(database: Sqlite, filter: InstanceFilter): Statement {
  const process = filter.process === undefined ? '' : 'process = ? AND ';
  return database.prepare(
    `SELECT key, started_at, data FROM heads WHERE ${process}started_at <= ? AND (started_at < ? OR key > ?) AND started_at >= ? ` +
      `ORDER BY started_at DESC, key LIMIT ${PAGE}`,
  );
}
