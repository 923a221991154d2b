import { DEFAULT_TENANT, processOf, tenantOfPid } from '../../contract/wire/process-id.ts';
import type { DueInstance, InstanceFilter, InstanceIndex } from '../../ports/instance-index.ts';
import type { Head } from '../../ports/process-store.ts';
import { OrderedHeap } from './ordered-heap.ts';
import type { Table } from './table.ts';

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
}

/** The heads that are not in memory. */
export interface EarlierHeads {
  /** Newest start first. */
  readonly earlier?: (filter: InstanceFilter) => Iterable<Head>;
  readonly earlierTenants?: () => Iterable<string>;
}

/** The indexes on a table of heads. Its owner passes every written head to `written`. */
export class MemoryInstanceIndex implements InstanceIndex {
  readonly #heads: Table<string, Head>;
  readonly #earlier: ((filter: InstanceFilter) => Iterable<Head>) | undefined;
  readonly #earlierTenants: (() => Iterable<string>) | undefined;
  readonly #paceMs: number;
  #due = new OrderedHeap<DueEntry>(earlier);
  #live = 0;

  constructor(heads: Table<string, Head>, { earlier, earlierTenants, paceMs = 0 }: EarlierHeads & DueOptions = {}) {
    this.#heads = heads;
    this.#earlier = earlier;
    this.#earlierTenants = earlierTenants;
    this.#paceMs = paceMs;
    this.#rebuild();
  }

  written(head: Head, previous: Head | undefined): void {
    if (head.due === previous?.due) return;
    if (previous?.due !== undefined) this.#live -= 1;
    if (head.due === undefined) return;
    this.#live += 1;
    this.#due.push({ pid: head.pid, due: head.due, at: head.due });
    if (this.#due.size > 1000 + 2 * this.#live) this.#rebuild();
  }

  async *list(filter: InstanceFilter): AsyncIterable<Head> {
    // Most readers of a list stop after a page, so the heads are not sorted at once.
    const found = new OrderedHeap<Head>(newestFirst);
    const inMemory = new Set<string>();
    for (const head of this.#heads.resident()) {
      if (!listed(head, filter)) continue;
      found.push(head);
      if (this.#earlier) inMemory.add(head.pid);
    }
    for (const head of this.#earlier?.(filter) ?? []) {
      if (inMemory.has(head.pid) || !listed(head, filter)) continue;
      for (let mine = found.first(); mine !== undefined && newestFirst(mine, head) <= 0; mine = found.first()) yield found.pop() as Head;
      yield head;
    }
    for (let head = found.pop(); head !== undefined; head = found.pop()) yield head;
  }

  async tenants(): Promise<readonly string[]> {
    const tenants = new Set([DEFAULT_TENANT]);
    for (const { pid } of this.#heads.resident()) tenants.add(tenantOfPid(pid));
    for (const tenant of this.#earlierTenants?.() ?? []) tenants.add(tenant);
    return [...tenants].sort();
  }

  async due(instant: number, limit: number, after?: DueInstance): Promise<readonly DueInstance[]> {
    const found: DueInstance[] = [];
    const kept: DueEntry[] = [];
    const seen = new Set<string>();
    while (found.length < limit && (this.#due.first()?.at ?? Infinity) <= instant) {
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

function newestFirst(left: Head, right: Head): number {
  return right.startedAt - left.startedAt || (left.pid < right.pid ? -1 : left.pid > right.pid ? 1 : 0);
}
