import { describe, expect, test } from 'vitest';
import type { LogLine } from '../../functions/log-line.ts';
import { makeHandler as makeRetire } from '../../functions/retire-closed/handler.ts';
import { makeHandler as makeSweep } from '../../functions/sweep-timers/handler.ts';
import { makeHandler as makeWake } from '../../functions/wake-overdue/handler.ts';
import { VirtualClock } from '../../lib/adapters/memory/virtual-clock.ts';
import type { ParkedSummary } from '../../lib/ports/parked-list.ts';
import type { OutgoingMessage } from '../../lib/ports/message-sender.ts';
import type { Head } from '../../lib/ports/process-store.ts';
import { head } from '../contracts/process-store.contract.ts';

const context = { getRemainingTimeInMillis: () => 50_000 };
const clock = new VirtualClock(Date.parse('2026-01-01T00:00:00.000Z'));

describe('sweep-timers', () => {
  test('sweep-timers sends a delayed tick to each instance that is due within 90 seconds', async () => {
    const asked: number[] = [];
    const sent: OutgoingMessage[] = [];
    const lines: LogLine[] = [];
    const handler = makeSweep(() => ({
      clock,
      log: (line) => void lines.push(line),
      index: {
        due: async (instant) => {
          asked.push(instant - clock.now());
          return [{ pid: 'default#trip#a', run: 'r1', due: clock.now() + 60_000 }];
        },
      },
      sender: { send: async (_queue, messages) => messages.map((message) => (sent.push(message), { status: 'sent', messageId: 'm1' })) },
    }));

    await handler({}, context);

    expect(asked).toEqual([90_000]);
    expect(sent).toMatchObject([{ delaySeconds: 60, body: expect.stringContaining('"tutti":"tick"') }]);
    expect(lines).toEqual([]);
  });

  test('sweep-timers of a system with schedules asks for them at its first run, and again until the inbox has accepted it', async () => {
    const sent: OutgoingMessage[] = [];
    let refused = true;
    const own = new VirtualClock(Date.parse('2026-01-01T00:00:00.000Z'));
    const handler = makeSweep(() => ({
      clock: own,
      schedules: true,
      log: () => undefined,
      index: { due: async () => [] },
      sender: {
        send: async (_queue, messages) => {
          if (refused) return messages.map(() => ({ status: 'failed', senderFault: true, reason: 'AccessDenied' }));
          return messages.map((message) => (sent.push(message), { status: 'sent', messageId: 'm1' }));
        },
      },
    }));
    await handler({}, context);
    refused = false;
    for (let minute = 1; minute <= 62; minute += 1) {
      own.advanceTo(Date.parse('2026-01-01T00:00:00.000Z') + minute * 60_000);
      await handler({}, context);
    }
    expect(sent.map(({ body }) => body)).toEqual([
      '{"tutti":"schedules","time":"2026-01-01T00:01:00.000Z"}',
      '{"tutti":"schedules","time":"2026-01-01T01:01:00.000Z"}',
    ]);
  });

  test('sweep-timers of a build with graphs stores them at its first run and every hour, and goes on if that fails', async () => {
    const own = new VirtualClock(Date.parse('2026-01-01T00:00:00.000Z'));
    const storedAt: number[] = [];
    const lines: LogLine[] = [];
    const handler = makeSweep(() => ({
      clock: own,
      log: (line) => void lines.push(line),
      index: { due: async () => [] },
      sender: { send: async () => [] },
      storeFlows: async () => {
        storedAt.push(own.now());
        if (storedAt.length === 1) throw new TypeError('no right');
      },
    }));
    const start = own.now();
    for (let minute = 0; minute <= 61; minute += 1) {
      own.advanceTo(start + minute * 60_000);
      await handler({}, context);
    }
    expect(storedAt).toEqual([start, start + 3_600_000]);
    expect(lines).toMatchObject([{ event: 'fault' }]);
  });

  test('sweep-timers logs each reason of its queue once', async () => {
    const lines: LogLine[] = [];
    const due = ['a', 'b'].map((id) => ({ pid: `default#trip#${id}`, run: 'r1', due: clock.now() }));
    const handler = makeSweep(() => ({
      clock,
      log: (line) => void lines.push(line),
      index: { due: async () => due },
      sender: { send: async (_queue, messages) => messages.map(() => ({ status: 'failed', senderFault: false, reason: 'AccessDenied' })) },
    }));
    await handler({}, context);
    expect(lines).toEqual([{ event: 'fault', error: 'Unsent', detail: 'AccessDenied' }]);
  });
});

describe('wake-overdue', () => {
  test('wake-overdue sends lost ticks again, and logs what is lost, unchecked, stuck, parked or unresolved', async () => {
    const lines: LogLine[] = [];
    const sent: OutgoingMessage[] = [];
    let stuck: Head[] = [];
    let running = [head({ control: `{"format":2,"seq":2,"tickAt":${clock.now() - 3_600_000}}` })];
    let broken = false;
    let parked: readonly ParkedSummary[] = [];
    const handler = makeWake(() => ({
      clock,
      parking: {
        list: async () => {
          if (broken) throw new TypeError('no list');
          return { events: parked };
        },
      },
      log: (line) => void lines.push(line),
      index: {
        tenants: async () => ['default'],
        list: async function* ({ statuses = [] }) {
          yield* statuses.includes('running') ? running : stuck;
        },
      },
      sender: { send: async (_queue, messages) => messages.map((message) => (sent.push(message), { status: 'sent', messageId: 'm1' })) },
    }));

    await handler({}, { getRemainingTimeInMillis: () => 1_000 });
    expect({ sent, lines }).toEqual({
      sent: [],
      lines: [{ event: 'unseen', detail: 'Some running instances were not checked.' }],
    });

    await handler({}, { getRemainingTimeInMillis: () => 60_000 });
    expect(sent).toMatchObject([{ body: expect.stringContaining('"tutti":"tick"') }]);
    expect(lines.slice(1)).toEqual([{ event: 'woken', count: 1 }]);

    running = [];
    await handler({}, { getRemainingTimeInMillis: () => 60_000 });
    expect(lines).toHaveLength(2);

    stuck = [head({ status: 'stuck' }), head({ status: 'stuck' })];
    await handler({}, { getRemainingTimeInMillis: () => 60_000 });
    expect(lines.slice(2)).toEqual([{ event: 'still-stuck', count: 2 }]);

    stuck = [];
    parked = [{ pid: '', id: '1#m', reason: 'MALFORMED', detail: '', parkedAt: 1 }];
    await handler({}, { getRemainingTimeInMillis: () => 60_000 });
    expect(lines.slice(3)).toEqual([{ event: 'still-parked', count: 1 }]);

    parked = [];
    stuck = [head({ status: 'stuck', unresolved: 1 })];
    running = [head({ unresolved: 2 }), head()];
    await handler({}, { getRemainingTimeInMillis: () => 60_000 });
    expect(lines.slice(4)).toEqual([
      { event: 'still-stuck', count: 1 },
      { event: 'still-unresolved', count: 2 },
    ]);

    broken = true;
    running = [head({ control: `{"format":2,"seq":2,"tickAt":${clock.now() - 3_600_000}}` })];
    await handler({}, { getRemainingTimeInMillis: () => 60_000 });
    expect(lines.slice(6)).toEqual([
      { event: 'fault', error: 'TypeError', at: expect.any(String) as string },
      { event: 'still-stuck', count: 1 },
      { event: 'still-unresolved', count: 1 },
      { event: 'woken', count: 1 },
    ]);
  });
});

describe('retire-closed', () => {
  test('retire-closed retires instances after the retention period, logs their number, and stops in time', async () => {
    const lines: LogLine[] = [];
    const asked: number[] = [];
    const handler = makeRetire(() => ({
      clock,
      retentionMs: 30_000,
      log: (line) => void lines.push(line),
      index: { tenants: async () => ['default'] },
      retirement: {
        closed: async (_tenant, instant) => {
          asked.push(clock.now() - instant);
          return [{ pid: 'default#trip#a', version: 3 }];
        },
        retire: async () => true,
      },
    }));

    await handler({}, { getRemainingTimeInMillis: () => 1_000 });
    expect({ asked, lines }).toEqual({ asked: [], lines: [] });

    await handler({}, { getRemainingTimeInMillis: () => 60_000 });
    expect({ asked, lines }).toEqual({ asked: [30_000 + 86_400_000], lines: [{ event: 'retired', count: 1 }] });
  });
});
