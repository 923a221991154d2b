import { expect, test } from 'vitest';
import { Booked, Checkout, Nudge, services, tripOf } from '../core/trip-contracts.ts';
import { EngineRig, operation } from './engine-rig.ts';

const PID = 'default#trip#a';
const code = { events: 0 };

/** Publishes so many events of about a kilobyte at once. */
const trip = tripOf(async (ctx) => {
  await ctx.waitFor(Nudge);
  for (let i = 0; i < code.events; i += 1) ctx.publish(Booked, { text: `${i} ${'x'.repeat(900)}` });
  await ctx.waitFor(Nudge);
});

test('an instance whose control state grows too large is stuck while the write that says so still fits, and resume goes on after a fix', async () => {
  const rig = new EngineRig([trip], services);
  code.events = 400;
  rig.happens(Checkout, { id: 'a' });
  await rig.advance();
  const before = await rig.head(PID);
  rig.happens(Nudge, { id: 'a', word: 'w' });
  await rig.advance();
  const head = await rig.head(PID);
  expect([head?.status, head?.control, head?.tail]).toEqual(['stuck', before?.control, before?.tail]);
  expect(JSON.parse(head?.why ?? '{}')).toMatchObject({ code: 'SIZE', was: 'running' });
  expect((await rig.parking.parked(PID)).map(({ reason }) => reason)).toEqual(['STUCK']);
  expect(rig.published).toEqual([]);
  code.events = 4;
  rig.operates(operation('resume', PID));
  await rig.advanceCold();
  expect([(await rig.head(PID))?.status, rig.published.length]).toEqual(['running', 4]);
});
