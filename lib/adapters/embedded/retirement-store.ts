import { tenantOfPid } from '../../contract/wire/process-id.ts';
import type { Head } from '../../ports/process-store.ts';
import type { ClosedInstance, RetirementStore } from '../../ports/retirement-store.ts';
import { CLOSED_STATUSES, isRetirable } from '../memory/retirement-store.ts';
import type { LoggedTable } from './log/logged-table.ts';
import type { RawRow } from './log/row-format.ts';
import type { Statement } from './sqlite.ts';
import type { SqliteTables } from './tables.ts';

/** Rows read at a time. */
const PAGE = 200;

/**
 * Removes closed instances from a folder, with their journals, command records and parked events.
 *
 * E1 One frame of the log removes an instance, so a crash leaves all of it or nothing.
 * E2 An instance is kept while a message that names it is queued: a copy of a command would run again without its record.
 * E3 Values of the payload table stay, because instances share them.
 */
export class SqliteRetirementStore implements RetirementStore {
  readonly #tables: SqliteTables;
  readonly #recordPrefix: string;
  readonly #oldest: Statement;

  /** `recordPrefix` is that of the keys of command records. */
  constructor(tables: SqliteTables, recordPrefix: string) {
    this.#tables = tables;
    this.#recordPrefix = recordPrefix;
    const statuses = CLOSED_STATUSES.map((status) => `'${status}'`).join(', ');
    this.#oldest = tables.log.database.prepare(
      `SELECT ${tables.heads.rows.selected} FROM heads WHERE started_at >= ? AND (started_at > ? OR key < ?) AND started_at <= ? ` +
        `AND status IN (${statuses}) ORDER BY started_at, key DESC LIMIT ${PAGE}`,
    );
  }

  async closed(tenant: string, instant: number, limit: number): Promise<readonly ClosedInstance[]> {
    const found: ClosedInstance[] = [];
    for (const head of this.#ended(instant)) {
      if (tenantOfPid(head.pid) !== tenant || !isOver(head) || (head.closedAt ?? Infinity) > instant) continue;
      found.push({ pid: head.pid, version: head.version });
      if (found.length >= limit) break;
    }
    return found;
  }

  async retire(pid: string, version: number, _expiresAt: number): Promise<boolean> {
    const { heads, chunks, parked, records } = this.#tables;
    const head = heads.get(pid);
    if (!head || !isOver(head) || head.version !== version || this.#isNamed(pid)) return false;
    const beside = `${pid.length};${pid}/`;
    removeUnder(chunks, beside);
    removeUnder(parked, beside);
    removeUnder(records, `${this.#recordPrefix}${pid}/`);
    heads.delete(pid);
    return true;
  }

  /** Heads in memory, and rows in the order of their start: those that may be retired started before `instant`. */
  *#ended(instant: number): Iterable<Head> {
    const { heads } = this.#tables;
    yield* heads.resident();
    let startedAt = 0;
    // The keys go down within an instant, and no key is greater than this one.
    let key = '\u{10ffff}';
    for (;;) {
      const rows = this.#oldest.all(startedAt, startedAt, key, instant) as RawRow[];
      const read = rows.map((row) => heads.rows.read(row));
      yield* heads.outside(read);
      if (rows.length < PAGE) return;
      startedAt = rows.at(-1)?.['started_at_'] as number;
      key = read.at(-1)?.key ?? '';
    }
  }

  #isNamed(pid: string): boolean {
    for (const { detail } of this.#tables.messages.resident()) if (detail.includes(pid)) return true;
    return false;
  }
}

/** A closed instance with a due time still undoes a late success. */
function isOver(head: Head): boolean {
  return isRetirable(head) && head.due === undefined;
}

function removeUnder<Value>(table: LoggedTable<string, Value>, prefix: string): void {
  for (const key of table.keysUnder(prefix)) table.delete(key);
}
