import { ServiceFault } from '../../../contract/errors.ts';
import type { Clock } from '../../../ports/clock.ts';
import type { CommandRecord, IdempotencyStore } from '../../../ports/idempotency-store.ts';
import { limitText, parsedLimit, type LimitState } from './limit-state.ts';

/** A change of a limit: the state before and the time become the state after and a result. Called again after each conflict. */
export type LimitChange<T> = (state: LimitState, now: number) => readonly [LimitState, T];

interface Pending {
  readonly change: LimitChange<unknown>;
  readonly resolve: (result: never) => void;
  readonly reject: (error: unknown) => void;
}

interface Known {
  readonly state: LimitState;
  /** 0: there is no record. */
  readonly revision: number;
}

interface Item {
  known: Known | undefined;
  pending: Pending[];
  working: boolean;
}

/** The limits of other keys that this worker remembers, so that its next change needs no read. */
const ITEMS_KEPT = 1_000;
/** Most writes of one change, of which all but the last lost against other workers. */
const TRIES_MAX = 50;

/**
 * Changes limits in the store of command records, one record for each limit. Changes of this worker that wait for the same record share one
 * write; those of other workers are found by its condition.
 */
export class Limiter {
  readonly #store: IdempotencyStore;
  readonly #clock: Clock;
  readonly #items = new Map<string, Item>();

  constructor(store: IdempotencyStore, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  /** Resolves when the change is stored, and survives a crash; at once if it has changed nothing on a strong view. */
  change<T>(id: string, change: LimitChange<T>): Promise<T> {
    const item = this.#items.get(id) ?? { known: undefined, pending: [], working: false };
    this.#items.set(id, item);
    return new Promise<T>((resolve, reject) => {
      item.pending.push({ change, resolve, reject });
      if (item.working) return;
      item.working = true;
      void this.#work(id, item);
    });
  }

  /** Never rejects: each change gets the error of its own write. */
  async #work(id: string, item: Item): Promise<void> {
    // The commands of one batch come in lockstep, one or two microtasks apart.
    await Promise.resolve();
    await Promise.resolve();
    while (item.pending.length > 0) {
      const changes = item.pending;
      item.pending = [];
      try {
        const results = await this.#apply(id, item, changes);
        for (const [index, { resolve }] of changes.entries()) resolve(results[index] as never);
      } catch (error) {
        item.known = undefined;
        for (const { reject } of changes) reject(error);
      }
    }
    item.working = false;
    this.#forgetOldest();
  }

  async #apply(id: string, item: Item, changes: readonly Pending[]): Promise<readonly unknown[]> {
    let isStrong = item.known === undefined;
    let known = item.known ?? knownOf(await this.#store.read(id));
    for (let tries = 0; tries < TRIES_MAX;) {
      const now = this.#clock.now();
      let { state } = known;
      const results = changes.map(({ change }) => {
        const [next, result] = change(state, now);
        state = next;
        return result;
      });
      if (state === known.state) {
        item.known = known;
        if (isStrong) return results;
        known = knownOf(await this.#store.read(id));
      } else {
        tries += 1;
        const written = await this.#store.write(id, recordOf(state), known.revision === 0 ? 'absent' : known.revision);
        if (written.status === 'written') {
          item.known = { state, revision: known.revision + 1 };
          await this.#store.durable();
          return results;
        }
        known = knownOf(written.current);
      }
      isStrong = true;
    }
    throw new ServiceFault(`The limit ${id} was written by other workers ${TRIES_MAX} times in a row.`, {
      retryable: true,
      remedy: 'Give the limits a key, so that fewer workers write one record. The command is tried again.',
    });
  }

  #forgetOldest(): void {
    for (const [id, item] of this.#items) {
      if (this.#items.size <= ITEMS_KEPT) return;
      if (!item.working) this.#items.delete(id);
    }
  }
}

function recordOf(state: LimitState): Omit<CommandRecord, 'revision'> {
  return { state: 'LIMIT', hash: '', command: limitText(state) };
}

function knownOf(record: CommandRecord | undefined): Known {
  return record === undefined ? { state: {}, revision: 0 } : { state: parsedLimit(record.command ?? '{}'), revision: record.revision };
}
