import { expect, test } from 'vitest';
import * as z from 'zod';
import { command, event, process, service } from 'tutti';
import { EngineRig } from './engine-rig.ts';

const TRACE = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';

const Ordered = event('shop.ordered', z.object({ id: z.string() }));
const Shipped = event('trips.shipped', z.object({ id: z.string() }));
const depot = service('depot', { pick: command({ input: z.object({ id: z.string() }) }) });
const ship = process('ship', { startOn: Ordered.byId((order) => order.id), publishes: [Shipped] }, async (ctx, { id }) => {
  await ctx.call(depot.pick, { id });
  await ctx.sleep('1 minute');
  await ctx.call(depot.pick, { id });
  ctx.publish(Shipped, { id });
});

test('the trace of the start goes on to every command and event, also past a timer and a cold start; hops count published events', async () => {
  const rig = new EngineRig([ship], [depot]);
  rig.happens(Ordered, { id: 'o-1' }, 'e-1', { traceparent: TRACE, hops: 3 });
  await rig.advance();
  const [first] = await rig.commands('depot');
  expect([first?.traceparent, first?.hops]).toEqual([TRACE, 3]);
  await rig.answers(first!, 'completed', null);
  await rig.advance();
  rig.clock.advance(60_000);
  await rig.advanceCold();
  const [second] = await rig.commands('depot');
  // A timer has no cause on the bus: what it leads to counts from 0.
  expect([second?.traceparent, second?.hops]).toEqual([TRACE, 0]);
  await rig.answers(second!, 'completed', null);
  await rig.advanceCold();
  const { traceparent, hops } = JSON.parse(rig.published.at(-1)!.detail) as { readonly traceparent?: string; readonly hops: number };
  expect([traceparent, hops]).toEqual([TRACE, 1]);
});
