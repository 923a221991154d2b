import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { event, process, system } from 'tutti';
import { simulate } from 'tutti/testing';
import { isOrchestratorError } from '../../lib/contract/errors.ts';

const Opened = event('desk.opened', z.object({ email: z.string() }));
const Noted = event('desk.noted', z.object({ email: z.string(), n: z.int() }));
const desk = process(
  'desk',
  { startOn: Opened.byId((opened) => opened.email), receives: [Noted.byId((noted) => noted.email)], early: '2 hours' },
  async (ctx) => {
    for (let n = 0; n < 64; n += 1) await ctx.waitFor(Noted);
  },
);
const ID = 'ada+1@example.com';
const AT = Date.parse('2026-01-01T00:00:00Z');

const world = () => simulate(system('desk', { processes: [desk], services: [] }), { at: '2026-01-01T00:00:00Z' });

const refusal = async (doing: Promise<unknown>): Promise<string> =>
  doing.then(
    () => expect.fail('it was not refused'),
    (error: unknown) => (isOrchestratorError(error) ? `${error.code}: ${error.message}` : expect.fail(String(error))),
  );

describe('an id', () => {
  test('an id may be an email address', async () => {
    const w = world();
    const { client } = w;
    await client.publish(Opened, { email: ID });
    await w.settle();
    expect(await client.describe(desk, ID)).toMatchObject({ status: 'running', id: ID });
  });

  test.each(['ada lovelace', 'a/b', 'a#b', '', 'ä', 'x'.repeat(201)])(
    'publish refuses an event with the malformed instance id %j',
    async (email) => {
      const { client } = world();
      for (const doing of [client.publish(Opened, { email }), client.publish(Noted, { email, n: 1 })]) {
        const refused = await refusal(doing);
        expect(refused).toContain(
          `names the instance ${JSON.stringify(email)} of desk: expected an id of 1 to 200 letters, digits and . : _ - @ + = , ~ !.`,
        );
        expect(refused).toMatch(/^DATA_INVALID: desk\.(opened|noted) was published/);
      }
    },
  );
});

test('describe counts an event for an ended instance once', async () => {
  const w = world();
  const { client } = w;
  await client.publish(Opened, { email: ID });
  for (let n = 0; n < 64; n += 1) await client.publish(Noted, { email: ID, n });
  await w.settle();
  expect(await client.describe(desk, ID)).toMatchObject({ status: 'completed', parked: {} });
  for (let copies = 0; copies < 2; copies += 1) await client.publish(Noted, { email: ID, n: 64 }, { id: 'late' });
  await w.settle();
  expect(await client.describe(desk, ID)).toMatchObject({ status: 'completed', parked: { CLOSED: 1 } });
});

describe('an event for an instance that has not been started', () => {
  test('an early event is kept for the period of the process, and the sender gets its end', async () => {
    const w = world();
    const { client } = w;
    const sent = await client.signal(desk, ID, Noted, { email: ID, n: 1 });
    expect(sent).toEqual({ id: expect.any(String), keptUntil: new Date(AT + 7_200_000) });
    await w.settle();
    await w.advance('1 hour');
    // The first event determines the end, because the buffer expires as a whole.
    expect((await client.signal(desk, ID, Noted, { email: ID, n: 2 })).keptUntil).toEqual(new Date(AT + 7_200_000));
    await client.publish(Opened, { email: ID });
    await w.settle();
    expect(await client.signal(desk, ID, Noted, { email: ID, n: 3 })).toEqual({ id: expect.any(String) });
  });

  test('the NOT_FOUND error of an instance before its start counts its early events', async () => {
    const w = world();
    const { client } = w;
    await client.signal(desk, ID, Noted, { email: ID, n: 1 });
    await w.settle();
    expect(await refusal(client.describe(desk, ID))).toBe(
      `NOT_FOUND: desk ${ID} has not been started, and 1 event waits for its start, until 2026-01-01T02:00:00.000Z: expected an instance that has been started.`,
    );
  });

  test('signal and publish refuse an early event if 64 wait already', async () => {
    const w = world();
    const { client } = w;
    for (let n = 0; n < 64; n += 1) await client.signal(desk, ID, Noted, { email: ID, n });
    await w.settle();
    const overflow = /^EARLY_OVERFLOW: desk\.noted was sent to desk .* has 64 waiting events: at most 64 are kept\.$/;
    expect(await refusal(client.signal(desk, ID, Noted, { email: ID, n: 64 }))).toMatch(overflow);
    expect(await refusal(client.publish(Noted, { email: ID, n: 64 }))).toMatch(overflow);
    await client.publish(Opened, { email: ID });
    await w.settle();
    expect(await client.describe(desk, ID)).toMatchObject({ status: 'completed' });
  });
});
