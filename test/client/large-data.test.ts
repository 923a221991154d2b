import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { event, process, system } from 'tutti';
import { connect } from 'tutti/client';
import { simulate } from 'tutti/testing';
import { connectionOf } from '../../lib/client/connection.ts';
import { isOrchestratorError } from '../../lib/contract/errors.ts';
import { memoryPorts } from './ports.ts';

const Opened = event('desk.opened', z.object({ id: z.string(), text: z.string() }));
const Noted = event('desk.noted', z.object({ id: z.string(), text: z.string() }));
const Lengths = z.object({ opened: z.int(), noted: z.int() });
const desk = process(
  'desk',
  { startOn: Opened.byId((opened) => opened.id), receives: [Noted.byId((noted) => noted.id)], view: Lengths },
  async (ctx, opened) => {
    const noted = await ctx.waitFor(Noted);
    return { opened: opened.text.length, noted: noted.text.length };
  },
);
const counter = process('counter', { input: z.object({ text: z.string() }) }, async (_ctx, input) => ({ counted: input.text.length }));
const desks = system('desk', { processes: [desk, counter], services: [] });

const LARGE = 300_000;
const large = 'x'.repeat(LARGE);

const refusal = async (doing: Promise<unknown>): Promise<string> =>
  doing.then(
    () => expect.fail('it was not refused'),
    (error: unknown) => (isOrchestratorError(error) ? `${error.code}: ${error.message}` : expect.fail(String(error))),
  );

describe('data that is too large for a message', () => {
  test('large data reaches its instance by publish and by signal, also before the start', async () => {
    const w = simulate(desks);
    await w.client.signal(desk, 'a', Noted, { id: 'a', text: large });
    await w.settle();
    await w.client.publish(Opened, { id: 'a', text: large });
    await w.settle();
    expect(await w.client.result(desk, 'a')).toEqual({ opened: LARGE, noted: LARGE });
  });

  test('large data up to 20 MB reaches its instance by start', async () => {
    const w = simulate(desks);
    const { id } = await w.client.start(counter, { text: 'x'.repeat(20 * 1024 * 1024 - 100) });
    expect(await w.client.result(counter, id)).toEqual({ counted: 20 * 1024 * 1024 - 100 });
  });

  test.each(['publish', 'signal', 'start'] as const)('%s refuses data above 20 MB, with its size', async (act) => {
    const { client } = simulate(desks);
    const text = 'x'.repeat(20 * 1024 * 1024);
    const acts = {
      publish: () => client.publish(Opened, { id: 'a', text }),
      signal: () => client.signal(desk, 'a', Noted, { id: 'a', text }),
      start: () => client.start(counter, { text }),
    };
    expect(await refusal(acts[act]())).toMatch(
      /^DATA_TOO_LARGE: (desk\.opened was published|desk\.noted was published|counter was started) with 209715\d\d bytes of data: at most 20971520 are allowed\.$/,
    );
  });

  test('the message of an event with large data is short and references the data', async () => {
    const ports = memoryPorts();
    const details: string[] = [];
    const publisher = {
      publish: async (events: readonly { readonly detail: string }[]) =>
        events.map(({ detail }) => (details.push(detail), { status: 'published' as const, eventId: 'e' })),
    };
    await connect(desks, connectionOf({ ...ports, publisher })).publish(Opened, { id: 'a', text: large });
    const [detail = ''] = details;
    const message = JSON.parse(detail) as { readonly dataref: string; readonly datahash: string };
    expect(detail.length).toBeLessThan(1_000);
    expect(message).toMatchObject({ datahash: expect.stringMatching(/^sha256:[0-9a-f]{64}$/) });
    expect(message).not.toHaveProperty('data');
    expect(JSON.parse((await ports.payloads.fetch(message.dataref)) as string)).toEqual({ id: 'a', text: large });
  });

  test('data stays in its message if the message is short enough', async () => {
    const ports = memoryPorts();
    const stored: string[] = [];
    const storeLarge = async (folder: string): Promise<string> => (stored.push(folder), 'payload:');
    await connect(desks, connectionOf({ ...ports, storeLarge })).publish(Opened, { id: 'a', text: 'x'.repeat(200_000) });
    expect(stored).toEqual([]);
  });
});
