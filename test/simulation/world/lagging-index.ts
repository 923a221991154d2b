import { tenantOfPid } from '../../../lib/contract/wire/process-id.ts';
import type { DueInstance, InstanceFilter, InstanceIndex } from '../../../lib/ports/instance-index.ts';
import type { Head } from '../../../lib/ports/process-store.ts';

interface Update {
  readonly visibleAt: number;
  readonly head: Head;
}

/**
 * The indexes of the table. They are eventually consistent: a write shows some time after, in order for each instance (AWS: DynamoDB,
 * Global secondary indexes).
 */
export class LaggingIndex implements InstanceIndex {
  readonly #now: () => number;
  readonly #lagMs: () => number;
  readonly #shown = new Map<string, Head>();
  readonly #coming = new Map<string, Update[]>();

  /** `lagMs`: drawn again for each write. */
  constructor(now: () => number, lagMs: () => number) {
    this.#now = now;
    this.#lagMs = lagMs;
  }

  written(head: Head): void {
    const before = this.#coming.get(head.pid);
    const visibleAt = Math.max(this.#now() + this.#lagMs(), before?.at(-1)?.visibleAt ?? 0);
    if (before) before.push({ visibleAt, head });
    else this.#coming.set(head.pid, [{ visibleAt, head }]);
  }

  removed(pid: string): void {
    this.#shown.delete(pid);
    this.#coming.delete(pid);
  }

  async *list(filter: InstanceFilter): AsyncIterable<Head> {
    this.#catchUp();
    const { tenant, statuses, startedBefore = Infinity } = filter;
    for (const head of this.#shown.values())
      if (
        tenantOfPid(head.pid) === tenant &&
        head.status !== 'early' &&
        (statuses?.includes(head.status) ?? true) &&
        head.startedAt <= startedBefore
      )
        yield head;
  }

  async tenants(): Promise<readonly string[]> {
    this.#catchUp();
    return [...new Set(['default', ...Array.from(this.#shown.keys(), tenantOfPid)])].sort();
  }

  async due(instant: number, limit: number, after?: DueInstance): Promise<readonly DueInstance[]> {
    this.#catchUp();
    const due: DueInstance[] = [];
    for (const { pid, run, due: at } of this.#shown.values()) if (at !== undefined && at <= instant) due.push({ pid, run, due: at });
    const inOrder = due.sort((left, right) => left.due - right.due || (left.pid < right.pid ? -1 : 1));
    // The last instance of the page before may be gone by now, but its place in the order still counts.
    const behind = after && inOrder.findIndex(({ due: at, pid }) => at > after.due || (at === after.due && pid > after.pid));
    return behind === -1 ? [] : inOrder.slice(behind ?? 0).slice(0, limit);
  }

  /** The next instant at which the index shows a due instance, or an update becomes visible. */
  nextDue(): number {
    this.#catchUp();
    let next = Infinity;
    for (const { due } of this.#shown.values()) next = Math.min(next, due ?? Infinity);
    for (const [update] of this.#coming.values()) next = Math.min(next, update?.visibleAt ?? Infinity);
    return next;
  }

  #catchUp(): void {
    const now = this.#now();
    for (const [pid, updates] of this.#coming) {
      while ((updates[0]?.visibleAt ?? Infinity) <= now) this.#shown.set(pid, (updates.shift() as Update).head);
      if (updates.length === 0) this.#coming.delete(pid);
    }
  }
}
