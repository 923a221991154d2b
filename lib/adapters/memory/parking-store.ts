import type { ParkedFilter, ParkedList, ParkedPage, ParkedSummary } from '../../ports/parked-list.ts';
import type { Discarded, ParkedCopy, ParkedEvent, ParkingStore } from '../../ports/parking-store.ts';
import { fitsParked, parkedPage } from './parked-page.ts';
import { MemoryTable, type Table } from './table.ts';

/** The tables of the store. @default tables in memory, nothing to wait for */
export interface ParkingTables {
  /** By `parkedKey`, grouped by pid. */
  readonly parked: Table<string, ParkedEvent>;
  /** Attempts by message id. */
  readonly attempts: Table<string, number>;
  /** All parked events. @default those that are in memory */
  readonly all?: () => Iterable<ParkedEvent>;
  /** Resolves when all earlier writes survive a crash. */
  readonly durable?: () => Promise<void>;
}

/** Parked events and attempt counts in tables. */
export class MemoryParkingStore implements ParkingStore, ParkedList {
  readonly #parked: Table<string, ParkedEvent>;
  readonly #attempts: Table<string, number>;
  readonly #all: () => Iterable<ParkedEvent>;
  readonly #durable: (() => Promise<void>) | undefined;

  constructor(tables: ParkingTables = memoryParkingTables()) {
    this.#parked = tables.parked;
    this.#attempts = tables.attempts;
    this.#all = tables.all ?? (() => tables.parked.resident());
    this.#durable = tables.durable;
  }

  async park(event: ParkedEvent): Promise<void> {
    this.#parked.set(parkedKey(event.pid, event.id), event);
  }

  async parked(pid: string, ids?: readonly string[]): Promise<readonly ParkedEvent[]> {
    const asked = ids && new Set(ids);
    return this.#parked.list(pid).filter((event) => isWaiting(event) && (asked?.has(event.id) ?? true));
  }

  async list(filter: ParkedFilter, max: number, after?: string): Promise<ParkedPage> {
    const found: ParkedSummary[] = [];
    for (const each of this.#all()) {
      const { body: _body, redrivenAt: _redriven, discarded: _discarded, ...event } = each;
      if (isWaiting(each) && fitsParked(event, filter)) found.push(event);
    }
    return parkedPage(found, max, after);
  }

  async redriven(pid: string, events: readonly ParkedCopy[], at: number): Promise<void> {
    this.#mark(pid, events, { redrivenAt: at });
  }

  async discarded(pid: string, events: readonly ParkedCopy[], discarded: Discarded): Promise<void> {
    this.#mark(pid, events, { discarded });
  }

  #mark(pid: string, events: readonly ParkedCopy[], mark: Pick<ParkedEvent, 'redrivenAt' | 'discarded'>): void {
    for (const { id, parkedAt } of events) {
      const key = parkedKey(pid, id);
      const event = this.#parked.get(key);
      if (event?.parkedAt === parkedAt && isWaiting(event)) this.#parked.set(key, { ...event, ...mark });
    }
  }

  /** Removes the events that were parked beside an instance at `instant` or before, also those that were sent back. */
  forget(pid: string, instant: number): void {
    for (const { id, parkedAt } of this.#parked.list(pid)) if (parkedAt <= instant) this.#parked.delete(parkedKey(pid, id));
  }

  /** Removes the events that have expired by `now`. The tables have no expiry of their own. */
  expire(now: number): void {
    for (const event of this.#parked.resident())
      if (event.expiresAt !== undefined && event.expiresAt <= now) this.#parked.delete(parkedKey(event.pid, event.id));
  }

  async attempt(mark: string, change: 1 | -1): Promise<number> {
    const count = (this.#attempts.get(mark) ?? 0) + change;
    if (count > 0) this.#attempts.set(mark, count);
    else this.#attempts.delete(mark);
    // The count must be on disk before the attempt, which may kill the process.
    await this.#durable?.();
    return count;
  }
}

function memoryParkingTables(): ParkingTables {
  return { parked: new MemoryTable((event: ParkedEvent) => event.pid), attempts: new MemoryTable() };
}

function isWaiting({ redrivenAt, discarded }: ParkedEvent): boolean {
  return redrivenAt === undefined && discarded === undefined;
}

/** Sorts by id inside a pid. */
function parkedKey(pid: string, id: string): string {
  return `${pid.length};${pid}/${id}`;
}
