import * as z from 'zod';
import { expect, test } from 'vitest';
import { event, process } from 'tutti';
import { parseEntry } from '../../lib/format/read-journal.ts';
import { EngineRig, operation } from './engine-rig.ts';

const Begin = event('trips.begin', z.object({ id: z.string() }));
const Go = event('shop.go', z.object({ id: z.string() }));
const leg = process('leg', { input: z.object({}), receives: [Go.byId(({ id }) => id)] }, async (ctx) => void (await ctx.waitFor(Go)));
/** Begins a child, goes on as another run at the first event, and waits. */
const tour = (version: number) =>
  process('tour', { startOn: Begin.byId(({ id }) => id), receives: [Go.byId(({ id }) => id)], version }, async (ctx, input) => {
    ctx.detach(ctx.child(leg, {}, { id: 'l' }));
    await ctx.waitFor(Go);
    return ctx.continueAsNew(input);
  });
const CODES = { 'tour@1': 'aaaaaaaaaaaaaaaa', 'tour@2': 'bbbbbbbbbbbbbbbb', 'leg@1': 'cccccccccccccccc' };

const firstOf = async (rig: EngineRig, pid: string) => {
  const head = await rig.head(pid);
  return parseEntry(head?.tail[0] ?? '{}');
};

test('the start of a run, of a child and of a next run name the code of their definition, and so does a move', async () => {
  const rig = new EngineRig([tour(1), leg], [], { codes: CODES });
  rig.happens(Begin, { id: 't' });
  await rig.advance();
  expect(await firstOf(rig, 'default#tour#t')).toMatchObject({ type: 'ProcessStarted', definition: 'tour@1', code: CODES['tour@1'] });
  expect(await firstOf(rig, 'default#leg#l')).toMatchObject({ type: 'ProcessStarted', definition: 'leg@1', code: CODES['leg@1'] });
  rig.happens(Go, { id: 't' });
  await rig.advanceCold();
  expect(await firstOf(rig, 'default#tour#t')).toMatchObject({ continues: { number: 2 }, code: CODES['tour@1'] });

  const later = new EngineRig([tour(2), tour(1), leg], [], { codes: CODES, store: rig.store });
  later.operates({ ...operation('move', 'default#tour#t'), version: 2 });
  await later.advance();
  const tail = (await later.head('default#tour#t'))?.tail ?? [];
  expect(parseEntry(tail.at(-1) ?? '{}')).toMatchObject({ type: 'Moved', definition: 'tour@2', code: CODES['tour@2'] });
});

test('a journal with a code replays on a build that knows another, or none', async () => {
  const before = new EngineRig([tour(1), leg], [], { codes: CODES });
  before.happens(Begin, { id: 't' });
  await before.advance();
  for (const [event, codes] of [['first', undefined] as const, ['second', { 'tour@1': 'dddddddddddddddd' }] as const]) {
    const rig = new EngineRig([tour(1), leg], [], { codes, store: before.store });
    rig.happens(Go, { id: 't' }, event);
    await rig.advance();
    expect((await rig.head('default#tour#t'))?.status).toBe('running');
  }
  expect(await firstOf(before, 'default#tour#t')).toMatchObject({ continues: { number: 3 }, code: 'dddddddddddddddd' });
});

test('a build that does not know the code of a definition journals none', async () => {
  const rig = new EngineRig([tour(1), leg], []);
  rig.happens(Begin, { id: 't' });
  await rig.advance();
  expect(await firstOf(rig, 'default#tour#t')).not.toHaveProperty('code');
});
