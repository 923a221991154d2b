import * as z from 'zod';
import { event, process, schedule, system } from 'tutti';
import { schedulesBody } from '../lib/engine/jobs/list-schedules.ts';
import { inboxBody, type OperationMessage } from '../lib/format/inbox-message.ts';
import { CountedWorld } from './counted-world.ts';

/** Calls, messages and units of one use of a part of Tutti, counted at the ports of the engine. */
export interface PartCounts {
  /** Messages that the engine received, without ticks. */
  readonly events: number;
  readonly ticks: number;
  /** Events on the bus, by a client or another program. */
  readonly busEvents: number;
  /** Messages that a client puts into a queue. */
  readonly clientSends: number;
  /** The engine's calls to SQS. */
  readonly sendCalls: number;
  readonly writeUnits: number;
  readonly indexWrites: number;
  readonly readUnits: number;
}

const Ticket = z.object({ id: z.string() });
const Journey = z.object({ id: z.string(), stops: z.int() });

/** An event that one process alone receives: no other instance keeps it. */
const Noticed = event('rides.noticed', Ticket);
const Asked = event('rides.asked', Ticket, { answer: z.object({ minutes: z.int() }) });
const Renewed = event('rides.renewed', Ticket);
const Moved = event('rides.moved', z.object({ driverId: z.string() }));
const Seen = event('rides.seen', z.object({ driverId: z.string() }));

/** Each makes `stops` uses of a part, one after the other, and ends. */
const waiting = process('waiting', { input: Journey, receives: [Noticed.byId((each) => each.id)] }, async (ctx, { stops }) => {
  for (let stop = 0; stop < stops; stop += 1) await ctx.waitFor(Noticed);
});
const answering = process('answering', { input: Journey, receives: [Asked.byId((each) => each.id)] }, async (ctx, { stops }) => {
  for (let stop = 0; stop < stops; stop += 1) {
    await ctx.waitFor(Asked);
    ctx.answer(Asked, { minutes: stop });
  }
});
const following = process('following', { input: Journey, receives: [Moved.byKey((each) => each.driverId)] }, async (ctx, { id, stops }) => {
  for (let stop = 0; stop < stops; stop += 1) await ctx.waitFor(Moved, { key: `${id}-${stop}` });
});
const trailing = process('trailing', { input: Journey, receives: [Seen.byKey((each) => each.driverId)] }, async (ctx, { id, stops }) => {
  for (let stop = 0; stop < stops; stop += 1) await ctx.waitFor(Seen, { key: id });
});
const renewing = process('renewing', { input: Journey, receives: [Renewed.byId((each) => each.id)] }, async (ctx, { id, stops }) => {
  await ctx.waitFor(Renewed);
  return stops > 1 ? ctx.continueAsNew({ id, stops: stops - 1 }) : undefined;
});
const wagon = process('wagon', { input: z.int() }, async (_ctx, number) => number);
const pulling = process('pulling', { input: Journey }, async (ctx, { stops }) => {
  for (let stop = 0; stop < stops; stop += 1) await ctx.child(wagon, stop);
});
const punctual = process('punctual', { input: z.object({ day: z.string() }) }, async (_ctx, { day }) => day);

const Wanted = event('rides.wanted', Journey);
const Ended = event('rides.ended', Ticket);
const Slotted = event('rides.slotted', Ticket);
const Batched = event('rides.batched', Ticket);
/** Each start of an open instance waits for its end. */
const queueing = process(
  'queueing',
  { startOn: Wanted.byId((each) => each.id), receives: [Ended.byId((each) => each.id)], onOpen: 'queue' },
  async (ctx) => void (await ctx.waitFor(Ended)),
);
const slotted = process('slotted', { startOn: Slotted.byId((each) => each.id), start: { concurrency: { most: 10 } } }, async () => {});
const batched = process(
  'batched',
  { startOn: Batched.byId((each) => each.id), start: { batch: { size: 2, within: '1 minute' } } },
  async () => {},
);
const moving = (version: 1 | 2) => process('moving', { input: Journey, version }, async (ctx) => ctx.sleep('30 days'));

const often = schedule('often', {
  process: punctual,
  cron: `*/5 * * * *`,
  zone: 'Europe/Paris',
  input: (at) => ({ day: at.day }),
});

const rides = system('rides', {
  processes: [
    waiting,
    answering,
    following,
    trailing,
    renewing,
    pulling,
    wagon,
    punctual,
    queueing,
    slotted,
    batched,
    moving(2),
    moving(1),
  ],
  services: [],
  schedules: [often],
});

/** Instances of a journey, one after the other. */
export const JOURNEYS = 20;
const FEW = 2;
const MANY = 6;
const TIMES_EVERY_MS = 5 * 60_000;

/** Makes `uses` uses in each of its instances. */
type Run = (world: CountedWorld, uses: number) => Promise<void>;

/** Instances that make the uses one after the other. `happen` causes each of them. */
const journey =
  (name: string, happen: (world: CountedWorld, id: string, number: number) => Promise<void> | void = () => {}): Run =>
  async (world, uses) => {
    for (let each = 0; each < JOURNEYS; each += 1) {
      const id = `j-${10_000 + each}`;
      await world.start(name, id, { id, stops: uses });
      await world.settle();
      for (let number = 0; number < uses; number += 1) {
        await happen(world, id, number);
        await world.settle();
      }
    }
  };

/** Starts of instances that an event begins, one after the other. `happen` causes each use. */
const begun =
  (happen: (world: CountedWorld, id: string, number: number) => Promise<void>, first?: typeof happen): Run =>
  async (world, uses) => {
    for (let each = 0; each < JOURNEYS; each += 1) {
      const id = `j-${10_000 + each}`;
      await first?.(world, id, 0);
      await world.settle();
      for (let number = 0; number < uses; number += 1) await happen(world, id, number);
    }
  };

const wanted = (world: CountedWorld, id: string): Promise<void> => world.publish(Wanted, { id, stops: 1 });

const operate = (
  world: CountedWorld,
  operation: Pick<OperationMessage, 'act' | 'fork' | 'version'>,
  { id, number, process: of = 'waiting' }: { readonly id: string; readonly number: number; readonly process?: string },
): Promise<void> =>
  world.send(
    inboxBody({
      tutti: 'operate',
      opid: `${operation.act}-${id}-${number}`,
      pid: `default#${of}#${id}`,
      ...operation,
      reason: 'The provider is down.',
      by: 'operator@example.com',
    }),
  );

/** The same instances for each number of uses, of which a job pauses as many as there are uses. */
const operatedInBulk: Run = async (world, uses) => {
  const ids = Array.from({ length: JOURNEYS * MANY }, (_, each) => `j-${10_000 + each}`);
  for (const id of ids) await world.start('waiting', id, { id, stops: 1 });
  await world.settle();
  const job = { act: 'pause', where: 'process:waiting', targets: [['waiting', ids.slice(0, JOURNEYS * uses)]], rate: 10 } as const;
  const asked = { opid: 'job', tenant: 'default', id: 'job', reason: 'The provider is down.', by: 'operator@example.com' };
  await world.send(inboxBody({ tutti: 'bulk', ...asked, job, time: new Date(world.now()).toISOString() }));
  await world.settle();
  await world.runFor(60_000);
};

const scheduled: Run = async (world, uses) => {
  await world.send(schedulesBody({ now: () => world.now() }));
  await world.settle();
  await world.runFor(uses * JOURNEYS * TIMES_EVERY_MS);
};

export interface Part {
  /** One use of it, in words, for docs/cost.md. */
  readonly use: string;
  readonly run: Run;
  /** The bench fails above them. */
  readonly messagesMax: number;
  readonly unitsMax: number;
  /** Store calls of a message that starts something. @default those of a cold start */
  readonly startCallsMax?: number;
  /** Calls beyond one a target and batch, of one use. @default 0 */
  readonly needlessSendsMax?: number;
}

/** The parts of docs/cost.md. */
export const PARTS: Readonly<Record<string, Part>> = {
  wait: {
    use: '`ctx.waitFor(Event)`: an event by id, for comparison',
    messagesMax: 1,
    unitsMax: 1.1,
    run: journey('waiting', (world, id) => world.publish(Noticed, { id })),
  },
  ask: {
    use: '`client.ask` and `ctx.answer`, without the reads of the client',
    messagesMax: 1,
    unitsMax: 1.4,
    run: journey('answering', (world, id) => world.publish(Asked, { id })),
  },
  key: {
    use: '`ctx.waitFor(Event, { key })`: the first event of a key, with its subscription and the end of it',
    messagesMax: 5,
    unitsMax: 6,
    run: journey('following', (world, id, number) => world.publish(Moved, { driverId: `${id}-${number}` })),
  },
  'same-key': {
    use: 'each further event of that key for one subscriber',
    messagesMax: 2,
    unitsMax: 2.1,
    run: journey('trailing', (world, id) => world.publish(Seen, { driverId: id })),
  },
  endless: {
    use: '`return ctx.continueAsNew(input)`, with the event that leads to it',
    messagesMax: 1,
    unitsMax: 3.1,
    run: journey('renewing', (world, id) => world.publish(Renewed, { id })),
  },
  child: {
    use: '`ctx.child`: a child that ends at once',
    messagesMax: 2,
    unitsMax: 2.1,
    run: journey('pulling'),
  },
  schedule: {
    use: 'a time of a schedule, with its instance, which ends at once',
    messagesMax: 2,
    unitsMax: 5.3,
    run: scheduled,
  },
  queue: {
    use: "a start that waits with `onOpen: 'queue'`, with its run and the event that ends the run before it",
    messagesMax: 3,
    unitsMax: 5.1,
    run: begun(async (world, id) => {
      await wanted(world, id);
      await world.settle();
      await world.publish(Ended, { id });
      await world.settle();
    }, wanted),
  },
  slot: {
    use: 'a start that takes a slot of `start: { concurrency }` at an idle gate, with its instance, which ends at once',
    messagesMax: 3,
    unitsMax: 7.6,
    run: begun(async (world, id, number) => {
      await world.publish(Slotted, { id: `${id}-${number}` });
      await world.settle();
    }),
  },
  window: {
    use: 'a start in a window of two of `start: { batch }` at an idle gate, with half of its instance, which ends at once',
    messagesMax: 2,
    unitsMax: 4.4,
    // A gate that begins again first sends what its last run may have left.
    needlessSendsMax: 0.5,
    run: begun(async (world, id, number) => {
      await world.publish(Batched, { id: `${id}-${number}` });
      await world.settle();
    }),
  },
  pause: {
    use: '`pause` and `resume` of an instance beside which nothing is kept',
    messagesMax: 2,
    unitsMax: 2.1,
    run: journey('waiting', async (world, id, number) => {
      await operate(world, { act: 'pause' }, { id, number });
      await world.settle();
      await operate(world, { act: 'resume' }, { id, number });
    }),
  },
  fork: {
    use: '`fork` of an instance after its first step, with the commit that begins the fork',
    messagesMax: 3,
    unitsMax: 4.4,
    // The head of the fork, the journal of the original, and the commit.
    startCallsMax: 3,
    run: journey('waiting', (world, id, number) =>
      operate(world, { act: 'fork', fork: { to: `${id}-${number}`, at: 0, events: 'none', supersede: true } }, { id, number }),
    ),
  },
  move: {
    use: '`client.move` of an instance to another version',
    messagesMax: 1,
    unitsMax: 1.1,
    run: journey('moving', (world, id, number) =>
      operate(world, { act: 'move', version: 1 + (number % 2) }, { id, number, process: 'moving' }),
    ),
  },
  bulk: {
    use: 'an instance of a bulk job, at ten instances a second',
    messagesMax: 2,
    unitsMax: 1.6,
    run: operatedInBulk,
  },
};

/** Runs a part in a world of its own. */
export const runPart = async (part: string, uses: number): Promise<CountedWorld> => {
  const world = new CountedWorld(rides, () => ({ output: null }));
  await (PARTS[part] as Part).run(world, uses);
  return world;
};

/** The difference between many uses and few, so that the start and the end of the run do not count. Warm. */
export const countPart = async (part: string, { few: fewUses = FEW, many: manyUses = MANY } = {}): Promise<PartCounts> => {
  const [few, many] = [await runPart(part, fewUses), await runPart(part, manyUses)];
  const each = (count: (of: CountedWorld) => number): number => (count(many) - count(few)) / (JOURNEYS * (manyUses - fewUses));
  return {
    events: each(({ events }) => events),
    ticks: each(({ ticks }) => ticks),
    busEvents: each(({ published }) => published),
    clientSends: each(({ sent }) => sent),
    sendCalls: each(({ counts }) => counts.sends),
    writeUnits: each(({ counts }) => counts.writeUnits),
    indexWrites: each(({ counts }) => counts.indexWrites),
    // A query of the parked events that finds none takes one unit.
    readUnits: each(({ counts }) => counts.readUnits + counts.parks),
  };
};
