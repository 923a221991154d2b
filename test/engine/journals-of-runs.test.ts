import { expect, test } from 'vitest';
import { process } from 'tutti';
import { parseEntry, textsOfRun } from '../../lib/format/read-journal.ts';
import { Checkout, Nudge, services } from '../core/trip-contracts.ts';
import { EngineRig } from './engine-rig.ts';

const PID = 'default#trip#a';
/** Takes nudges until one says that it is the last. */
const trip = process(
  'trip',
  { startOn: Checkout.byId(({ id }) => id), receives: [Nudge.byId(({ id }) => id)], onClosed: 'restart' },
  async (ctx) => {
    for (;;) {
      const { word } = await ctx.waitFor(Nudge);
      if (word === 'last') return word;
    }
  },
);

const textsOf = async (rig: EngineRig): Promise<readonly string[]> => {
  const head = await rig.head(PID);
  return head === undefined ? [] : textsOfRun(rig.store, head, head.run);
};

// Lengths on both sides of the size at which entries leave the head (2,400 characters), and a run whose last events come in one batch.
test.each([
  ['with its copy in memory', false],
  ['on a worker that has nothing in memory', true],
])('a start after the end keeps the whole journal of the run before, %s', async (_where, isCold) => {
  const rig = new EngineRig([trip], services);
  const before = new Map<string, readonly string[]>();
  for (const nudges of [0, 1, 3, 7, 8, 9, 40]) {
    rig.happens(Checkout, { id: 'a' });
    for (let nudge = 0; nudge < nudges; nudge += 1) {
      rig.happens(Nudge, { id: 'a', word: 'go on' });
      if (nudge < nudges - 2) await (isCold ? rig.advanceCold() : rig.advance());
    }
    rig.happens(Nudge, { id: 'a', word: 'last' });
    await (isCold ? rig.advanceCold() : rig.advance());
    const head = await rig.head(PID);
    const texts = await textsOf(rig);
    expect(parseEntry(texts.at(-1) ?? '{}')).toMatchObject({ type: 'ProcessCompleted' });
    expect(texts).toHaveLength(2 * nudges + 4);
    before.set(head?.run ?? '', texts);
  }
  expect(before.size).toBe(7);
  const head = (await rig.head(PID)) ?? expect.fail('no head');
  for (const [run, texts] of before) expect(await textsOfRun(rig.store, head, run)).toEqual(texts);
});
