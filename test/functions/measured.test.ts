import { afterEach, describe, expect, test, vi } from 'vitest';
import { system } from 'tutti';
import { makeHandler as makeAdvance } from '../../functions/advance-processes/handler.ts';
import { measuredEngine } from '../../functions/measured.ts';
import { measuredInstances } from '../../functions/measured-instances.ts';
import { makeHandler as makeWake } from '../../functions/wake-overdue/handler.ts';
import { VirtualClock } from '../../lib/adapters/memory/virtual-clock.ts';
import { memoryEngine, memoryStores } from '../../lib/testing/memory-engine.ts';
import { Checkout, flights, services, tripOf } from '../core/trip-contracts.ts';
import { sqsEvent } from './sqs-event.ts';

const trips = system('trips', { processes: [tripOf(async (ctx) => void (await ctx.call(flights.book, { to: 'Oslo' })))], services });
const context = { getRemainingTimeInMillis: () => 60_000 };
const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';

function started(id: string): { readonly id: string; readonly body: string } {
  const envelope = { specversion: '1.0', id, source: 'shop', type: Checkout.type, time: '2026-01-01T00:00:00.000Z' };
  const more = { datacontenttype: 'application/json', hops: 0, traceparent: `00-${TRACE}-00f067aa0ba902b7-01`, data: { id } };
  const body = { 'detail-type': Checkout.type, source: 'shop', account: '111111111111', detail: { ...envelope, ...more } };
  return { id, body: JSON.stringify(body) };
}

/** Decides on two starts in one batch, and returns the lines of the function. */
async function batch(settings: { readonly metrics?: string; readonly activity?: string }) {
  const stores = memoryStores();
  const written = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
  const logged = vi.spyOn(console, 'info').mockImplementation(() => {});
  const { instrumentation, flush } = measuredEngine({ name: 'trips', ...settings }, undefined);
  const engine = memoryEngine({
    system: trips,
    instrumentation,
    ports: stores,
    clock: new VirtualClock(Date.parse('2026-01-01T00:00:01.000Z')),
  });
  const queue = (): { changeVisibility: () => Promise<[]> } => ({ changeVisibility: async () => [] });
  const handler = makeAdvance(async () => ({ engine, queue, log: () => {}, flush }));
  await handler(sqsEvent('trips-inbox', [started('a'), started('b')]), context);
  const metrics = written.mock.calls.map(([line]) => String(line)).filter((line) => line.includes('_aws'));
  const lines = logged.mock.calls.map(([line]) => line as Record<string, unknown>);
  vi.restoreAllMocks();
  return { stores, lines, metrics: metrics.map((line) => JSON.parse(line) as Record<string, unknown>) };
}

afterEach(() => vi.restoreAllMocks());

describe('advance-processes', () => {
  test('writes one line of metrics for a batch, at the top of a line of its own', async () => {
    const { metrics, lines } = await batch({ metrics: '{"processes":["trip"]}' });
    expect(metrics).toMatchObject([
      { System: 'trips', started: 2, commands: 2, eventLag: [expect.any(Number), expect.any(Number)] },
      { System: 'trips', Process: 'trip', started: 2 },
    ]);
    expect(lines).toEqual([]);
  });

  test('writes a line for each message and each command, with its ids and without its data', async () => {
    const { metrics, lines } = await batch({ activity: 'true' });
    expect(metrics).toEqual([]);
    const of = (event: string): Record<string, unknown>[] => lines.filter((line) => line['event'] === event);
    expect(of('decided')).toMatchObject([
      { pid: 'default#trip#a', kind: 'start', verdict: 'applied', messageId: expect.any(String), trace: TRACE },
      { pid: 'default#trip#b' },
    ]);
    expect(of('sent')).toMatchObject([
      { pid: 'default#trip#a', command: 'flights.book', attempt: 1, commandId: expect.stringMatching(/^default#trip#a\/.+\/1$/) },
      { pid: 'default#trip#b' },
    ]);
    expect(JSON.stringify(lines)).not.toContain('Oslo');
  });
});

describe('wake-overdue', () => {
  test('writes the oldest wait, also of each named service, and how many instances nothing will wake', async () => {
    const { stores } = await batch({ activity: 'true' });
    const written = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
    const clock = new VirtualClock(Date.parse('2026-01-01T02:00:00.000Z'));
    const handler = makeWake(() => ({
      index: stores.index,
      parking: { list: async function* () {} } as never,
      sender: { send: async (_queue, messages) => messages.map(() => ({ status: 'sent', messageId: '' })) },
      clock,
      log: () => {},
      measured: () => measuredInstances({ name: 'trips', metrics: '{"services":["flights"]}' }, trips, clock),
    }));
    await handler({}, context);
    const lines = written.mock.calls.map(([line]) => String(line)).filter((line) => line.includes('_aws'));
    expect(lines.map((line) => JSON.parse(line) as unknown)).toMatchObject([
      { System: 'trips', oldestWait: [7_199], nothingPending: [0] },
      { System: 'trips', Service: 'flights', oldestWait: [7_199] },
    ]);
  });
});
