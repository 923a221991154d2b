import { describe, expect, test } from 'vitest';
import { Instance } from './instance.ts';
import { Checkout, notes, Nudge, tripOf, type TripContext } from './trip-contracts.ts';

/** Each turn waits for a nudge. The newer code asks first, but only in runs that take the change. */
const older = async (ctx: TripContext): Promise<string> => {
  for (let turn = 0; turn < 3; turn += 1) await ctx.waitFor(Nudge);
  return 'over';
};
const newer = async (ctx: TripContext): Promise<string> => {
  for (let turn = 0; turn < 3; turn += 1) {
    await ctx.waitFor(Nudge);
    if (ctx.patched('ask')) await ctx.call(notes.notify, { text: `turn ${turn}` });
  }
  return 'over';
};
/** The change is in every open run, so its call and the other code are deleted. */
const newest = async (ctx: TripContext): Promise<string> => {
  for (let turn = 0; turn < 3; turn += 1) {
    await ctx.waitFor(Nudge);
    await ctx.call(notes.notify, { text: `turn ${turn}` });
  }
  return 'over';
};

/** One turn, and the reply to its call. */
const nudge = async (trip: Instance): Promise<void> => {
  await trip.happens(Nudge);
  if (trip.open().length > 0) await trip.completes('notes.notify');
};

const begun = async (body: (ctx: TripContext) => Promise<unknown>, nudges: number): Promise<Instance> => {
  // A copy that is rebuilt for the comparison would run the code of the begin.
  const trip = new Instance(tripOf(body), { compare: false });
  await trip.starts(Checkout);
  for (let n = 0; n < nudges; n += 1) await nudge(trip);
  return trip;
};
/** Deploys other code, and goes on. */
const goesOn = async (trip: Instance, body: (ctx: TripContext) => Promise<unknown>, nudges: number): Promise<Instance> => {
  await trip.reload(tripOf(body));
  for (let n = 0; n < nudges; n += 1) await nudge(trip);
  return trip;
};

describe('ctx.patched', () => {
  test('is true in a run that begins on the code with the change, and journals it once', async () => {
    const trip = await begun(newer, 3);
    expect(trip.trace().filter((entry) => entry.startsWith('ChangeTaken'))).toEqual(['ChangeTaken ask']);
    expect(trip.entries('CommandIssued')).toHaveLength(3);
    expect(trip.status).toBe('completed');
  });

  test('is true in a run that has not come to its first call when the change is deployed', async () => {
    const trip = await goesOn(await begun(older, 0), newer, 3);
    expect(trip.bug).toBeUndefined();
    expect(trip.entries('ChangeTaken')).toEqual([{ type: 'ChangeTaken', path: 'ask' }]);
    expect(trip.entries('CommandIssued')).toHaveLength(3);
  });

  test('is false at each call of a run that was past the first one, also for a call that it reaches later', async () => {
    const trip = await goesOn(await begun(older, 1), newer, 2);
    expect(trip.bug).toBeUndefined();
    expect(trip.status).toBe('completed');
    expect(trip.entries('ChangeTaken')).toEqual([]);
    expect(trip.entries('CommandIssued')).toEqual([]);
  });

  test('may be deleted when each run has taken the change, and entries keep their places', async () => {
    const trip = await goesOn(await begun(newer, 2), newest, 0);
    expect(trip.run?.position).toBe(trip.journal.length);
    await nudge(trip);
    expect(trip.bug).toBeUndefined();
    expect(trip.status).toBe('completed');
    expect(trip.entries('CommandIssued')).toHaveLength(3);
  });

  test('deleted too early is a difference in a run without the change', async () => {
    const trip = await begun(newer, 0);
    await trip.reload(tripOf(older));
    await trip.happens(Nudge);
    await trip.reload(tripOf(newer));
    expect(trip.run?.bug).toBeUndefined();
    await trip.reload(tripOf(newest));
    expect(trip.run?.bug).toMatchObject({ code: 'NONDETERMINISM' });
  });

  test('is asked again by a run that continues as new', async () => {
    const trip = await goesOn(
      await begun(async (ctx) => {
        await ctx.waitFor(Nudge);
        await ctx.waitFor(Nudge);
        return ctx.continueAsNew({ id: 'a' });
      }, 1),
      async (ctx) => {
        await ctx.waitFor(Nudge);
        ctx.patched('ask');
        await ctx.waitFor(Nudge);
        return ctx.continueAsNew({ id: 'a' });
      },
      2,
    );
    expect(trip.entries('ChangeTaken')).toHaveLength(1);
  });

  test('is a bug with a name that is no text', async () => {
    const trip = await begun(async (ctx) => ctx.patched(7 as never), 0);
    expect(trip.bug?.message).toContain('labelled a scope, a compensation, a step or a change 7: it is not a string');
  });
});
