import { expect, test } from 'vitest';
import { VirtualClock } from '../../lib/adapters/memory/virtual-clock.ts';
import { MemoryParkingStore } from '../../lib/adapters/memory/parking-store.ts';
import type { ClientPorts } from '../../lib/client/connection.ts';
import { discardParked, listParked, redriveParked } from '../../lib/client/parked.ts';
import type { ParkedEvent } from '../../lib/ports/parking-store.ts';
import { memoryPorts } from './ports.ts';

const START = Date.parse('2026-01-01T00:00:00.000Z');
const PID = 'default#order#o-1';

/** Time passes only while a client waits. `engine` runs for each sent message. */
const reached = async (engine: (parking: MemoryParkingStore, body: string) => Promise<void>) => {
  const parking = new MemoryParkingStore();
  const event = (pid: string, id: string, over: Partial<ParkedEvent> = {}): ParkedEvent => ({
    pid,
    id,
    reason: 'DEAD_LETTER',
    detail: 'It was a dead letter for a day.',
    body: '{}',
    parkedAt: START,
    ...over,
  });
  await parking.park(event(PID, '1#a', { event: { id: 'e1', type: 'shop.placed', source: 'shop' }, parkedAt: START + 5 }));
  await parking.park(event('', '2#b'));
  const clock = new VirtualClock(START);
  const sleep = async (milliseconds: number): Promise<void> => clock.advance(milliseconds);
  const ports = {
    ...memoryPorts(),
    parking,
    clock: { now: () => clock.now(), sleep },
    sender: {
      send: async (_queue: string, messages: readonly { readonly body: string }[]) => {
        for (const { body } of messages) await engine(parking, body);
        return messages.map(() => ({ status: 'sent' as const, messageId: 'm' }));
      },
    },
  } as unknown as ClientPorts;
  return { reach: { system: { name: 'shop' }, ports } as never, clock };
};

const KEYS = [
  { pid: PID, id: '1#a', parkedAt: START + 5 },
  { pid: '', id: '2#b', parkedAt: START },
];

test('parked lists the events of instances and those without one, each with its redrive key', async () => {
  const { reach } = await reached(async () => undefined);
  const { events } = await listParked(reach, { limit: 10 });
  expect(events).toEqual([
    { reason: 'DEAD_LETTER', detail: 'It was a dead letter for a day.', parked: '2026-01-01T00:00:00.000Z', key: KEYS[1] },
    {
      process: 'order',
      id: 'o-1',
      reason: 'DEAD_LETTER',
      detail: 'It was a dead letter for a day.',
      eventId: 'e1',
      type: 'shop.placed',
      source: 'shop',
      parked: '2026-01-01T00:00:00.005Z',
      key: KEYS[0],
    },
  ]);
  expect((await listParked(reach, { process: 'order', id: 'o-1', limit: 10 })).events).toHaveLength(1);
});

test('a redrive ends when all its events were sent', async () => {
  const { reach } = await reached(async (parking, body) => {
    const { events } = JSON.parse(body) as { readonly events: readonly { readonly pid: string; readonly id: string }[] };
    for (const { pid } of events) await parking.redriven(pid, await parking.parked(pid), 1);
  });
  expect(await redriveParked(reach, { events: KEYS })).toEqual({ sent: 2, left: 0 });
});

test('a redrive returns the number of events that could not be sent and stay parked', async () => {
  const { reach } = await reached(async (parking) => parking.redriven(PID, await parking.parked(PID), 1));
  expect(await redriveParked(reach, { events: KEYS })).toEqual({ sent: 1, left: 1 });
});

test('an event that is parked again with the same id counts as sent', async () => {
  const { reach } = await reached(async (parking) => {
    for (const event of await parking.parked(PID)) await parking.park({ ...event, parkedAt: START + 9 });
    await parking.redriven('', await parking.parked(''), 1);
  });
  expect(await redriveParked(reach, { events: KEYS })).toEqual({ sent: 2, left: 0 });
});

test('a redrive that no engine processes fails after half a minute', async () => {
  const { reach, clock } = await reached(async () => undefined);
  await expect(redriveParked(reach, { events: KEYS })).rejects.toMatchObject({ code: 'UNREACHABLE' });
  expect(clock.now() - START).toBeLessThan(31_000);
});

test('a discard sends the copies that were listed, with the principal and the reason, and ends when they have left the lists', async () => {
  const bodies: unknown[] = [];
  const { reach } = await reached(async (parking, body) => {
    bodies.push(JSON.parse(body));
    for (const { pid, ...copy } of KEYS) await parking.discarded(pid, [copy], { at: 1, by: 'ada', reason: 'of a test' });
  });
  expect(await discardParked(reach, { events: KEYS, reason: 'of a test' })).toEqual({ discarded: 2, left: 0 });
  expect(bodies).toEqual([{ tutti: 'discard', opid: expect.any(String), by: expect.any(String), reason: 'of a test', events: KEYS }]);
});

test('a discard that no engine processes fails after half a minute', async () => {
  const { reach } = await reached(async () => undefined);
  await expect(discardParked(reach, { events: KEYS, reason: 'of a test' })).rejects.toMatchObject({
    code: 'UNREACHABLE',
    message: expect.stringContaining('The discard was sent'),
  });
});

test('a discard without a reason is not sent', async () => {
  const { reach } = await reached(async () => undefined);
  await expect(discardParked(reach, { events: KEYS, reason: '' })).rejects.toMatchObject({ code: 'DATA_INVALID' });
});
