import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { event, process } from 'tutti';
import { EngineRig } from './engine-rig.ts';

const Began = event('shop.began', z.object({ id: z.string() }));
const Said = event('shop.said', z.object({ id: z.string() }));
const code = { broken: true };
const nap = process('nap', { startOn: Began.byId(({ id }) => id), receives: [Said.byId(({ id }) => id)] }, async (ctx) => {
  await ctx.race({ slept: ctx.sleep('1 minute'), said: ctx.waitFor(Said) });
  if (code.broken) throw new TypeError('order.customer is undefined');
});

/** Instances that sleep, and an engine that has nothing warm in each batch. */
const napping = async (...ids: readonly string[]): Promise<EngineRig> => {
  code.broken = true;
  const rig = new EngineRig([nap], []);
  for (const id of ids) rig.happens(Began, { id });
  await rig.batch();
  return rig;
};

const seconds = async (rig: EngineRig, count: number): Promise<void> => {
  for (let i = 0; i < count; i += 1) {
    rig.clock.advance(1_000);
    for (let some = true; some;) {
      rig.engine.forget();
      some = await rig.batch();
    }
  }
};

describe('a tick whose code is POISON', () => {
  test.each([['alone', ['a']] as const, ['beside another in its batch', ['a', 'b']] as const])(
    'sends no tick at its deliveries, %s, until its instance is stuck',
    async (_how, ids) => {
      const rig = await napping(...ids);
      expect(rig.ticks).toBe(ids.length);
      await seconds(rig, 90);
      for (const id of ids) expect((await rig.head(`default#nap#${id}`))?.status).toBe('stuck');
      expect(rig.ticks).toBe(ids.length);
    },
  );
});

test('an event whose code is POISON sends again what the head has fired only when its decision is committed', async () => {
  const rig = await napping('a');
  rig.happens(Said, { id: 'a' });
  rig.engine.forget();
  await rig.batch();
  expect(rig.ticks).toBe(1);
  code.broken = false;
  await seconds(rig, 5);
  expect((await rig.head('default#nap#a'))?.status).toBe('completed');
  expect(rig.ticks).toBe(2);
});
