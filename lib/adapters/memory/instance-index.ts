import { DEFAULT_TENANT, processOf, tenantOfPid } from '../../contract/wire/process-id.ts';
import type { DueInstance, InstanceFilter, InstanceIndex, ListPlace } from '../../ports/instance-index.ts';
import type { Head } from '../../ports/process-store.ts';
import { OrderedBlocks } from './ordered-blocks.ts';
import { OrderedHeap } from './ordered-heap.ts';
import type { Table } from './table.ts';

/** Heads of a list that are looked at before other work of the thread gets its turn. */
const PAGE = 200;

interface DueEntry {
  readonly pid: string;
  readonly due: number;
  /** The instant from which `due` returns it: `due`, or later if it was returned already. */
  readonly at: number;
}

export interface DueOptions {
  /**
   * An instance that `due` has returned is returned again only after this time, unless its due time has changed. @default 0: every call returns
   * every due instance
   */
  readonly paceMs?: number;
  /** The most instances that one call of `due` returns, whatever its limit: the caller sends a tick to each in one turn. @default no limit */
  readonly dueMax?: number;
}

/** The heads that lie in rows alone. */
export interface StoredHeads {
  /** Those behind `place` that may match, newest start first. A place without a head says that none up to it is left. */
  readonly stored?: (filter: InstanceFilter, place: ListPlace) => Iterable<Head | ListPlace>;
  readonly storedTenants?: () => Iterable<string>;
  /** Whether a head that memory has at the start is not among them. @default all are not */
  readonly stays?: (head: Head) => boolean;
  /** Lets other work of the thread run between two parts of a long list. @default nothing waits */
  readonly turn?: () => Promise<void>;
}

/** The indexes on a table of heads. Its owner passes every written head to `written`, and each that goes, or lies in its row alone, to `gone`. */
export class MemoryInstanceIndex implements InstanceIndex {
  readonly #heads: Table<string, Head>;
  readonly #options: StoredHeads & DueOptions;
  readonly #paceMs: number;
  readonly #listed: OrderedBlocks<ListPlace>;
  #due = new OrderedHeap<DueEntry>(earlier);
  #live = 0;

  constructor(heads: Table<string, Head>, options: StoredHeads & DueOptions = {}) {
    this.#heads = heads;
    this.#options = options;
    this.#paceMs = options.paceMs ?? 0;
    const { stays = () => true } = options;
    const places: ListPlace[] = [];
    for (const head of heads.resident()) if (head.status !== 'early' && stays(head)) places.push(placeOf(head));
    this.#listed = new OrderedBlocks(newestFirst, places);
    this.#rebuild();
  }

  written(head: Head, previous: Head | undefined): void {
    // An instance that was open is listed already, unless a new run of it began.
    if (previous?.startedAt !== head.startedAt || previous.closedAt !== undefined || previous.status === 'early')
      this.#list(head, previous);
    if (head.due === previous?.due) return;
    if (previous?.due !== undefined) this.#live -= 1;
    if (head.due === undefined) return;
    this.#live += 1;
    this.#due.push({ pid: head.pid, due: head.due, at: head.due });
    if (this.#due.size > 1000 + 2 * this.#live) this.#rebuild();
  }

  #list(head: Head, previous: Head | undefined): void {
    if (previous !== undefined && previous.startedAt !== head.startedAt) this.#listed.delete(placeOf(previous));
    if (head.status !== 'early') this.#listed.add(placeOf(head));
  }

  gone(head: Head): void {
    this.#listed.delete(placeOf(head));
  }

  async *list(filter: InstanceFilter): AsyncIterable<Head> {
    for (let place: ListPlace | undefined = placeBefore(filter); place !== undefined;) {
      const page = this.#page(filter, place);
      yield* page.heads;
      place = page.last;
      if (place !== undefined) await this.#options.turn?.();
    }
  }

  /** The matching heads among the next ones behind `place`, and the last of these, unless it ends the list. Memory and rows are of one instant. */
  #page(filter: InstanceFilter, place: ListPlace): { readonly heads: readonly Head[]; readonly last?: ListPlace } {
    const heads: Head[] = [];
    let looks = 0;
    for (const head of this.#merged(filter, place)) {
      if (head.startedAt < (filter.startedAfter ?? 0)) break;
      if (!('status' in head)) return { heads, last: head };
      if (listed(head, filter)) heads.push(head);
      looks += 1;
      if (looks === PAGE) return { heads, last: placeOf(head) };
    }
    return { heads };
  }

  *#merged(filter: InstanceFilter, place: ListPlace): IterableIterator<Head | ListPlace> {
    const inMemory = this.#inMemory(place);
    let mine = inMemory.next();
    for (const head of this.#options.stored?.(filter, place) ?? []) {
      for (; mine.done !== true && newestFirst(mine.value, head) <= 0; mine = inMemory.next()) yield mine.value;
      yield head;
    }
    for (; mine.done !== true; mine = inMemory.next()) yield mine.value;
  }

  *#inMemory(place: ListPlace): Generator<Head, undefined, undefined> {
    for (const { pid, startedAt } of this.#listed.behind(place)) {
      const head = this.#heads.get(pid);
      if (head?.startedAt === startedAt) yield head;
    }
    return undefined;
  }

  async tenants(): Promise<readonly string[]> {
    const tenants = new Set([DEFAULT_TENANT]);
    for (const { pid } of this.#heads.resident()) tenants.add(tenantOfPid(pid));
    for (const tenant of this.#options.storedTenants?.() ?? []) tenants.add(tenant);
    return [...tenants].sort();
  }

  async due(instant: number, limit: number, after?: DueInstance): Promise<readonly DueInstance[]> {
    const found: DueInstance[] = [];
    const kept: DueEntry[] = [];
    const seen = new Set<string>();
    const most = Math.min(limit, this.#options.dueMax ?? Infinity);
    while (found.length < most && (this.#due.first()?.at ?? Infinity) <= instant) {
      const entry = this.#due.pop() as DueEntry;
      const head = this.#heads.get(entry.pid);
      if (head?.due !== entry.due || seen.has(entry.pid)) continue;
      seen.add(entry.pid);
      kept.push(entry);
      if (after === undefined || sooner(after, entry) < 0) found.push({ pid: entry.pid, run: head.run, due: entry.due });
    }
    // Entries stay: a later sweep finds an instance again that did not advance.
    for (const entry of kept) this.#due.push(this.#paceMs === 0 ? entry : { ...entry, at: instant + this.#paceMs });
    return found;
  }

  /** The next call of `due` returns every due instance, because it is not known what became of those that were returned. */
  returnAll(): void {
    if (this.#paceMs > 0) this.#rebuild();
  }

  /** Stale entries stay in the heap until they come first, or until they are the greater part of it. */
  #rebuild(): void {
    this.#due = new OrderedHeap(earlier);
    this.#live = 0;
    for (const { pid, due } of this.#heads.resident()) {
      if (due === undefined) continue;
      this.#due.push({ pid, due, at: due });
      this.#live += 1;
    }
  }
}

function earlier(left: DueEntry, right: DueEntry): number {
  return left.at - right.at || sooner(left, right);
}

function sooner(left: Pick<DueEntry, 'pid' | 'due'>, right: Pick<DueEntry, 'pid' | 'due'>): number {
  return left.due - right.due || (left.pid < right.pid ? -1 : left.pid > right.pid ? 1 : 0);
}

/** Whether a head matches the filter. Early buffers are no instances yet. */
export function listed(head: Head, filter: InstanceFilter): boolean {
  if (head.status === 'early' || tenantOfPid(head.pid) !== filter.tenant) return false;
  if (filter.process !== undefined && processOf(head.pid) !== filter.process) return false;
  if (filter.statuses !== undefined && !filter.statuses.includes(head.status)) return false;
  if (filter.paused && head.paused === undefined) return false;
  if (filter.unresolved && head.unresolved === undefined) return false;
  if (filter.startedAfter !== undefined && head.startedAt < filter.startedAfter) return false;
  if (filter.startedBefore !== undefined && head.startedAt > filter.startedBefore) return false;
  for (const [key, value] of Object.entries(filter.tags ?? {})) if (head.tags?.[key] !== value) return false;
  return true;
}

function placeOf({ startedAt, pid }: Head): ListPlace {
  return { startedAt, pid };
}

/** The list of a filter begins behind this place. No pid is empty. */
function placeBefore({ startedBefore, after }: InstanceFilter): ListPlace {
  const newest = { startedAt: startedBefore ?? Number.MAX_SAFE_INTEGER, pid: '' };
  return after === undefined || newestFirst(after, newest) < 0 ? newest : after;
}

function newestFirst(left: ListPlace, right: ListPlace): number {
  return right.startedAt - left.startedAt || (left.pid < right.pid ? -1 : left.pid > right.pid ? 1 : 0);
}
