import { ID_CHARACTERS, TENANT_PATTERN, tenantOfPid } from '../../contract/wire/process-id.ts';
import type { Head } from '../../ports/process-store.ts';
import type { ClosedInstance, RetirementStore } from '../../ports/retirement-store.ts';
import { CLOSED_STATUSES, isRetirable } from '../memory/retirement-store.ts';
import type { LoggedTable } from './log/logged-table.ts';
import { blobBytes, type SqliteBlob, type Statement } from './sqlite.ts';
import type { SqliteTables } from './tables.ts';
import { turns } from './turns.ts';

/** Rows looked at in one query. */
const PAGE = 500;
const TENANT_LENGTH_MAX = 64;
const PID_LENGTH_MAX = 260;
const TENANT_BEFORE = new RegExp(`${TENANT_PATTERN}$`);
const REST_OF_PID = new RegExp(`^#[a-z][a-z0-9-]{0,63}#[${ID_CHARACTERS}]{1,200}`);

export interface RetirementOptions {
  /** Prefix of the keys of command records. */
  readonly recordPrefix: string;
  /** Called with each head that is removed, for the indexes. */
  readonly gone: (head: Head) => void;
  /** Loads the test of the state of a limit: all of its times were over at an instant. */
  readonly limitTest: () => Promise<(text: string, instant: number) => boolean>;
}

interface StoredPlace {
  readonly bytes: SqliteBlob;
  readonly started_at: number;
  readonly over: number;
}

/** One look through the instances of a tenant. */
interface Scan {
  readonly tenant: string;
  readonly instant: number;
  readonly heads: Iterator<Head>;
  /** Instances that a queued message named when the scan began. A command that is queued later is one of a commit, which changes the version. */
  readonly named: ReadonlySet<string>;
}

/**
 * Removes closed instances from a folder, with their journals, command records and parked events, early buffers that have expired, and
 * limits of commands that no run depends on.
 *
 * E1 One frame of the log removes an instance, so a crash leaves all of it or nothing.
 * E2 An instance is kept while a message that names it is queued: a copy of a command would run again without its record.
 * E3 Instances share values of the payload table, so these stay: payload-sweep.ts removes those that no one names any more.
 * E4 Each call of `closed` goes on behind the one before it, and other work of the thread has its turn: a folder may have a million instances.
 */
export class SqliteRetirementStore implements RetirementStore {
  readonly #tables: SqliteTables;
  readonly #options: RetirementOptions;
  readonly #oldest: Statement;
  #scan: Scan | undefined;
  /** The instant of the last look through the limits. */
  #limitsAt: number | undefined;
  /** The removals of what belongs to the last page of `closed` and has no row yet, by pid. */
  #beside: ReadonlyMap<string, readonly (() => void)[]> = new Map();
  readonly #turn = turns();

  constructor(tables: SqliteTables, options: RetirementOptions) {
    this.#tables = tables;
    this.#options = options;
    const statuses = [...CLOSED_STATUSES, 'early'].map((status) => `'${status}'`).join(', ');
    this.#oldest = tables.log.database.prepare(
      `SELECT CAST(key AS BLOB) AS bytes, started_at, status IN (${statuses}) AND due IS NULL AS over FROM heads ` +
        `WHERE started_at >= ? AND (started_at > ? OR key < ?) AND started_at <= ? ORDER BY started_at, key DESC LIMIT ${PAGE}`,
    );
  }

  async closed(tenant: string, instant: number, limit: number): Promise<readonly ClosedInstance[]> {
    let scan = this.#scan;
    if (scan?.tenant !== tenant || scan.instant !== instant)
      scan = { tenant, instant, heads: this.#ended(instant), named: await this.#namedInMessages() };
    this.#scan = undefined;
    if (this.#limitsAt !== instant) await this.#removeLimits(instant);
    const found: ClosedInstance[] = [];
    for (let next = scan.heads.next(); next.done !== true; next = scan.heads.next()) {
      const head = next.value;
      await this.#turn();
      if (tenantOfPid(head.pid) !== tenant || !isOver(head) || (head.closedAt ?? 0) > instant || scan.named.has(head.pid)) continue;
      found.push({ pid: head.pid, version: head.version });
      if (found.length < limit) continue;
      this.#scan = scan;
      break;
    }
    this.#beside = unstoredOf(this.#tables, this.#options.recordPrefix, new Set(found.map(({ pid }) => pid)));
    return found;
  }

  async retire(pid: string, version: number, _expiresAt: number): Promise<boolean> {
    await this.#turn();
    const { heads, parked } = this.#tables;
    const { recordPrefix } = this.#options;
    const head = heads.get(pid);
    if (!head || !isOver(head) || head.version !== version) return false;
    for (const remove of this.#beside.get(pid) ?? unstoredOf(this.#tables, recordPrefix, new Set([pid])).get(pid) ?? []) remove();
    removeUnder(this.#tables.chunks, keysBeside(pid));
    removeUnder(parked, keysBeside(pid));
    removeUnder(this.#tables.records, `${recordPrefix}${pid}/`);
    heads.delete(pid);
    this.#options.gone(head);
    return true;
  }

  /** `|` begins the keys of limits only, and `}` is the character behind it. */
  async #removeLimits(instant: number): Promise<void> {
    this.#limitsAt = instant;
    const { records } = this.#tables;
    const keys = new Set(records.storedKeys('|', '}'));
    for (const { key } of records.unsaved()) if (key.startsWith('|')) keys.add(key);
    if (keys.size === 0) return;
    const isOver = await this.#options.limitTest();
    for (const key of keys) {
      await this.#turn();
      const { command = '{}' } = records.get(key) ?? {};
      if (isOver(command, instant)) records.delete(key);
    }
  }

  /** Heads that have changed since their rows, then rows in the order of their start: those that may be retired started before `instant`. */
  *#ended(instant: number): Iterator<Head> {
    const { heads } = this.#tables;
    const changed = Array.from(heads.unsaved(), ({ value }) => value);
    yield* changed;
    let startedAt = 0;
    // The keys go down within an instant, and no key is greater than this one.
    let key = '\u{10ffff}';
    for (;;) {
      const rows = this.#oldest.all(startedAt, startedAt, key, instant) as StoredPlace[];
      for (const row of rows) {
        [startedAt, key] = [row.started_at, blobBytes(row.bytes).toString('utf8')];
        const head = row.over === 1 ? heads.get(key) : undefined;
        if (head !== undefined) yield head;
      }
      if (rows.length < PAGE) return;
    }
  }

  /** The instances that queued messages name. */
  async #namedInMessages(): Promise<ReadonlySet<string>> {
    const named = new Set<string>();
    for (const { detail } of this.#tables.messages.resident()) {
      await this.#turn();
      for (let at = detail.indexOf('#'); at !== -1; at = detail.indexOf('#', at + 1)) {
        const [tenant] = TENANT_BEFORE.exec(detail.slice(Math.max(0, at - TENANT_LENGTH_MAX), at)) ?? [];
        const [rest] = REST_OF_PID.exec(detail.slice(at, at + PID_LENGTH_MAX)) ?? [];
        if (tenant !== undefined && rest !== undefined) named.add(tenant + rest);
      }
    }
    return named;
  }
}

/** By pid: the removal of each chunk, parked event and record that has no row. */
export function unstoredOf(
  { chunks, parked, records }: Pick<SqliteTables, 'chunks' | 'records'> & { readonly parked?: SqliteTables['parked'] },
  recordPrefix: string,
  pids: ReadonlySet<string>,
): Map<string, (() => void)[]> {
  const found = new Map<string, (() => void)[]>();
  const collect = (table: Pick<LoggedTable<string, unknown>, 'unsaved' | 'delete'>, pidOf: (key: string) => string): void => {
    for (const { key, stored } of table.unsaved()) {
      const pid = stored ? '' : pidOf(key);
      if (!pids.has(pid)) continue;
      const removals = found.get(pid) ?? [];
      removals.push(() => table.delete(key));
      found.set(pid, removals);
    }
  };
  if (pids.size === 0) return found;
  collect(chunks, pidBehindLength);
  if (parked) collect(parked, pidBehindLength);
  collect(records, (key) => (key.startsWith(recordPrefix) ? key.slice(recordPrefix.length, Math.max(0, key.indexOf('/'))) : ''));
  return found;
}

/** The beginning of the keys of the chunks and parked events of an instance. */
export function keysBeside(pid: string): string {
  return `${pid.length};${pid}/`;
}

/** A closed instance with a due time still undoes a late success. An early buffer without one has expired. */
function isOver(head: Head): boolean {
  return head.due === undefined && (head.status === 'early' ? (head.early ?? []).length === 0 : isRetirable(head));
}

/** The pid in a key such as `14;default#trip#1/…`. */
function pidBehindLength(key: string): string {
  const from = key.indexOf(';') + 1;
  return key.slice(from, from + Number.parseInt(key, 10));
}

export function removeUnder<Value>(table: LoggedTable<string, Value>, prefix: string): void {
  // `0` is the character behind `/`.
  for (const key of table.storedKeys(prefix, `${prefix.slice(0, -1)}0`)) table.delete(key);
}
