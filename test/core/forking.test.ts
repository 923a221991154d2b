import { expect, test } from 'vitest';
import { Instance } from './instance.ts';
import { Checkout, notes, Nudge, payments, tripOf } from './trip-contracts.ts';

test('a fork runs no command again that pauses between two runs and that no step awaits', async () => {
  const trip = new Instance(
    tripOf(async (ctx) => {
      ctx.detach(ctx.call(payments.charge, { amount: 1 }));
      await ctx.waitFor(Nudge);
      ctx.send(notes.notify, { text: 'hi' });
      await ctx.waitFor(Nudge);
    }),
  );
  await trip.starts(Checkout);
  await trip.breaksDown('payments.charge');
  await trip.happens(Nudge);
  await trip.breaksDown('notes.notify');
  expect(trip.image.resends.size).toBe(1);
  expect(trip.timers()).toHaveLength(2);
  const fork = await trip.rebuilt();
  await fork.apply({ type: 'Forked', at: trip.image.clock, id: 'default#trip#x/R/1', reason: 'again', by: 'ada', edited: 99, data: {} });
  expect(fork.run.bug).toBeUndefined();
  expect(fork.run.image.resends.size).toBe(0);
  expect([...fork.run.image.timers.values()]).toEqual([]);
  expect([...fork.run.steps.values()]).toEqual([]);
});
