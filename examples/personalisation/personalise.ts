import * as z from 'zod';
import { decider, end, send, timer } from 'tutti';
import { CartChanged, notifications, PageViewed, Purchased, recommendations } from './contracts.ts';

const SEEN_MAX = 20;
const refresh = timer('refresh');
const over = timer('over');

const Visit = z.object({ userId: z.string(), seen: z.array(z.string()), cart: z.array(z.string()), recommended: z.array(z.string()) });

/** One instance for each visit. It ends by itself, so its journal stays short, and `retention` of the deployment removes it. */
export const personalise = decider('personalise', {
  state: Visit,
  initial: () => ({ userId: '', seen: [], cart: [], recommended: [] }),
  late: 'ignore', // a page of a visit that is over
})
  .on(
    PageViewed.byId(({ visitId }) => visitId),
    (visit, { userId, item }) => [
      { ...visit, userId, seen: [item, ...visit.seen.filter((each) => each !== item)].slice(0, SEEN_MAX) },
      refresh.within('30 seconds'), // at most one computation in 30 seconds
      over.in('1 day'), // each event moves it
    ],
  )
  .on(
    CartChanged.byId(({ visitId }) => visitId),
    (visit, { userId, items }) => [{ ...visit, userId, cart: items }, refresh.within('30 seconds'), over.in('1 day')],
  )
  .on(
    Purchased.byId(({ visitId }) => visitId),
    (visit, { userId }) => [{ ...visit, userId, cart: [] }, over.in('1 day')],
  )
  .on(refresh, (visit) => [visit, send(recommendations.compute, { seen: visit.seen, cart: visit.cart })])
  .on(recommendations.compute, (visit, found) =>
    recommendations.compute.exhausted(found) ? visit : { ...visit, recommended: found.items },
  )
  .on(over, (visit) => [
    visit,
    visit.cart.length > 0 && send(notifications.remind, { userId: visit.userId, items: visit.cart }),
    end({ seen: visit.seen.length, left: visit.cart.length }),
  ]);
