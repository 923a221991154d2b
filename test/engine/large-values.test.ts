import { describe, expect, test, vi } from 'vitest';
import * as z from 'zod';
import { decider, publish } from 'tutti';
import { sha256 } from '../../lib/format/inbox-message.ts';
import type { CommandEnvelope } from '../../lib/contract/wire/envelope.ts';
import { Booked, Checkout, flights, notes, Nudge, payments, services, tripOf } from '../core/trip-contracts.ts';
import { EngineRig, operation } from './engine-rig.ts';

/** Above 1 KB a value is stored apart from the head; above 100 KB it is not carried by a message either. */
const SIZES = [
  ['2 KB', 'x'.repeat(2_000), true],
  ['150 KB', 'x'.repeat(150_000), false],
  ['50 KB in letters that take six characters on the wire', 'é'.repeat(50_000), false],
] as const;

const PID = 'default#trip#a';

const rigOf = (...args: ConstructorParameters<typeof EngineRig>): EngineRig => new EngineRig(...args);

const only = async (rig: EngineRig, service: string): Promise<CommandEnvelope> => {
  const [command] = await rig.commands(service);
  if (!command) expect.fail(`Nothing was sent to ${service}.`);
  return command;
};

/** The data of the message, read from the payload store if the message refers to it. */
const dataOf = async (rig: EngineRig, envelope: { readonly data?: unknown; readonly dataref?: string }): Promise<unknown> => {
  if (envelope.dataref === undefined) return envelope.data;
  const text = await rig.payloads.fetch(envelope.dataref);
  return JSON.parse(text ?? 'null') as unknown;
};

describe.each(SIZES)('values of %s', (_name, large, carried) => {
  test('come through every place of an async process, each event meeting a cold engine', async () => {
    const trip = tripOf(async (ctx, { note = '' }) => {
      const flight = await ctx.call(flights.book, { to: note });
      ctx.view({ stage: flight.reference });
      const { word } = await ctx.waitFor(Nudge);
      await ctx.call(payments.charge, { amount: word.length });
      ctx.publish(Booked, { text: note });
      return { flight: flight.reference };
    });
    const rig = rigOf([trip], services);
    rig.happens(Checkout, { id: 'a', note: large });
    await rig.advanceCold();
    const book = await only(rig, 'flights');
    expect(book.dataref === undefined).toBe(carried);
    expect(await dataOf(rig, book)).toEqual({ to: large });
    await rig.answers(book, 'completed', { reference: large });
    await rig.advanceCold();
    rig.happens(Nudge, { id: 'a', word: large });
    await rig.advanceCold();
    const charge = await only(rig, 'payments');
    expect(charge.data).toEqual({ amount: large.length });
    await rig.answers(charge, 'completed', { paymentId: 'p' });
    await rig.advanceCold();
    const head = await rig.head(PID);
    expect(head?.status).toBe('completed');
    expect(JSON.stringify(head)).not.toContain(large);
    expect(head?.control).toContain(sha256(JSON.stringify({ stage: large })));
    const [published] = rig.published.map((each) => JSON.parse(each.detail) as { readonly data?: unknown; readonly dataref?: string });
    expect(published?.dataref === undefined).toBe(carried);
    expect(await dataOf(rig, published ?? {})).toEqual({ text: large });
  });

  test('come back in the undo of what they were the output of', async () => {
    const trip = tripOf(async (ctx) => {
      await ctx.call(flights.book, { to: 'Oslo' });
      await ctx.call(notes.ask, { text: 'ok?' });
      throw ctx.errors.Refused({ why: large });
    });
    const rig = rigOf([trip], services);
    rig.happens(Checkout, { id: 'a' });
    await rig.advanceCold();
    await rig.answers(await only(rig, 'flights'), 'completed', { reference: large });
    await rig.advanceCold();
    await rig.answers(await only(rig, 'notes'), 'completed', { answer: 'yes' });
    await rig.advanceCold();
    const undo = await only(rig, 'flights');
    expect(await dataOf(rig, undo)).toEqual({ reference: large });
    await rig.answers(undo, 'completed', null);
    await rig.advanceCold();
    expect((await rig.head(PID))?.status).toBe('failed');
    expect(JSON.stringify(await rig.head(PID))).not.toContain(large);
  });

  test('are the state of a decider', async () => {
    const keeper = decider('keeper', {
      state: z.object({ words: z.array(z.string()) }),
      initial: () => ({ words: [] }),
      publishes: [Booked],
    }).on(
      Nudge.byId((nudge) => nudge.id),
      (state, { word }) => [{ words: [...state.words, word] }, publish(Booked, { text: `${state.words.join('').length}` })],
    );
    const rig = rigOf([keeper], services);
    for (let i = 0; i < 3; i += 1) {
      rig.happens(Nudge, { id: 'a', word: large });
      await rig.advanceCold();
    }
    // A cold engine sends again what the commit before fired, under the same id.
    const published = rig.published.map((each) => JSON.parse(each.detail) as { readonly id: string; readonly data: unknown });
    expect([...new Map(published.map(({ id, data }) => [id, data])).values()]).toEqual([
      { text: '0' },
      { text: `${large.length}` },
      { text: `${2 * large.length}` },
    ]);
    expect(JSON.stringify(await rig.head('default#keeper#a'))).not.toContain(large);
  });
});

test('a restart keeps for its own run what it still needs of the run before', async () => {
  const trip = tripOf(
    async (ctx, { note = '' }) => {
      await ctx.call(flights.book, { to: note });
    },
    { onClosed: 'restart' },
  );
  const rig = rigOf([trip], services);
  const to = 'x'.repeat(2_000);
  rig.happens(Checkout, { id: 'a', note: to });
  await rig.advanceCold();
  const book = await only(rig, 'flights');
  rig.operates(operation('terminate', PID));
  await rig.advanceCold();
  const put = vi.spyOn(rig.payloads, 'put');
  rig.happens(Checkout, { id: 'a' });
  await rig.advanceCold();
  // A payload that was retired with the previous run, and not stored again, expires some days later.
  const kept = new Set(put.mock.calls.map(([, hash]) => hash));
  vi.spyOn(rig.payloads, 'get').mockImplementation(async (_, hash) => (kept.has(hash) ? JSON.stringify({ to }) : undefined));
  await rig.answers(book, 'completed', { reference: 'f-1' });
  await rig.advanceCold();
  expect((await rig.commands('flights')).filter(({ type }) => type === 'flights.cancel')).toMatchObject([{ data: { reference: 'f-1' } }]);
});
