import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { AnyProcess, Json } from 'tutti';
import type { Outcome } from '../../lib/contract/wire/envelope.ts';
import type { CommandContract } from '../../lib/contract/runtime-contract.ts';
import { isClosed, type OpenCommand } from '../../lib/core/image.ts';
import type { Decided, JournalEntry } from '../../lib/core/journal-entry.ts';
import { definitionAfter, Expected, isFact } from '../../lib/core/replay.ts';
import { replayEntries } from '../../lib/engine/replay-journal.ts';
import { frontEndOf } from '../../lib/process/front-end.ts';
import { runsOf } from '../property-runs.ts';
import { Instance } from './instance.ts';
import { Booked, Checkout, flights, hotels, notes, Nudge, payments, tripOf, type TripContext } from './trip-contracts.ts';

const pay = (ctx: TripContext) => ctx.call(payments.charge, { amount: 7 });
const fly = (ctx: TripContext) => ctx.call(flights.book, { to: 'Oslo' });
const stay = (ctx: TripContext) => ctx.call(hotels.book, { to: 'Oslo' });
const ask = (ctx: TripContext, text: string) => ctx.call(notes.ask, { text });

const OUTPUTS: Readonly<Record<string, Json>> = {
  'payments.charge': { paymentId: 'p' },
  'flights.book': { reference: 'f' },
  'hotels.book': { reference: 'h' },
  'notes.ask': { answer: 'yes' },
};
const completes = (trip: Instance, name: string) => trip.completes(name, OUTPUTS[name] ?? null);

describe('native promises on steps', () => {
  const twoBranches = (seen: string[]) =>
    tripOf(async (ctx) => {
      const branch = async (name: string): Promise<string> => {
        await ask(ctx, name);
        seen.push(name);
        await ask(ctx, `${name}2`);
        seen.push(`${name}2`);
        return `${name}2`;
      };
      const first = await Promise.race([branch('a'), branch('b')]);
      await ask(ctx, `after ${first}`);
      return first;
    });

  test('a race of two branches is decided in a replay as it was live: by the order of the replies, not of the code', async () => {
    const seen: string[] = [];
    const code = twoBranches(seen);
    const trip = new Instance(code, { compare: false, checks: false });
    await trip.starts(Checkout);
    const answer = async (text: string): Promise<void> => {
      const command = trip.commands().find(({ input }) => (input as { readonly text: string }).text === text);
      await trip.answers(command ?? { n: 0 }, 'completed', { answer: 'yes' });
    };
    for (const text of ['a', 'b', 'b2', 'a2']) await answer(text);
    expect(seen).toEqual(['a', 'b', 'b2', 'a2']);
    expect(trip.commands().map(({ input }) => input)).toEqual([{ text: 'after b2' }]);
    seen.length = 0;
    const cold = await trip.rebuilt();
    expect(seen).toEqual(['a', 'b', 'b2', 'a2']);
    expect(cold.run.bug).toBeUndefined();
  });

  test('a branch with more awaits does not overtake another, live or in a replay', async () => {
    const trip = new Instance(
      tripOf(async (ctx) => {
        const slow = async (): Promise<string> => {
          await ask(ctx, 'a');
          for (let i = 0; i < 5; i += 1) await Promise.resolve();
          return 'slow';
        };
        const quick = async (): Promise<string> => {
          await ask(ctx, 'b');
          return 'quick';
        };
        const first = await Promise.race([slow(), quick()]);
        await ctx.sleep('1 day');
        return first;
      }),
      { checks: false },
    );
    await trip.starts(Checkout);
    await completes(trip, 'notes.ask');
    await completes(trip, 'notes.ask');
    await trip.passes('1 day');
    expect(trip.entries('ProcessCompleted')[0]?.data).toBe('slow');
  });

  test('Promise.any and Promise.allSettled are decided by the order of the replies', async () => {
    const trip = new Instance(
      tripOf(async (ctx) => {
        const first = await Promise.any([fly(ctx), stay(ctx)]);
        const both = await Promise.allSettled([fly(ctx), stay(ctx)]);
        return [first.reference, ...both.map(({ status }) => status)];
      }),
      { checks: false },
    );
    await trip.starts(Checkout);
    await trip.fails('flights.book', 'SoldOut');
    await completes(trip, 'hotels.book');
    await trip.fails('hotels.book', 'SoldOut');
    await completes(trip, 'flights.book');
    expect(trip.entries('ProcessCompleted')[0]?.data).toEqual(['h', 'fulfilled', 'rejected']);
  });
});

test('random numbers and time are equal on every replay, and each scope has its own generator', async () => {
  const drawn: unknown[][] = [];
  const trip = new Instance(
    tripOf(async (ctx) => {
      const here = [ctx.uuid(), ctx.random(), ctx.now().getTime(), ctx.id, ctx.run, ctx.start.type];
      const inner = await ctx.scope('inner', async (ctx) => [ctx.uuid(), ctx.random()]);
      drawn.push([...here, ...inner]);
      await ctx.sleep('1 day');
    }),
    { compare: false },
  );
  await trip.starts(Checkout);
  await trip.rebuilt();
  expect(drawn[1]).toEqual(drawn[0]);
  const [uuid, number, , , , , innerUuid] = drawn[0] ?? [];
  expect(uuid).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(innerUuid).not.toBe(uuid);
  expect(number).toBeGreaterThanOrEqual(0);
  expect(number).toBeLessThan(1);
});

describe('code that was changed under the same version is NONDETERMINISM with what differs', () => {
  /** Why the journal of `before`, after its first two calls were answered, cannot be replayed on `after`. */
  const difference = async (
    before: (ctx: TripContext) => Promise<unknown>,
    after: (ctx: TripContext) => Promise<unknown>,
  ): Promise<string | undefined> => {
    const trip = new Instance(tripOf(before));
    await trip.starts(Checkout);
    for (const { command } of trip.commands().slice(0, 2)) await completes(trip, command);
    const { bug } = (await trip.rebuilt(tripOf(after))).run;
    expect(bug?.code ?? 'NONDETERMINISM').toBe('NONDETERMINISM');
    return bug?.message;
  };
  const until = (ctx: TripContext) => ctx.waitFor(Nudge);

  test('a changed input is a difference', async () => {
    const text = await difference(
      async (ctx) => [await ask(ctx, 'one'), await until(ctx)],
      async (ctx) => [await ask(ctx, 'two'), await until(ctx)],
    );
    expect(text).toMatch(
      /^The code does not decide what the journal of default#trip#a holds: CommandIssued notes\.ask:1 is passed {"text":"two"} with hash \w{16}, in the journal it has hash \w{16}\.$/,
    );
  });

  test('a removed step is a difference', async () => {
    const text = await difference(
      async (ctx) => [await ask(ctx, 'one'), await until(ctx)],
      async (ctx) => [await until(ctx)],
    );
    expect(text).toContain('the journal holds CommandIssued notes.ask:1, which the code no longer decides');
  });

  test('an added step is a difference', async () => {
    const text = await difference(
      async (ctx) => [await until(ctx)],
      async (ctx) => [await fly(ctx), await until(ctx)],
    );
    expect(text).toContain('the code now decides CommandIssued flights.book:1, which the journal does not hold');
  });

  test('an event with another type or other data is a difference', async () => {
    const text = await difference(
      async (ctx) => {
        ctx.publish(Booked, { text: 'a' });
        await until(ctx);
      },
      async (ctx) => {
        ctx.publish(Booked, { text: 'b' });
        await until(ctx);
      },
    );
    expect(text).toContain('EventPublished trips.booked:1 is passed text "b", in the journal it is "a"');
  });

  test('another view is a difference', async () => {
    const show = (stage: string) => async (ctx: TripContext) => {
      ctx.view({ stage });
      await until(ctx);
    };
    expect(await difference(show('a'), show('b'))).toMatch(
      /ViewChanged view:1 is passed {"stage":"b"} with hash \w{16}, in the journal it has hash \w{16}/,
    );
  });

  test('two swapped parallel calls of one command are a difference', async () => {
    const text = await difference(
      async (ctx) => [await Promise.all([ask(ctx, 'one'), ask(ctx, 'two')]), await until(ctx)],
      async (ctx) => [await Promise.all([ask(ctx, 'two'), ask(ctx, 'one')]), await until(ctx)],
    );
    expect(text).toContain('CommandIssued notes.ask:1 is passed {"text":"two"}');
    expect(text).toContain('CommandIssued notes.ask:2 is passed {"text":"one"}');
  });

  test('two branches of a race with swapped names are a difference', async () => {
    const text = await difference(
      async (ctx) => [await ctx.race({ left: ask(ctx, 'x'), right: until(ctx) }), await until(ctx)],
      async (ctx) => [await ctx.race({ right: ask(ctx, 'x'), left: until(ctx) }), await until(ctx)],
    );
    expect(text).toContain('BranchWon race:1 has winner right, in the journal it is left');
  });

  test('two swapped parallel calls of different commands are no difference, because a path names each step', async () => {
    const text = await difference(
      async (ctx) => [await Promise.all([fly(ctx), stay(ctx)]), await until(ctx)],
      async (ctx) => [await Promise.all([stay(ctx), fly(ctx)]), await until(ctx)],
    );
    expect(text).toBeUndefined();
  });

  test('a step that is added after the end of the journal is no difference', async () => {
    const text = await difference(
      async (ctx) => [await ask(ctx, 'one'), await until(ctx)],
      async (ctx) => [await ask(ctx, 'one'), await until(ctx), await stay(ctx)],
    );
    expect(text).toBeUndefined();
  });

  test('another retry policy or process time-out is no difference, and timers that were set stay as they are', async () => {
    const code = (timeout: '1 day' | '2 days') => tripOf((ctx) => pay(ctx), { timeout });
    const trip = new Instance(code('1 day'));
    await trip.starts(Checkout);
    await trip.breaksDown('payments.charge');
    const timers = trip.timers();
    const { retry, ...charge } = trip.environment.commands.get('payments.charge') as CommandContract;
    (trip.environment.commands as Map<string, CommandContract>).set('payments.charge', {
      ...charge,
      retry: { ...retry, firstMs: 1, mostMs: 1 },
    });
    const cold = await trip.rebuilt(code('2 days'));
    expect(cold.run.bug).toBeUndefined();
    expect([...cold.run.image.timers.values()].map(({ path, due }) => `${path} in ${due - trip.image.clock} ms`)).toEqual(timers);
  });

  test('at most five differences are shown', async () => {
    const text = await difference(
      async (ctx) => [await until(ctx)],
      async (ctx) => [await Promise.all(['1', '2', '3', '4', '5', '6', '7'].map((each) => ask(ctx, each)))],
    );
    expect(text?.split(';')).toHaveLength(5);
  });

  test('an event for such an instance is refused, and nothing of it is committed', async () => {
    const trip = new Instance(
      tripOf(async (ctx) => [await ask(ctx, 'one'), await until(ctx)]),
      { compare: false },
    );
    await trip.starts(Checkout);
    await trip.reload(tripOf(async (ctx) => [await ask(ctx, 'two'), await until(ctx)]));
    const { tail } = trip.head;
    await completes(trip, 'notes.ask');
    expect(trip.bug?.code).toBe('NONDETERMINISM');
    expect(trip.head.tail).toEqual(tail);
  });
});

test.each<[string, Decided, Partial<Record<string, unknown>>]>([
  ['another number', { type: 'CommandIssued', n: 1, path: 'a.b:1', command: 'a.b', hash: 'h' }, { n: 2 }],
  ['another command', { type: 'CommandIssued', n: 1, path: 'a.b:1', command: 'a.b', hash: 'h' }, { command: 'a.c' }],
  [
    'the undo of another',
    { type: 'CommandIssued', n: 1, path: 'a.b:1/undo', command: 'a.b', hash: 'h', undoes: 'p/r/1' },
    { undoes: 'p/r/2' },
  ],
  ['a send instead of a call', { type: 'CommandIssued', n: 1, path: 'a.b:1', command: 'a.b', hash: 'h' }, { mode: 'send' }],
  ['a timer of another number', { type: 'TimerSet', n: 1, path: 'sleep:1', due: 5 }, { n: 2 }],
  ['a timer for another instant', { type: 'TimerSet', n: 1, path: 'sleep:1', due: 5 }, { due: 6 }],
  ['the end of another timer', { type: 'TimerCleared', n: 1, path: 'x' }, { n: 2 }],
  ['another event that is read', { type: 'EventTaken', path: 'a.b:1', id: 'x' }, { id: 'y' }],
  ['another branch that wins', { type: 'BranchWon', path: 'race:1', winner: 'x' }, { winner: 'y' }],
  ['another end of a scope', { type: 'ScopeClosed', path: 's:1', status: 'failed' }, { status: 'cancelled' }],
  ['an event of another number', { type: 'EventPublished', n: 1, path: 'a.b:1', event: 'a.b', hash: 'h' }, { n: 2 }],
  ['another event that is published', { type: 'EventPublished', n: 1, path: 'a.b:1', event: 'a.b', hash: 'h' }, { event: 'a.c' }],
  ['another command that is given up', { type: 'CommandAbandoned', n: 1, path: 'a.b:1' }, { n: 2 }],
])('replay finds %s', (_what, recorded, change) => {
  const expected = new Expected([recorded], () => undefined);
  expected.match({ ...recorded, ...change });
  const [[field, value]] = Object.entries(change) as [[string, unknown]];
  expect(expected.differences).toEqual([
    expect.stringMatching(new RegExp(`^${recorded.type} ${recorded.path}.* has ${field} ${String(value)}, in the journal it is `)),
  ]);
});

test.each([
  ['first', [0, 1, 2]],
  ['between them', [1, 0, 2]],
  ['last', [1, 2, 0]],
])('two decisions of one path replay in the order of the journal, and another is decided %s', (_where, order) => {
  const journal = [
    { type: 'TimerSet', n: 1, path: 'sleep:1', due: 5 },
    { type: 'EventTaken', path: 'a.b:1', id: 'x' },
    { type: 'EventTaken', path: 'a.b:1', id: 'y' },
  ] as const;
  const expected = new Expected(journal, () => undefined);
  for (const place of order) expect(expected.match({ ...(journal[place] as (typeof journal)[number]) })).toBe(journal[place]);
  expect([expected.differences, expected.rest()]).toEqual([[], []]);
});

/** Processes that together use every step, so that random histories cover every step. */
const PROCESSES: Readonly<Record<string, AnyProcess>> = {
  sequence: tripOf(async (ctx) => {
    ctx.compensate('tell', (ctx) => ctx.call(notes.notify, { text: 'sorry' }, { retry: { attempts: 1000 } }));
    await pay(ctx);
    ctx.view({ stage: 'paid' });
    await fly(ctx);
    ctx.tag({ key: ctx.uuid() });
    await stay(ctx);
    ctx.publish(Booked, { text: String(ctx.random()) });
  }),
  parallel: tripOf(async (ctx) => {
    await pay(ctx);
    try {
      await ctx.scope('travel', async (ctx) => {
        await Promise.all([fly(ctx), stay(ctx), ctx.scope('note', (ctx) => ask(ctx, 'window?'))]);
      });
    } catch {
      await ctx.waitFor(Nudge, { timeout: '2 hours' });
    }
    await stay(ctx);
  }),
  races: tripOf(async (ctx) => {
    const first = await ctx.race({
      travel: ctx.scope('travel', async (ctx) => {
        await fly(ctx);
        await ctx.any({ room: stay(ctx), late: ctx.sleep('3 hours') });
      }),
      nudged: ctx.waitFor(Nudge),
      never: ctx.sleep('5 hours'),
    });
    if (first.winner === 'nudged') await ctx.undo();
    await pay(ctx);
    if (first.winner === 'never') throw ctx.errors.Refused({ why: 'too late' });
  }),
  native: tripOf(async (ctx) => {
    const branch = async (step: () => Promise<unknown>): Promise<void> => {
      await step();
      await ask(ctx, 'more?');
    };
    await Promise.all([
      branch(() => fly(ctx)),
      branch(() => ctx.sleep('1 minute')),
      branch(() => pay(ctx)),
      branch(() => ctx.waitFor(Nudge, { timeout: '1 hour' })),
    ]);
    const room = stay(ctx);
    await room;
    await ctx.undo(room);
    await stay(ctx);
  }),
};

type Act =
  | { readonly act: 'answer'; readonly which: number; readonly outcome: Outcome; readonly retryable: boolean }
  | { readonly act: 'late'; readonly which: number }
  | { readonly act: 'nudge' | 'cancel' | 'terminate' | 'resume' }
  | { readonly act: 'pass'; readonly minutes: number };

const anAct: fc.Arbitrary<Act> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      act: fc.constant('answer' as const),
      which: fc.nat(5),
      outcome: fc.constantFrom<Outcome>('completed', 'completed', 'completed', 'failed', 'failed', 'cancelled', 'deferred', 'unknown'),
      retryable: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.record({ act: fc.constant('late' as const), which: fc.nat(3) }) },
  { weight: 2, arbitrary: fc.constantFrom<Act>({ act: 'nudge' }, { act: 'nudge' }, { act: 'resume' }, { act: 'cancel' }) },
  { weight: 2, arbitrary: fc.record({ act: fc.constant('pass' as const), minutes: fc.nat(90) }) },
);

/** Whether the reply is one that a service may send: only a settling command may be `cancelled`. */
const answer = (
  trip: Instance,
  command: OpenCommand,
  { outcome, retryable }: { readonly outcome: Outcome; readonly retryable: boolean },
) => {
  const said = outcome === 'cancelled' && !command.settling ? 'completed' : outcome;
  if (said === 'failed')
    return trip.answers(command, said, { type: 'SoldOut', message: '', data: {} }, retryable || command.mode === 'undo');
  return trip.answers(command, said, said === 'completed' ? (OUTPUTS[command.command] ?? null) : null);
};

const perform = async (trip: Instance, act: Act): Promise<void> => {
  switch (act.act) {
    case 'answer': {
      const open = trip.commands();
      const command = open[act.which % Math.max(1, open.length)];
      if (command) await answer(trip, command, act);
      return;
    }
    case 'late': {
      const buried = trip.image.tombstones[act.which % Math.max(1, trip.image.tombstones.length)];
      if (buried)
        await trip.replies({ run: buried.run, n: buried.n, outcome: 'completed', data: OUTPUTS[buried.command] ?? null, retryable: false });
      return;
    }
    case 'nudge':
      await trip.happens(Nudge);
      return;
    case 'pass':
      await trip.passes(`${act.minutes} minutes`);
      return;
    default:
      await trip.operates(act.act);
  }
};

/** Continues until the process has ended without an open command: each gets a reply, and an operator resumes a stuck instance. */
const wait = async (trip: Instance): Promise<void> => {
  for (let i = 0; i < 300; i += 1) {
    if (trip.status === 'stuck') await trip.operates('resume');
    const [command] = trip.commands();
    if (command) await answer(trip, command, { outcome: command.settling ? 'cancelled' : 'completed', retryable: false });
    // The undo of a late success may wait between two runs, also after the end.
    else if (isClosed(trip.image.status) && trip.timers().length === 0) return;
    else await trip.passes('1 hour');
  }
};

/** The completed commands of a journal that were not undone. */
const standing = (trip: Instance): string[] => {
  const issued = new Map<number, { readonly command: string; readonly undoes?: string | undefined }>();
  const stands = new Map<string, string>();
  for (const entry of trip.journal) {
    if (entry.type === 'CommandIssued') issued.set(entry.n, entry);
    if (entry.type !== 'CommandAnswered' || entry.outcome !== 'completed') continue;
    const { command, undoes } = issued.get(entry.n) ?? { command: '' };
    if (undoes !== undefined) {
      expect(stands.has(undoes), `${undoes} was undone though it does not stand`).toBe(true);
      stands.delete(undoes);
    } else if (['payments.charge', 'flights.book', 'hotels.book'].includes(command))
      stands.set(`${trip.image.pid}/${trip.image.run}/${entry.n}`, command);
  }
  return [...stands.values()].toSorted();
};

/** The first call becomes unresolved, its late success is undone, and that undo fails once. */
const LATE_UNDO_TRIED_AGAIN: Act[] = [
  { act: 'answer', which: 0, outcome: 'unknown', retryable: false },
  { act: 'nudge' },
  { act: 'late', which: 0 },
  { act: 'answer', which: 3, outcome: 'failed', retryable: false },
];

describe('random histories', () => {
  // `Instance` decides each event twice, live and on a copy rebuilt from the journal so far, and compares everything that would be stored.
  test.each(Object.keys(PROCESSES))(
    'of %s replay to the same bytes from every prefix, and a process that does not complete leaves no command without its undo',
    async (name) => {
      await fc.assert(
        fc.asyncProperty(fc.array(anAct, { maxLength: 25 }), fc.nat(10), fc.boolean(), async (acts, successes, cancels) => {
          const trip = new Instance(PROCESSES[name] as AnyProcess);
          await trip.starts(Checkout);
          for (const act of acts) {
            await perform(trip, act);
            expect(trip.bug).toBeUndefined();
          }
          for (let i = 0; i < successes; i += 1) await perform(trip, { act: 'answer', which: 0, outcome: 'completed', retryable: false });
          if (cancels) await trip.operates('cancel');
          await wait(trip);
          expect(trip.bug).toBeUndefined();
          expect(isClosed(trip.image.status), `it waits: ${trip.open().join(', ')} ${trip.timers().join(', ')}`).toBe(true);
          expect(trip.open()).toEqual([]);
          expect(trip.timers()).toEqual([]);
          const left = standing(trip);
          if (trip.status !== 'completed') expect(left).toEqual([]);
          else if (name === 'sequence' || name === 'native') expect(left).toEqual(['flights.book', 'hotels.book', 'payments.charge']);
        }),
        { numRuns: runsOf(40), examples: [[LATE_UNDO_TRIED_AGAIN, 0, false]] },
      );
    },
  );
});

test('a replay notifies its observer of each decision and of the recorded one', async () => {
  const code = (lucky: (ctx: TripContext) => string) =>
    tripOf(async (ctx) => {
      ctx.tag({ lucky: lucky(ctx) });
      await pay(ctx);
      await fly(ctx);
    });
  const trip = new Instance(code((ctx) => ctx.uuid()));
  await trip.starts(Checkout);
  await completes(trip, 'payments.charge');
  const told: (readonly [Decided, Decided | undefined])[] = [];
  const watchdog = { begun: () => undefined, yielded: () => undefined, ended: () => undefined };
  const observer = { ...watchdog, replayed: (_pid: string, now: Decided, recorded?: Decided) => void told.push([now, recorded]) };
  const { pid, run } = trip.image;
  const replay = async (of: Instance, observed: typeof watchdog): Promise<readonly string[]> => {
    const environment = { ...of.environment, observer: observed };
    return (await replayEntries({ definition: of.definition, environment, frontEndOf, pid, run, entries: trip.journal })).differences;
  };
  expect(await replay(trip, observer)).toEqual([]);
  expect(told.map(([now]) => now)).toEqual(trip.journal.filter((entry) => !isFact(entry)));
  for (const [now, recorded] of told) expect(recorded).toEqual(now);
  told.length = 0;
  expect(await replay(new Instance(code(() => 'other')), observer)).toEqual([]);
  expect(told.filter(([now, recorded]) => JSON.stringify(now) !== JSON.stringify(recorded)).map(([{ type }]) => type)).toEqual(['Tagged']);
  expect(await replay(trip, watchdog)).toEqual([]);
});

test.each([
  ['its start', [], { definition: 'trip@1', code: 'c1' }],
  ['a move', [{ type: 'Moved', definition: 'trip@2', code: 'c2' }], { definition: 'trip@2', code: 'c2' }],
  ['a resume on another version', [{ type: 'Resumed', definition: 'trip@3' }], { definition: 'trip@3' }],
  ['a resume', [{ type: 'Resumed' }], { definition: 'trip@1' }],
  ['a fork on another version', [{ type: 'Forked', definition: 'trip@4' }], { definition: 'trip@4' }],
  ['its end, which names the definition of the next run', [{ type: 'RunContinued', definition: 'trip@5' }], { definition: 'trip@1' }],
])('the definition of a run after %s is in the facts of its journal', (_, more, expected) => {
  const entries = [{ type: 'ProcessStarted', definition: 'trip@1', code: 'c1' }, ...more] as unknown as JournalEntry[];
  expect(definitionAfter(entries)).toMatchObject(expected);
  expect(definitionAfter(more.filter(({ type }) => type === 'RunContinued') as unknown as JournalEntry[])).toBeUndefined();
});
