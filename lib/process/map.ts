import { ContractError, isFailure, type Failure } from '../contract/errors.ts';
import type { MapOptions, Step } from './context.ts';

/** The scope of a `ctx.map`. `C`: the `ctx` of an item. */
interface MapScope<C> {
  /** Opens the scope of an item. */
  readonly open: (label: string, body: (ctx: C) => Promise<unknown>) => Step<unknown>;
  /** Whether it is cancelled, or one around it. */
  readonly isCancelled: () => boolean;
}

export type MapBody<C> = (ctx: C, item: unknown, index: number) => Promise<unknown>;

/** The items of a `ctx.map`, and how many of them are open at a time. */
interface Window {
  readonly items: readonly unknown[];
  readonly atOnce: number;
  /** Items that may fail; undefined: none, and the results are the values alone. */
  readonly tolerate: number | undefined;
}

/** A control state holds 100 open commands (`OPEN_MAX`), and an item may need more than one. */
const AT_ONCE = 20;
const AT_ONCE_MAX = 100;

/** The arguments of `ctx.map`, checked. */
export function windowOf(items: readonly unknown[], { atOnce = AT_ONCE, tolerate }: MapOptions): Window {
  if (!Array.isArray(items)) throw invalid('was given no list of items: expected an array');
  if (!isCount(atOnce, 1) || atOnce > AT_ONCE_MAX)
    throw invalid(`has the atOnce ${atOnce}: expected a whole number from 1 to ${AT_ONCE_MAX}`);
  if (tolerate !== undefined && !isCount(tolerate, 0)) throw invalid(`has the tolerate ${tolerate}: expected a whole number of 0 or more`);
  return { items: [...(items as readonly unknown[])], atOnce, tolerate };
}

function isCount(value: number, least: number): boolean {
  return Number.isSafeInteger(value) && value >= least;
}

function invalid(why: string): ContractError {
  return new ContractError('DATA_INVALID', `ctx.map ${why}.`);
}

/**
 * The body of the scope of `ctx.map`. Each item runs in a scope of its own, labelled with its index. When an item ends, the next one begins,
 * in the order of the journal, so a replay makes the same scopes. One failure more than `tolerate` rejects the body: the other items are
 * cancelled, and what completed is undone.
 */
export async function mapOver<C>(
  scope: MapScope<C>,
  { items, atOnce, tolerate, body }: Window & { readonly body: MapBody<C> },
): Promise<unknown[]> {
  const results: unknown[] = items.map(() => undefined);
  let [next, failures] = [0, 0];
  const run = async (index: number): Promise<void> => {
    try {
      const value = await scope.open(String(index), async (ctx) => body(ctx, items[index], index));
      results[index] = tolerate === undefined ? value : Object.freeze({ ok: true, value });
    } catch (error) {
      failures += 1;
      // A bug, and the cancellation of the whole map, are no failures of an item.
      if (tolerate === undefined || !isFailure(error) || scope.isCancelled() || failures > tolerate) throw error;
      results[index] = Object.freeze({ ok: false, failure: error satisfies Failure });
    }
  };
  const worker = async (): Promise<void> => {
    while (next < items.length) {
      next += 1;
      await run(next - 1);
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, worker));
  return results;
}
