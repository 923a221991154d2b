import { SeededRandom } from '../lib/core/seeded-random.ts';

/** An act of a shopper. The time is in milliseconds from the begin of the day. */
export interface Act {
  readonly kind: 'view' | 'cart' | 'purchase';
  readonly atMs: number;
}

/** The acts of one visit, in order. */
export type Visit = readonly [Act, ...Act[]];

const HOUR_MS = 3_600_000;
/** Share of the visits of a day that begin in each hour. The mean of an hour is 4.4. */
const HOURS = [1, 1, 1, 1, 1, 1, 2, 3, 4, 4, 5, 5, 5, 4, 4, 4, 5, 6, 8, 9, 10, 8, 5, 3] as const;
const HOURS_SUM = HOURS.reduce<number>((sum, each) => sum + each, 0);
/** The load of the busiest hour over that of the mean hour. */
export const BUSIEST = (Math.max(...HOURS) * HOURS.length) / HOURS_SUM;

/** Assumptions about a shopper. They are no measurement: replace them by the figures of your shop. */
export const SHOPPER = {
  /** A regular visits three times a day, any other shopper once. */
  regulars: 0.2,
  visitsOfRegular: 3,
  /** Pages of a visit: one, and each time one more with this chance. The mean is 8. */
  nextPage: 0.875,
  pagesMax: 60,
  /** Seconds on a page, on average; exponential. */
  pageSeconds: 25,
  /** After a page, the cart changes. */
  cart: 0.08,
  /** A visit with a cart ends with a purchase. */
  purchase: 0.35,
} as const;

/** Draws the visits of a day of so many users. One seed gives the same visits on every machine. */
export function* visitsOfDay(users: number, seed = 'shoppers'): Generator<Visit> {
  const random = new SeededRandom(seed);
  for (let user = 0; user < users; user += 1) {
    const visits = random.number() < SHOPPER.regulars ? SHOPPER.visitsOfRegular : 1;
    for (let visit = 0; visit < visits; visit += 1) yield drawVisit(random);
  }
}

function drawVisit(random: SeededRandom): Visit {
  let atMs = beginOf(random);
  const acts: [Act, ...Act[]] = [{ kind: 'view', atMs }];
  const wait = (): number => (atMs += Math.ceil(-Math.log(1 - random.number()) * SHOPPER.pageSeconds * 1000));
  let hasCart = false;
  for (let page = 1; ; page += 1) {
    if (random.number() < SHOPPER.cart) {
      hasCart = true;
      acts.push({ kind: 'cart', atMs: wait() });
    }
    if (page === SHOPPER.pagesMax || random.number() >= SHOPPER.nextPage) break;
    acts.push({ kind: 'view', atMs: wait() });
  }
  if (hasCart && random.number() < SHOPPER.purchase) acts.push({ kind: 'purchase', atMs: wait() });
  return acts;
}

function beginOf(random: SeededRandom): number {
  let share = random.number() * HOURS_SUM;
  const hour = HOURS.findIndex((each) => (share -= each) < 0);
  return Math.floor((hour + random.number()) * HOUR_MS);
}
