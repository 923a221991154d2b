import type { Served } from '../../../../lib/service/served.ts';
import { serve } from 'tutti/service';
import { notifications, purchases, recommendations } from '../../../../examples/user-activity/contracts.ts';
import { shop } from '../../../../examples/user-activity/system.ts';
import type { Choices } from '../../world/choices.ts';
import type { EndedRun, Expectation, Scenario, Site } from '../scenario.ts';
import { done } from './done.ts';
import { Script } from './script.ts';

const HOUR_MS = 3_600_000;
const ITEMS = ['tent', 'kayak', 'paddle', 'stove'] as const;

/** The decider of examples/user-activity, which receives many events of few users. */
export const userActivity = (choices: Choices): Scenario => {
  const script = new Script(choices, 'shop');
  const expectations = new Map<string, Expectation>();
  for (let count = choices.between(1, 2), i = 1; i <= count; i += 1) {
    const userId = `u-${i}`;
    const within = choices.one([60_000, HOUR_MS, 30 * HOUR_MS]);
    const ids: string[] = [];
    const bought: string[] = [];
    for (let events = choices.between(1, 10), n = 1; n <= events; n += 1) {
      const id = `${userId}-${n}`;
      const kind = choices.one(['viewed', 'added-to-cart', 'purchased'] as const);
      if (kind === 'purchased') bought.push(id);
      script.publish(`shop.${kind}`, id, kind === 'purchased' ? { userId, items: [id] } : { userId, item: choices.one(ITEMS) }, within);
      ids.push(id);
    }
    // The first event to arrive starts the instance, so none of them is listed as its start.
    expectations.set(`default#user-activity#${userId}`, {
      starts: [],
      events: ids,
      endless: true,
      operated: [],
      judge: (run) => judge(run, ids, bought),
    });
  }
  return { name: 'user-activity', builds: [shop], serve: serveShop, acts: script.acts, expectations };
};

const serveShop = (site: Site): readonly Served[] => [
  serve(purchases, { process: async (input, task) => done(site, 'purchases.process', input, task) }),
  serve(recommendations, {
    compute: async (input, task) => {
      if (input.seen.length === 0) throw task.errors.TooNew({});
      await done(site, 'recommendations.compute', input, task);
      return { items: [...ITEMS] };
    },
  }),
  serve(notifications, { remind: async (input, task) => done(site, 'notifications.remind', input, task) }),
];

/** Each event is in the journal once, and each purchase was processed once. */
const judge = ({ pid, entries, effects, disturbed }: EndedRun, ids: readonly string[], bought: readonly string[]): readonly string[] => {
  // A restored table lacks events that it had received before.
  if (disturbed) return [];
  const wrong: string[] = [];
  for (const id of ids) {
    const heard = entries.filter((entry) => 'id' in entry && entry.id === id).length;
    if (heard !== 1) wrong.push(`I6: ${pid} has received ${id} ${heard} times`);
  }
  const processed = effects
    .filter(({ command }) => command === 'purchases.process')
    .map(({ input }) => String((input as { items: string[] }).items[0]));
  if (processed.toSorted().join() !== bought.toSorted().join())
    wrong.push(`I4: ${pid} has bought ${bought.join()}, but processed ${processed.join()}`);
  return wrong;
};
