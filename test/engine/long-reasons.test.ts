import { expect, test } from 'vitest';
import { Checkout, Nudge, services, tripOf } from '../core/trip-contracts.ts';
import { EngineRig } from './engine-rig.ts';

test('the message of an error is cut to a readable length, so that the instance can be marked as stuck', async () => {
  const trip = tripOf(async (ctx) => {
    await ctx.waitFor(Nudge);
    throw new TypeError(`no such customer ${'x'.repeat(500_000)}`);
  });
  const rig = new EngineRig([trip], services, { checks: true });
  rig.happens(Checkout, { id: 'a' });
  rig.happens(Nudge, { id: 'a' });
  await rig.advance();
  const head = await rig.head('default#trip#a');
  expect(head?.status).toBe('stuck');
  expect(head?.why).toContain('no such customer');
  expect(head?.why?.length).toBeLessThan(3_000);
  const [parked] = await rig.parking.parked('default#trip#a');
  expect(parked?.detail.length).toBeLessThan(3_000);
});
