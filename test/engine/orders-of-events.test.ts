import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { decider, event, process } from 'tutti';
import { parseCommandId } from '../../lib/contract/wire/process-id.ts';
import { identityOf } from '../../lib/core/identity.ts';
import { sha256 } from '../../lib/format/inbox-message.ts';
import { Booked, Checkout, flights, Nudge, payments, services, tripOf } from '../core/trip-contracts.ts';
import { EngineRig, operation } from './engine-rig.ts';

// Orders of events that could break a rule.
const PID = 'default#trip#a';

/** Publishes a word for each nudge that comes, and never ends. */
const echo = tripOf(async (ctx) => {
  for (;;) {
    const { word } = await ctx.waitFor(Nudge);
    ctx.publish(Booked, { text: word });
  }
});

describe('a pending send that was not sent is never dropped', () => {
  test('not by a commit after a duplicate came while another instance sent something', async () => {
    const rig = new EngineRig([echo], services);
    rig.happens(Checkout, { id: 'a' });
    rig.happens(Checkout, { id: 'b' });
    rig.happens(Nudge, { id: 'a', word: 'before' }, 'known');
    await rig.advance();
    rig.bus.broken = true;
    rig.happens(Nudge, { id: 'a', word: 'first' });
    await rig.batch();
    rig.bus.broken = false;
    rig.happens(Nudge, { id: 'a', word: 'before' }, 'known');
    rig.happens(Nudge, { id: 'b', word: 'other' });
    await rig.batch();
    rig.happens(Nudge, { id: 'a', word: 'second' });
    await rig.batch();
    await rig.pass(10_000);
    expect(rig.texts()).toContain('first');
    expect(rig.texts()).toContain('second');
  });

  test('not by a commit whose own are sent, after those before it could not be', async () => {
    const rig = new EngineRig([echo], services);
    rig.happens(Checkout, { id: 'a' });
    await rig.advance();
    rig.bus.broken = true;
    rig.happens(Nudge, { id: 'a', word: 'first' });
    await rig.batch();
    rig.bus.callsUntilFixed = 3;
    rig.happens(Nudge, { id: 'a', word: 'second' });
    await rig.batch();
    rig.happens(Nudge, { id: 'a', word: 'third' });
    await rig.batch();
    await rig.pass(10_000);
    expect(rig.texts()).toEqual(expect.arrayContaining(['first', 'second', 'third']));
  });

  test('not by a batch whose sends end after those of the commit before it', async () => {
    const rig = new EngineRig([echo], services);
    rig.happens(Checkout, { id: 'a' });
    await rig.advance();
    rig.happens(Nudge, { id: 'a', word: 'first' });
    const held = rig.bus.hold();
    const one = rig.batch();
    await held.reached;
    rig.bus.broken = true;
    rig.happens(Nudge, { id: 'a', word: 'second' });
    await rig.batch();
    rig.bus.broken = false;
    held.release();
    await one;
    rig.happens(Nudge, { id: 'a', word: 'third' });
    await rig.batch();
    await rig.pass(10_000);
    expect(rig.texts()).toEqual(expect.arrayContaining(['first', 'second', 'third']));
  });
});

describe('a decision that is too large', () => {
  const many = Array.from({ length: 300 }, (_, i) => `${i}`.padEnd(1_000, 'x'));
  const flood = tripOf(async (ctx) => {
    await ctx.waitFor(Nudge);
    const flight = ctx.call(flights.book, { to: 'Oslo' });
    await ctx.waitFor(Nudge);
    for (const text of many) ctx.publish(Booked, { text });
    await flight;
  });

  test('does not acknowledge an event of its batch whose command was never sent', async () => {
    const rig = new EngineRig([flood], services);
    rig.happens(Checkout, { id: 'a' });
    await rig.advance();
    rig.flights.broken = true;
    rig.happens(Nudge, { id: 'a' });
    await rig.batch();
    rig.flights.broken = false;
    rig.clock.advanceTo(rig.clock.now() + 5_000);
    rig.happens(Nudge, { id: 'a' });
    await rig.batch();
    expect((await rig.head(PID))?.status).toBe('stuck');
    expect(await rig.commands('flights')).toMatchObject([{ type: 'flights.book' }]);
  });

  test('does not lose a second start of its batch', async () => {
    const rig = new EngineRig([flood], services);
    rig.happens(Checkout, { id: 'a' });
    await rig.advance();
    rig.happens(Nudge, { id: 'a' });
    await rig.advance();
    rig.happens(Nudge, { id: 'a' });
    rig.happens(Checkout, { id: 'a' }, 'second');
    await rig.batch();
    await rig.pass(60_000);
    const parked = await rig.parking.parked(PID);
    const rejected = (await rig.head(PID))?.tail.some((entry) => entry.includes('StartRejected'));
    expect(rejected || parked.some(({ body }) => body.includes('"second"'))).toBe(true);
  });
});

describe('a start over a run that ends in the same batch', () => {
  const short = tripOf(
    async (ctx) => {
      await ctx.waitFor(Nudge);
      ctx.publish(Booked, { text: 'done' });
    },
    { onClosed: 'restart' },
  );

  test('begins after that run is committed: its journal is whole, and nothing is sent before', async () => {
    const rig = new EngineRig([short], services);
    rig.happens(Checkout, { id: 'a' }, 'one');
    await rig.advance();
    rig.happens(Nudge, { id: 'a' });
    rig.happens(Checkout, { id: 'a' }, 'two');
    rig.happens(Nudge, { id: 'a' });
    await rig.advanceCold();
    expect(await rig.head(PID)).toMatchObject({
      run: identityOf(sha256, { pid: PID, event: Checkout.type, id: 'two' }),
      status: 'completed',
    });
    const chunks = await rig.store.chunks(PID, identityOf(sha256, { pid: PID, event: Checkout.type, id: 'one' }));
    expect(chunks.flatMap(({ entries }) => entries).at(-1)).toContain('ProcessCompleted');
  });

  test('waits while an undo of the run before is between two tries', async () => {
    const trip = tripOf(
      async (ctx) => {
        await ctx.race({ flight: ctx.call(flights.book, { to: 'Oslo' }), nudge: ctx.waitFor(Nudge) });
      },
      { onClosed: 'restart' },
    );
    const rig = new EngineRig([trip], services);
    rig.happens(Checkout, { id: 'a' }, 'one');
    await rig.advance();
    const [book] = await rig.commands('flights');
    rig.operates(operation('terminate', PID));
    await rig.advance();
    await rig.answers(book!, 'completed', { reference: 'f' });
    await rig.advance();
    const [undo] = await rig.commands('flights');
    await rig.answers(undo!, 'failed', { type: 'Unavailable', message: 'down', data: {} }, { retryable: true });
    await rig.batch();
    rig.happens(Checkout, { id: 'a' }, 'two');
    await rig.batch();
    await rig.pass(120_000);
    const again = (await rig.commands('flights')).find(({ type }) => type === 'flights.cancel');
    expect(again?.undoes).toBe(book?.id);
    expect(parseCommandId(again?.id ?? '')?.run).toBe(identityOf(sha256, { pid: PID, event: Checkout.type, id: 'one' }));
  });
});

describe('a start that was decided without a read', () => {
  test('does not make an instance stuck that is there and goes on', async () => {
    const trip = tripOf(async (ctx, { note }) => {
      if (note !== undefined) throw new TypeError('note.trim is no function');
      await ctx.waitFor(Nudge);
    });
    const rig = new EngineRig([trip], services, { checks: true });
    rig.happens(Checkout, { id: 'a' });
    await rig.advance();
    rig.happens(Checkout, { id: 'a', note: 'x' });
    await rig.advanceCold();
    expect(await rig.head(PID)).toMatchObject({ status: 'running' });
    expect((await rig.head(PID))?.tail.at(-2)).toContain('StartRejected');
  });
});

describe('a stuck instance', () => {
  const charged = tripOf(async (ctx) => {
    await ctx.call(payments.charge, { amount: 1 });
  });

  test('is not made stuck again by a second copy of the answer that made it so', async () => {
    const rig = new EngineRig([charged], services);
    rig.happens(Checkout, { id: 'a' });
    await rig.advance();
    const [charge] = await rig.commands('payments');
    await rig.answers(charge!, 'unknown', null);
    await rig.answers(charge!, 'unknown', null);
    await rig.advance();
    rig.operates(operation('resume', PID));
    await rig.advance();
    expect((await rig.head(PID))?.status).toBe('running');
  });

  test('that was made stuck in the batch in which it is terminated, is terminated', async () => {
    const rig = new EngineRig([charged], services);
    rig.happens(Checkout, { id: 'a' });
    await rig.advance();
    const [charge] = await rig.commands('payments');
    await rig.answers(charge!, 'unknown', null);
    rig.operates(operation('terminate', PID));
    await rig.batch();
    expect((await rig.head(PID))?.status).toBe('terminated');
  });

  test('of a version that is not listed any more can be terminated', async () => {
    const old = tripOf(async (ctx) => void (await ctx.waitFor(Nudge)));
    const rig = new EngineRig([old], services);
    rig.happens(Checkout, { id: 'a' });
    await rig.advance();
    const next = rig.deployed([process('trip', { startOn: Checkout.byId(({ id }) => id), version: 2 }, async () => {})]);
    next.operates(operation('terminate', PID));
    await next.advance();
    expect((await next.head(PID))?.status).toBe('terminated');
  });

  test('with a poisoned start keeps its early events, also if another start is in the batch of its resume', async () => {
    let broken = true;
    const trip = tripOf(async (ctx) => {
      if (broken) throw new TypeError('order is undefined');
      return { word: (await ctx.waitFor(Nudge)).word };
    });
    const rig = new EngineRig([trip], services, { checks: true });
    rig.happens(Nudge, { id: 'a', word: 'early' });
    await rig.advance();
    rig.happens(Checkout, { id: 'a' }, 'one');
    await rig.advance();
    expect(await rig.head(PID)).toMatchObject({ status: 'stuck' });
    broken = false;
    rig.operates(operation('resume', PID));
    rig.happens(Checkout, { id: 'a' }, 'two');
    await rig.advance();
    expect((await rig.head(PID))?.status).toBe('completed');
    expect((await rig.head(PID))?.tail.join()).toContain('"word":"early"');
  });
});

describe('an event older than the ring of ids', () => {
  test('is applied where only the data of another event holds its id', async () => {
    const rig = new EngineRig([echo], services);
    rig.happens(Checkout, { id: 'a' });
    await rig.advance();
    for (let i = 0; i < 70; i += 1) rig.happens(Nudge, { id: 'a', word: `w${i}` });
    await rig.advance();
    rig.happens(Nudge, { id: 'a', word: 'late' }, 'a');
    await rig.advance();
    expect(rig.texts()).toContain('late');
  });

  test('is a duplicate where the journal has it, also of another engine, however many came since', async () => {
    const rig = new EngineRig([echo], services);
    rig.happens(Checkout, { id: 'a' });
    await rig.advance();
    const words = Array.from({ length: 300 }, (_, i) => `w${i}`);
    for (const word of words) rig.happens(Nudge, { id: 'a', word }, word);
    await rig.advance();
    rig.clock.advance(60_000);
    for (const word of words) rig.happens(Nudge, { id: 'a', word }, word, { time: new Date(rig.clock.now() - 60_000).toISOString() });
    await rig.advanceCold();
    // Those of the last commit are sent again, under the ids that they had.
    const sent = new Map(rig.published.map(({ detail }) => [(JSON.parse(detail) as { readonly id: string }).id, detail]));
    expect(sent.size).toBe(words.length);
    expect(new Set(rig.texts())).toEqual(new Set(words));
  });
});

describe('one id that two types of event have', () => {
  const Paid = event('bank.paid', z.object({ id: z.string() }));
  const Sent = event('post.sent', z.object({ id: z.string() }));
  const byId = ({ id }: { readonly id: string }): string => id;

  test('does not make the second a duplicate for an async process', async () => {
    const order = process('trip', { startOn: Checkout.byId(byId), receives: [Paid.byId(byId), Sent.byId(byId)] }, async (ctx) => {
      await ctx.waitFor(Paid);
      await ctx.waitFor(Sent);
    });
    const rig = new EngineRig([order], services);
    rig.happens(Checkout, { id: 'a' });
    rig.happens(Paid, { id: 'a' }, 'order-a');
    await rig.advance();
    rig.happens(Paid, { id: 'a' }, 'order-a');
    rig.happens(Sent, { id: 'a' }, 'order-a');
    await rig.advance();
    expect((await rig.head(PID))?.status).toBe('completed');
  });

  test('does not make the second a duplicate for a decider, also not of the one that began it', async () => {
    const seen = decider('trip', { state: z.object({ heard: z.array(z.string()) }), initial: () => ({ heard: [] }) })
      .on(Paid.byId(byId), ({ heard }) => ({ heard: [...heard, 'paid'] }))
      .on(Sent.byId(byId), ({ heard }) => ({ heard: [...heard, 'sent'] }));
    const rig = new EngineRig([seen], services);
    for (const each of [Paid, Sent, Paid, Sent]) {
      rig.happens(each, { id: 'a' }, 'order-a');
      await rig.advance();
    }
    expect(JSON.parse((await rig.head(PID))?.control ?? '{}')).toMatchObject({ view: { data: { heard: ['paid', 'sent'] } } });
  });
});

test('a decider whose state cannot be read waits for it, and does not begin again', async () => {
  const words = decider('trip', { state: z.object({ words: z.array(z.string()) }), initial: () => ({ words: [] }) }).on(
    Nudge.byId(({ id }) => id),
    (state, { word }) => ({ words: [...state.words, word] }),
  );
  const rig = new EngineRig([words], services);
  rig.happens(Nudge, { id: 'a', word: 'x'.repeat(2_000) });
  await rig.advance();
  const read = rig.payloads.get.bind(rig.payloads);
  rig.payloads.get = () => Promise.resolve(undefined);
  rig.happens(Nudge, { id: 'a', word: 'y' });
  await rig.advanceCold();
  expect(await rig.head(PID)).toMatchObject({ version: 1 });
  rig.payloads.get = read;
  await rig.pass(10_000);
  const { view } = JSON.parse((await rig.head(PID))?.control ?? '{}') as { readonly view: { readonly dataref: string } };
  expect(JSON.parse((await read(PID, view.dataref)) ?? 'null')).toEqual({ words: ['x'.repeat(2_000), 'y'] });
});
