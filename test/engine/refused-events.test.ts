import { describe, expect, test } from 'vitest';
import { MemoryProcessStore } from '../../lib/adapters/memory/process-store.ts';
import type { Head } from '../../lib/ports/process-store.ts';
import { Checkout, flights, hotels, Nudge, services, tripOf, type TripContext } from '../core/trip-contracts.ts';
import { EngineRig, operation } from './engine-rig.ts';

const PID = 'default#trip#a';

/** A store on which other workers act between two reads. */
class MeddledStore extends MemoryProcessStore {
  /** Acts before the n-th read from now. */
  meddles: { reads: number; readonly act: () => Promise<void> } | undefined;

  override async load(pids: readonly string[]): Promise<readonly (Head | undefined)[]> {
    const { meddles } = this;
    if (meddles && (meddles.reads -= 1) === 0) {
      this.meddles = undefined;
      await meddles.act();
    }
    return super.load(pids);
  }
}

const nudged = async (ctx: TripContext): Promise<void> => {
  await ctx.waitFor(Nudge);
  await ctx.call(hotels.book, { to: 'Lisbon' });
};
const good = tripOf(nudged);
const asking = tripOf(async (ctx) => {
  ctx.send(hotels.cancel, { reference: 'before' });
  await nudged(ctx);
});
const broken = tripOf(async (ctx) => {
  await ctx.waitFor(Nudge);
  throw new TypeError('this build is broken');
});

/** A broken build and a good one on one store, with an instance that waits for a nudge. */
const twoBuilds = async (working = good): Promise<{ readonly store: MeddledStore; readonly bad: EngineRig; readonly sound: EngineRig }> => {
  const store = new MeddledStore();
  const bad = new EngineRig([broken], services, { store, checks: true });
  const sound = new EngineRig([working], services, { store });
  sound.happens(Checkout, { id: 'a' });
  await sound.advance();
  return { store, bad, sound };
};

const status = async (rig: EngineRig): Promise<unknown> => (await rig.head(PID))?.status;

describe('a refused event is classified again before it stops its instance', () => {
  test('an event that another worker has applied meanwhile is a duplicate, and is not parked', async () => {
    const { store, bad, sound } = await twoBuilds();
    const nudge = { id: 'a', word: 'go' };
    bad.happens(Nudge, nudge, 'n1');
    sound.happens(Nudge, nudge, 'n1');
    // The group is read, and once more after the refusal; the third read is that of the settling.
    store.meddles = { reads: 3, act: () => sound.advance() };
    await bad.advance();
    expect(await status(bad)).toBe('running');
    expect(await bad.parking.parked(PID)).toEqual([]);
  });

  test('an event that no worker has applied meanwhile makes its instance stuck', async () => {
    const { bad } = await twoBuilds();
    bad.happens(Nudge, { id: 'a', word: 'go' });
    await bad.advance();
    expect(await status(bad)).toBe('stuck');
    expect(await bad.parking.parked(PID)).toHaveLength(1);
  });

  test('an answer that was ahead of its head is applied where the head has caught up', async () => {
    const { store, sound } = await twoBuilds(asking);
    const other = new EngineRig([asking], services, { store });
    const run = (await sound.head(PID))?.run;
    const early = sound.envelope('hotels.book', `${PID}/${run}/2`, { to: 'Lisbon' });
    await other.answers(early, 'completed', { reference: 'ok' });
    sound.happens(Nudge, { id: 'a' });
    store.meddles = { reads: 2, act: () => sound.advance() };
    await other.advance();
    expect(await status(other)).toBe('completed');
  });

  test('a resume that this build cannot do leaves alone what another worker has resumed meanwhile', async () => {
    const { store, bad, sound } = await twoBuilds();
    bad.happens(Nudge, { id: 'a' });
    await bad.advance();
    expect(await status(bad)).toBe('stuck');
    const old = new EngineRig([tripOf(nudged, { version: 2 })], services, { store });
    old.operates({ ...operation('resume', PID), opid: 'second' });
    sound.operates(operation('resume', PID));
    store.meddles = { reads: 3, act: () => sound.advanceCold() };
    await old.batch();
    expect(await status(old)).toBe('running');
  });

  test('an event that ended its workers, and that another worker has applied, only sends again what it has caused', async () => {
    const { bad, sound } = await twoBuilds();
    sound.happens(Nudge, { id: 'a' }, 'n1');
    await sound.advance();
    await sound.commands('hotels');
    const body = sound.bodies.at(-1) as string;
    const message = { messageId: 'killer', receiptHandle: 'r', body, sentAt: sound.clock.now(), receiveCount: 9 };
    for (let begun = 0; begun < 3; begun += 1) await bad.parking.attempt(`killer/${PID}`, 1);
    const result = await bad.engine.advance([message]);
    expect(result).toEqual({ acknowledge: ['r'], giveBack: [] });
    expect(await status(bad)).toBe('running');
    expect(await bad.commands('hotels')).toHaveLength(1);
  });

  test('a command with a large input that can never be sent makes its instance stuck', async () => {
    const to = 'x'.repeat(150_000);
    const rig = new EngineRig([tripOf(async (ctx) => void (await ctx.call(flights.book, { to })))], services);
    rig.flights.refusing = true;
    rig.happens(Checkout, { id: 'a' });
    await rig.batch();
    expect(await rig.head(PID)).toMatchObject({ status: 'stuck', why: expect.stringContaining('DISPATCH') });
  });

  test('a command that can never be sent makes its instance stuck as long as the head holds it', async () => {
    const rig = new EngineRig(
      [tripOf(async (ctx) => void (await ctx.race({ flight: ctx.call(flights.book, { to: 'LIS' }), nudge: ctx.waitFor(Nudge) })))],
      services,
    );
    rig.flights.refusing = true;
    rig.happens(Checkout, { id: 'a' });
    await rig.advance();
    expect(await rig.head(PID)).toMatchObject({ status: 'stuck', why: expect.stringContaining('DISPATCH') });
  });
});
