import { expect, test } from 'vitest';
import * as z from 'zod';
import { event, process } from 'tutti';
import { Checkout, flights, services, tripOf } from '../core/trip-contracts.ts';
import { EngineRig } from './engine-rig.ts';

test('two starts whose ids had one FNV-1a digest begin two runs, and each sends its own commands', async () => {
  const trip = tripOf((ctx) => ctx.call(flights.book, { to: 'Oslo' }), { onClosed: 'restart' });
  const rig = new EngineRig([trip], services);
  const booked: string[] = [];
  // The first and the last of them: `r19d435009859` was the run of both.
  for (const id of ['k-onn1', 'any-other', 'k-1gjqe8']) {
    rig.happens(Checkout, { id: 'mallory' }, id);
    await rig.advance();
    const [book] = await rig.commands('flights');
    booked.push(book!.id);
    await rig.answers(book!, 'completed', { reference: 'f' });
    await rig.advance();
  }
  expect(new Set(booked).size).toBe(3);
});

test('a start of one type does not take the place of a start of another type with its id', async () => {
  const Order = z.object({ id: z.string() });
  const Placed = event('shop.placed', Order);
  const Promoted = event('ads.promoted', Order);
  const startOn = [Placed.byId(({ id }) => id), Promoted.byId(({ id }) => id)];
  const fulfil = process('fulfil', { startOn, onClosed: 'restart' }, async () => null);
  const rig = new EngineRig([fulfil], services);
  const runs: (string | undefined)[] = [];
  for (const type of [Promoted, Placed, Placed]) {
    rig.happens(type, { id: 'o-7' }, 'o-7');
    await rig.advance();
    runs.push((await rig.head('default#fulfil#o-7'))?.run);
  }
  const [promoted, placed, again] = runs;
  expect(placed).not.toBe(promoted);
  expect(again).toBe(placed);
});
