import { expect, test } from 'vitest';
import { Nudge } from './trip-contracts.ts';
import { started } from './trip-steps.ts';

const ring = (): { self?: unknown } => {
  const node: { self?: unknown } = {};
  node.self = node;
  return node;
};

test.each<[string, () => unknown, (value: never) => unknown]>([
  ['an object that refers to itself', ring, (value: { self: unknown }) => value.self === value],
  ['bytes', () => new Uint8Array([1]), (bytes: Uint8Array) => bytes[0] === 1],
  ['a list of its own that grows later', () => ['a'], (list: string[]) => list.push('b') === 2],
])('a scope can return %s, which is not journaled, unchanged', async (_, make, use) => {
  const trip = await started(async (ctx) => use((await ctx.scope('s', () => Promise.resolve(make()))) as never));
  expect(trip.bug).toBeUndefined();
  expect(trip.entries('ProcessCompleted')[0]?.data).toBe(true);
});

test('journaled values are frozen deeply', async () => {
  const trip = await started(async (ctx) => {
    const nudge = await ctx.waitFor(Nudge);
    return Object.isFrozen(nudge) && Object.isFrozen(ctx.start.data);
  });
  await trip.happens(Nudge);
  expect(trip.entries('ProcessCompleted')[0]?.data).toBe(true);
});
