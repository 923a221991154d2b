import { describe, expect, test } from 'vitest';
import type { Step } from 'tutti';
import { Instance } from './instance.ts';
import { Checkout, Nudge, tripOf, type TripContext } from './trip-contracts.ts';
import { fly, started } from './trip-steps.ts';

/** Waits for a nudge of this word. */
const word = (ctx: TripContext, wanted: string): Step<{ readonly word: string }> =>
  ctx.waitFor(Nudge, { match: (nudge) => nudge.word === wanted });

/** A trip that has not read these nudges yet when `body` begins. */
const unread = async (
  words: readonly string[],
  body: (ctx: TripContext) => Promise<unknown>,
  options: ConstructorParameters<typeof Instance>[1] = {},
): Promise<Instance> => {
  const trip = await started(async (ctx) => {
    await ctx.sleep('1 day');
    return body(ctx);
  }, options);
  for (const [index, each] of words.entries()) await trip.happens(Nudge, { word: each }, { id: `${each}${index}` });
  await trip.passes('1 day');
  return trip;
};

const resultOf = (trip: Instance): unknown => trip.entries('ProcessCompleted')[0]?.data;
const unreadOf = (trip: Instance): readonly string[] => trip.entries('EventsUnread').flatMap(({ ids }) => ids);

describe('an event that a wait does not use is unread again', () => {
  test.each(['race', 'any'] as const)('if the wait loses a %s, and the next wait reads it', async (kind) => {
    const trip = await unread(['b', 'a'], async (ctx) => {
      const first = await ctx[kind]({ a: word(ctx, 'a'), b: word(ctx, 'b') });
      return [first.winner, (await ctx.waitFor(Nudge)).word];
    });
    expect(resultOf(trip)).toEqual(['a', 'b']);
    expect(trip.trace().slice(-5)).toEqual([
      'EventTaken shop.nudge:2',
      `BranchWon ${kind}:1`,
      'EventPutBack shop.nudge:2',
      'EventTaken shop.nudge:3',
      'ProcessCompleted',
    ]);
  });

  test('in its order of arrival, before later events', async () => {
    const trip = await unread(['c', 'b', 'c', 'a'], async (ctx) => {
      await ctx.race({ a: word(ctx, 'a'), b: word(ctx, 'b') });
      const words: string[] = [];
      while (words.length < 3) words.push((await ctx.waitFor(Nudge)).word);
      return words;
    });
    expect(resultOf(trip)).toEqual(['c', 'b', 'c']);
  });

  test('if another wait that it matches is open, which then reads it', async () => {
    const trip = await unread(['b', 'a'], async (ctx) => {
      const race = ctx.race({ a: word(ctx, 'a'), b: word(ctx, 'b') });
      const other = ctx.waitFor(Nudge);
      await race;
      return (await other).word;
    });
    expect(resultOf(trip)).toBe('b');
    expect(trip.entries('EventTaken').map(({ path }) => path)).toEqual(['shop.nudge:1', 'shop.nudge:2', 'shop.nudge:3']);
  });

  test('if its wait loses a race, and no other loser of that race takes it', async () => {
    const trip = await unread(['b', 'a'], async (ctx) => {
      await ctx.race({ a: word(ctx, 'a'), b: word(ctx, 'b'), also: word(ctx, 'b') });
      return 'over';
    });
    expect(unreadOf(trip)).toEqual(['b0']);
    expect(trip.entries('EventPutBack')).toHaveLength(1);
  });

  test('if the wait settled before the race was made, and no code awaited it', async () => {
    const trip = await started(async (ctx) => {
      const branches = { a: word(ctx, 'a'), b: word(ctx, 'b') };
      await ctx.sleep('1 day');
      return (await ctx.race(branches)).winner;
    });
    for (const each of ['b', 'a']) await trip.happens(Nudge, { word: each }, { id: each });
    await trip.passes('1 day');
    expect(resultOf(trip)).toBe('a');
    expect(unreadOf(trip)).toEqual(['b']);
  });

  test('if the wait is a branch of a race that loses another race, decided or not', async () => {
    const open = await unread(['b', 'a'], async (ctx) => {
      const first = await ctx.race({ a: word(ctx, 'a'), inner: ctx.race({ b: word(ctx, 'b'), nap: ctx.sleep('1 day') }) });
      return [first.winner, (await ctx.waitFor(Nudge)).word];
    });
    expect(resultOf(open)).toEqual(['a', 'b']);
    const decided = await unread(['b', 'a'], async (ctx) => {
      const inner = ctx.race({ b: word(ctx, 'b') });
      const a = word(ctx, 'a');
      await ctx.sleep('1 day');
      const first = await ctx.race({ a, inner });
      return [first.winner, (await ctx.waitFor(Nudge)).word];
    });
    await decided.passes('1 day');
    expect(resultOf(decided)).toEqual(['a', 'b']);
  });

  test('unless the winner contains its wait', async () => {
    const trip = await unread(['b'], async (ctx) => {
      const b = word(ctx, 'b');
      const first = await ctx.race({ inner: ctx.any({ b, flight: fly(ctx) }), b, nap: ctx.sleep('1 day') });
      return first.winner;
    });
    expect(trip.entries('EventPutBack')).toEqual([]);
  });

  test('if its scope loses a race before its code gets the event', async () => {
    const trip = await unread(['b', 'a'], async (ctx) => {
      const lost: string[] = [];
      const first = await ctx.race({
        a: word(ctx, 'a'),
        scope: ctx.scope('s', async (ctx) => {
          lost.push((await word(ctx, 'b')).word);
        }),
      });
      return [first.winner, (await ctx.waitFor(Nudge)).word, ...lost];
    });
    expect(resultOf(trip)).toEqual(['a', 'b']);
  });

  test('unless the code of the losing scope has got it', async () => {
    const trip = await unread(['b', 'a'], async (ctx) => {
      const got: string[] = [];
      const scope = ctx.scope('s', async (ctx) => {
        got.push((await word(ctx, 'b')).word);
        await ctx.sleep('1 day');
      });
      const first = await ctx.race({ scope, a: word(ctx, 'a') });
      return [first.winner, ...got];
    });
    expect(resultOf(trip)).toEqual(['a', 'b']);
    expect(unreadOf(trip)).toEqual([]);
  });

  test('if its scope fails before its code gets the event', async () => {
    const trip = await unread(['b'], async (ctx) => {
      const failing = async (): Promise<never> => {
        throw ctx.errors.Refused({ why: 'test' });
      };
      await ctx.scope('s', async (ctx) => Promise.all([word(ctx, 'b'), failing()])).catch(() => {});
      return (await ctx.waitFor(Nudge)).word;
    });
    expect(resultOf(trip)).toBe('b');
    expect(trip.trace()).toContain('EventPutBack s:1/shop.nudge:1');
  });

  test('if ctx.undo ends its race', async () => {
    const trip = await unread(['b'], async (ctx) => {
      const race = ctx.race({ b: word(ctx, 'b'), flight: fly(ctx) });
      await ctx.undo(race);
      return (await ctx.waitFor(Nudge)).word;
    });
    await trip.answers(trip.command('flights.book'), 'cancelled');
    expect(resultOf(trip)).toBe('b');
  });

  test('if the process ends before its code gets the event, whether it completes or fails', async () => {
    const completed = await unread(['a', 'b'], async (ctx) => {
      const a = word(ctx, 'a');
      void word(ctx, 'b');
      await a;
    });
    expect(completed.status).toBe('completed');
    expect(unreadOf(completed)).toEqual(['b1']);
    const failed = await unread(['a', 'b'], async (ctx) => {
      const a = word(ctx, 'a');
      void word(ctx, 'b');
      await a;
      throw ctx.errors.Refused({ why: 'test' });
    });
    expect(failed.status).toBe('failed');
    expect(unreadOf(failed)).toEqual(['b1']);
  });

  test('if the process ends, and none of its open waits takes it', async () => {
    const trip = await unread(
      ['a', 'b'],
      async (ctx) => {
        const a = word(ctx, 'a');
        void word(ctx, 'b');
        void word(ctx, 'b');
        await a;
      },
      { checks: false },
    );
    expect(trip.entries('EventTaken')).toHaveLength(2);
    expect(unreadOf(trip)).toEqual(['b1']);
  });
});

test('a replay of a journal whose release lost the event loses it too', async () => {
  const code = tripOf(async (ctx) => {
    await ctx.sleep('1 day');
    const first = await ctx.race({ a: word(ctx, 'a'), b: word(ctx, 'b') });
    await ctx.sleep('1 day');
    return first.winner;
  });
  const trip = new Instance(code);
  await trip.starts(Checkout);
  for (const each of ['b', 'a']) await trip.happens(Nudge, { word: each }, { id: each });
  await trip.passes('1 day');
  const before = trip.journal.filter(({ type }) => type !== 'EventPutBack');
  expect(before).toHaveLength(trip.journal.length - 1);
  expect(await trip.differences(before)).toEqual([]);
});

/** Every pair of these branches is raced, after every short sequence of events. */
const BRANCHES: Readonly<Record<string, (ctx: TripContext, reads: (text: string) => void) => Step<unknown>>> = {
  a: (ctx) => word(ctx, 'a'),
  b: (ctx) => word(ctx, 'b'),
  either: (ctx) => ctx.waitFor(Nudge),
  raced: (ctx) => ctx.race({ a: word(ctx, 'a'), b: word(ctx, 'b') }),
  scope: (ctx, reads) =>
    ctx.scope('one', async (ctx) => {
      reads((await word(ctx, 'b')).word);
    }),
  both: (ctx, reads) =>
    ctx.scope('two', async (ctx) => {
      reads((await word(ctx, 'a')).word);
      reads((await ctx.any({ b: word(ctx, 'b'), a: word(ctx, 'a') })).value.word);
    }),
};

const sequences = (length: number): string[][] =>
  length === 0 ? [[]] : sequences(length - 1).flatMap((before) => [before, [...before, 'a'], [...before, 'b']]);

/** The word that a branch has got, if its event comes from a wait. */
const wordOf = (value: unknown): readonly string[] => {
  if (typeof value !== 'object' || value === null) return [];
  return 'word' in value ? [value.word as string] : 'value' in value ? wordOf(value.value) : [];
};

describe.each(['race', 'any'] as const)('after every %s of two branches', (kind) => {
  test('each event has been read once or is unread, and the rest is read in order of arrival', async () => {
    const words = sequences(3).filter((each) => each.length > 1);
    const faults: string[] = [];
    for (const [left, first] of Object.entries(BRANCHES))
      for (const [right, second] of Object.entries(BRANCHES))
        for (const text of new Set(words.map((each) => each.join('')))) {
          const raced: string[] = [];
          const rest: string[] = [];
          const trip = await unread(
            [...text],
            async (ctx) => {
              const reads = (each: string): void => {
                raced.push(each);
              };
              const { value } = await ctx[kind]({ left: first(ctx, reads), right: second(ctx, reads) });
              raced.push(...wordOf(value));
              for (;;) rest.push((await ctx.waitFor(Nudge)).word);
            },
            { compare: false },
          );
          rest.push(...(trip.run?.unread.map(({ data }) => (data as { word: string }).word) ?? []));
          const named = `${kind} of ${left} and ${right} after ${text}, with the rest ${rest.join('')}`;
          const isKept = [...raced, ...rest].toSorted().join('') === [...text].toSorted().join('');
          if (!isKept || !isSubsequence(rest, [...text])) faults.push(named);
        }
    expect(faults).toEqual([]);
  });
});

const isSubsequence = (part: readonly string[], whole: readonly string[]): boolean => {
  let at = 0;
  for (const each of whole) if (each === part[at]) at += 1;
  return at === part.length;
};
