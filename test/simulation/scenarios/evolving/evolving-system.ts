import { command, event, process, service, system, versions } from 'tutti';
import { z } from 'zod';
import type { Choices } from '../../world/choices.ts';

const Task = z.object({ id: z.string(), item: z.string() });
const Placed = z.object({ ref: z.string() });
const Back = z.object({ ref: z.string() });
const Order = z.object({ id: z.string(), rounds: z.int(), fails: z.boolean() });

/** All code that was written for `Task` can read each of these. They parse the same value to different results. */
const TASKS: readonly (typeof Task)[] = [
  Task,
  z.object({ id: z.string(), item: z.string(), aside: z.string().optional() }),
  z.object({ id: z.string(), item: z.string(), size: z.string().default('medium') }),
  z.object({ id: z.string(), item: z.string(), size: z.string().default('large') }),
  z.object({ item: z.string(), id: z.string() }),
  versions(Task).next(z.object({ id: z.string(), item: z.string(), size: z.string() }), (old) => ({ ...old, size: 'old' })),
] as unknown as readonly (typeof Task)[];

const PLACED: readonly (typeof Placed)[] = [
  Placed,
  z.object({ ref: z.string(), by: z.string().optional() }),
  z.object({ ref: z.string(), by: z.string().default('nobody') }),
  versions(Placed).next(z.object({ ref: z.string(), by: z.string() }), (old) => ({ ...old, by: 'old' })),
] as unknown as readonly (typeof Placed)[];

const BACKS: readonly (typeof Back)[] = [
  Back,
  z.object({ ref: z.string(), why: z.string().optional() }),
  z.object({ ref: z.string(), why: z.string().default('undone') }),
];

/** The mappers that make the input of an undo. Builds that run in succession or at the same time may have different ones. */
const MAPPERS = [
  (_task: unknown, { ref }: { readonly ref: string }) => ({ ref }),
  (_task: unknown, { ref }: { readonly ref: string }) => ({ ref, why: 'changed' }),
] as const;

const ORDERS: readonly (typeof Order)[] = [
  Order,
  z.object({ id: z.string(), rounds: z.int(), fails: z.boolean(), note: z.string().optional() }),
  z.object({ id: z.string(), rounds: z.int(), fails: z.boolean(), note: z.string().default('none') }),
  versions(Order).next(z.object({ id: z.string(), rounds: z.int(), fails: z.boolean(), note: z.string() }), (old) => ({
    ...old,
    note: 'old',
  })),
] as unknown as readonly (typeof Order)[];

interface Variant {
  readonly order: typeof Order;
  readonly said: typeof Task;
  readonly view: typeof Task;
  readonly placed: typeof Task;
  readonly noted: typeof Task;
  readonly back: typeof Back;
  readonly mapper: (typeof MAPPERS)[number];
}

const drawnVariant = (choices: Choices): Variant => ({
  order: choices.one(ORDERS),
  said: choices.one(TASKS),
  view: choices.one(TASKS),
  placed: choices.one(TASKS),
  noted: choices.one(TASKS),
  back: choices.one(BACKS),
  mapper: choices.one(MAPPERS),
});

/** Refuses each value of the other builds, and cannot undo. A replay must not apply it to entries of a journal. */
const Short = z.object({ id: z.string().max(1), item: z.string().max(1) });
const STRICT: Variant = {
  order: Order,
  said: Short,
  view: Short,
  placed: Short,
  noted: Short,
  back: z.object({ ref: z.string().max(1) }),
  mapper: () => {
    throw new Error('This build cannot undo.');
  },
};

/** One build of the same code, with the contracts of this variant. */
const buildOf = (choices: Choices, { order, said, view, placed, noted, back: given, mapper }: Variant) => {
  const Begun = event('evolving.begun', order);
  const Said = event('evolving.said', said);
  const back = command({ input: given, timeout: choices.one(['2 minutes', '4 minutes'] as const) });
  const shop = service('shop', {
    place: command({
      input: placed,
      output: choices.one(PLACED),
      timeout: choices.one(['2 minutes', '5 minutes'] as const),
      ...(choices.chance(0.3) && { retry: { first: '5 seconds', most: '1 minute' } as const }),
      ...(choices.chance(0.3) && { errors: { SoldOut: z.object({}) } }),
      undo: { command: back, input: mapper },
    }),
    note: command({ input: noted, timeout: '2 minutes' }),
    back,
  });
  const only = choices.chance(0.3) ? (['place'] as const) : (['note', 'place'] as const);
  const evolving = process(
    'evolving',
    { startOn: Begun.byId(({ id }) => id), publishes: [Said], errors: { Given: z.object({}) }, view },
    async (ctx, { id, rounds, fails }) => {
      const refs: string[] = [];
      for (let round = 1; round <= rounds; round += 1) {
        // Some contracts keep the field `aside`, and others drop it.
        const task = { id, item: `item-${round}`, aside: 'kept or dropped' };
        const { ref } = await ctx.call(shop.place, task);
        refs.push(ref);
        ctx.publish(Said, task);
        ctx.view(task);
        await ctx.sleep('4 minutes');
        await ctx.call(shop.note, task);
        // The build of that day decides whether the value may name the command, and whether it fits. No other build decides it again.
        const done = await ctx.dispatch(shop, { name: 'note', input: { ...task, size: round } }, { only });
        if (done.refused) ctx.view({ id, item: done.message });
      }
      if (fails) throw ctx.errors.Given({});
      return refs;
    },
  );
  return system('evolving', { processes: [evolving], services: [shop] });
};

/** Builds of the same code with different contracts. A service may make each of these changes while runs are open. */
export const drawnBuilds = (choices: Choices) =>
  Array.from({ length: choices.between(2, 4) }, () => buildOf(choices, drawnVariant(choices)));

/** The same code with contracts that refuse each new command, event and view. */
export const strictBuild = (choices: Choices) => buildOf(choices, STRICT);

/** The service that runs. It reads the commands of each build, and answers by the first version of the contract. */
const anything = versions(z.json()).next(z.json(), (old) => old);
const unbound = command({ input: anything });
export const anyShop = service('shop', {
  place: command({ input: anything, output: Placed, undo: { command: unbound, input: (_task, { ref }) => ({ ref }) } }),
  note: command({ input: anything }),
  back: unbound,
});
