import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { VirtualClock } from '../../lib/adapters/memory/virtual-clock.ts';
import type { MemoryMessageQueue } from '../../lib/adapters/memory/message-queue.ts';
import { systemContract } from '../../lib/contract/system.ts';
import type { Engine } from '../../lib/engine/engine.ts';
import { inboxBody, type InboxMessage } from '../../lib/format/inbox-message.ts';
import { event, process, system } from '../../lib/index.ts';
import { enginePortsOf } from '../../lib/local/engine-ports.ts';
import { INBOX_QUEUE, openState } from '../../lib/local/state.ts';
import type { HeldIndex } from '../../lib/ports/parked-list.ts';
import type { Head } from '../../lib/ports/process-store.ts';
import { memoryEngine } from '../../lib/testing/memory-engine.ts';

const START = Date.parse('2026-11-21T10:00:00.000Z');
const Go = event('shop.go', z.object({ id: z.string() }));
const order = process('order', { input: z.string(), receives: [Go.byId(({ id }) => id)] }, async (ctx) => {
  await ctx.waitFor(Go);
});
const shop = system('shop', { processes: [order], services: [] });
const TIME = new Date(START).toISOString();
const SCOPE = { tenant: 'default', process: 'order' } as const;

/** Two workers on one state. The stale one knows the holds as they were when it read them. */
class Rig {
  readonly clock = new VirtualClock(START);
  readonly state = openState({ system: systemContract(shop), clock: this.clock });
  readonly stale = this.#worker(0.25);
  readonly fresh: Engine;
  #sent = 0;

  constructor(index?: (found: HeldIndex) => HeldIndex) {
    const { held } = enginePortsOf(this.state);
    this.fresh = this.#worker(0.5, index?.(held) ?? held);
  }

  /** Each worker has its own chance, of which it makes the tokens of its commits. */
  #worker(chance: number, held?: HeldIndex): Engine {
    const ports = enginePortsOf(this.state);
    return memoryEngine({
      system: shop,
      ports: { ...ports, ...(held && { held }) },
      clock: this.clock,
      random: () => chance,
      tickThresholdMs: -1,
    });
  }

  get inbox(): MemoryMessageQueue {
    return this.state.queues.get(INBOX_QUEUE) as MemoryMessageQueue;
  }

  put(message: InboxMessage | object): void {
    this.inbox.put(inboxBody(message as InboxMessage));
  }

  start(id: string): void {
    this.put({ tutti: 'start', startid: `s-${id}`, tenant: 'default', process: 'order', id, data: '', time: TIME, by: 'ann' });
  }

  go(id: string): void {
    const detail = {
      specversion: '1.0',
      id: `g-${id}`,
      source: 'shop',
      type: Go.type,
      time: TIME,
      datacontenttype: 'application/json',
      hops: 0,
      data: { id },
    };
    this.put({ source: 'shop', account: '1', 'detail-type': Go.type, detail });
  }

  hold(act: 'pause' | 'resume', starts?: 'reject'): void {
    this.put({
      tutti: 'hold',
      opid: `${act}-${(this.#sent += 1)}`,
      act,
      reason: 'why',
      by: 'ann',
      time: TIME,
      ...(starts && { starts }),
      ...SCOPE,
    });
  }

  async work(engine: Engine): Promise<void> {
    for (;;) {
      const [message] = await this.inbox.receive({ max: 1, waitSeconds: 0, visibilitySeconds: 60 });
      if (!message) return;
      const { acknowledge, giveBack } = await engine.advance([message]);
      await this.inbox.delete(acknowledge);
      await this.inbox.changeVisibility(giveBack);
    }
  }

  /** The passes of `release-all`, as time goes on. */
  async pass(times: number): Promise<void> {
    for (let each = 0; each < times; each += 1) {
      this.clock.advanceTo(this.clock.now() + 60_000);
      await this.work(this.fresh);
    }
  }

  async head(id: string): Promise<Head | undefined> {
    const [head] = await this.state.processStore.load([`default#order#${id}`], { consistent: true });
    return head;
  }

  /** The stale worker reads the holds while the process is paused. */
  async pausedAndRead(starts?: 'reject'): Promise<void> {
    this.start('a');
    this.hold('pause', starts);
    await this.work(this.fresh);
    this.start('b');
    await this.work(this.stale);
  }
}

describe('a worker with a stale copy of the holds', () => {
  test('sends a start back that it has parked after the end of the hold', async () => {
    const rig = new Rig();
    await rig.pausedAndRead();
    rig.hold('resume');
    await rig.work(rig.fresh);
    expect((await rig.head('b'))?.status).toBe('running');
    rig.start('c');
    await rig.work(rig.stale);
    expect((await rig.head('c'))?.status).toBe('running');
    expect(await rig.state.parkingStore.parked('default#order#c')).toEqual([]);
  });

  test('releases an instance that it has paused after the end of the hold', async () => {
    const rig = new Rig();
    await rig.pausedAndRead();
    rig.hold('resume');
    await rig.work(rig.fresh);
    rig.go('a');
    const [message] = await rig.inbox.receive({ max: 1, waitSeconds: 0, visibilitySeconds: 60 });
    const { acknowledge } = await rig.stale.advance([message!]);
    await rig.inbox.delete(acknowledge);
    expect((await rig.head('a'))?.paused).toContain('"hold":"process:order"');
    await rig.work(rig.fresh);
    expect(await rig.head('a')).toMatchObject({ status: 'completed' });
    expect((await rig.head('a'))?.paused).toBeUndefined();
  });
});

describe('a hold that refuses starts', () => {
  test('is read before a start is refused', async () => {
    const rig = new Rig();
    await rig.pausedAndRead('reject');
    expect(await rig.state.parkingStore.parked('default#order#b')).toMatchObject([{ reason: 'REFUSED' }]);
    rig.hold('resume');
    await rig.work(rig.fresh);
    expect(await rig.head('b')).toBeUndefined();
    rig.start('c');
    await rig.work(rig.stale);
    expect((await rig.head('c'))?.status).toBe('running');
    expect(await rig.state.parkingStore.parked('default#order#c')).toEqual([]);
  });

  test('refuses a start for good, also if its message comes again after the end', async () => {
    const rig = new Rig();
    await rig.pausedAndRead('reject');
    rig.start('c');
    const [message] = await rig.inbox.receive({ max: 1, waitSeconds: 0, visibilitySeconds: 60 });
    // The worker ends before it acknowledges the message.
    await rig.fresh.advance([message!]);
    rig.hold('resume');
    await rig.work(rig.fresh);
    await rig.pass(2);
    expect(await rig.head('c')).toBeUndefined();
    expect(await rig.state.parkingStore.parked('default#order#c')).toMatchObject([{ reason: 'REFUSED' }]);
    rig.start('c');
    await rig.work(rig.fresh);
    expect((await rig.head('c'))?.status).toBe('running');
  });
});

describe('the end of a hold', () => {
  test('looks again until an index that lags shows nothing more', async () => {
    let hides = true;
    const rig = new Rig((held) => ({
      find: async (scope, most) =>
        hides ? { paused: [], parked: [], lagMs: 60_000 } : { ...(await held.find(scope, most)), lagMs: 60_000 },
    }));
    await rig.pausedAndRead();
    rig.go('a');
    await rig.work(rig.fresh);
    rig.hold('resume');
    await rig.work(rig.fresh);
    expect((await rig.head('a'))?.paused).toBeDefined();
    // The message that ends the hold may have been late, and the clock of the worker may be ahead.
    rig.clock.advanceTo(START + 3_600_000);
    await rig.work(rig.fresh);
    hides = false;
    await rig.pass(10);
    expect([(await rig.head('a'))?.status, (await rig.head('b'))?.status]).toEqual(['completed', 'running']);
    await rig.pass(10);
    expect(rig.inbox.size).toBe(0);
  });

  test('leaves a start to the hold that keeps it', async () => {
    const rig = new Rig();
    await rig.pausedAndRead();
    rig.put({ tutti: 'release-all', opid: 'other', reason: 'why', by: 'ann', time: TIME, tenant: 'default', service: 'mails' });
    const [before] = await rig.state.parkingStore.parked('default#order#b');
    rig.clock.advanceTo(START + 1_000);
    await rig.work(rig.fresh);
    expect(await rig.state.parkingStore.parked('default#order#b')).toEqual([before]);
  });

  test('releases nothing if the process is paused again', async () => {
    const rig = new Rig();
    await rig.pausedAndRead();
    rig.put({ tutti: 'release-all', opid: 'late', reason: 'why', by: 'ann', time: TIME, ...SCOPE });
    await rig.work(rig.fresh);
    expect(await rig.head('b')).toBeUndefined();
    expect(await rig.state.parkingStore.parked('default#order#b')).toHaveLength(1);
  });
});

test.each([
  [{ tutti: 'hold', opid: 'h', act: 'stop', reason: 'r', by: 'a', time: TIME, ...SCOPE }, 'act is stop, expected pause or resume'],
  [
    { tutti: 'hold', opid: 'h', act: 'pause', reason: 'r'.repeat(501), by: 'a', time: TIME, ...SCOPE },
    'reason has 501 characters, expected at most 500',
  ],
  [{ tutti: 'hold', opid: 'h', act: 'pause', reason: 'r', by: 'a', time: TIME, tenant: 'default' }, 'expected a process or a service'],
  [
    { tutti: 'hold', opid: 'h', act: 'pause', reason: 'r', by: 'a', time: TIME, tenant: 'default', process: 'tutti--bulk' },
    'expected a process or a service of the system',
  ],
  [{ tutti: 'hold', opid: 'h', act: 'pause', reason: 'r', by: 'a', time: 'now', ...SCOPE }, 'time is "now", expected an instant'],
  [
    { tutti: 'hold', opid: 'h', act: 'pause', reason: 'r', by: 'a', time: TIME, clock: 'slow', ...SCOPE },
    'clock is slow, expected stop or run',
  ],
  [
    { tutti: 'hold', opid: 'h', act: 'pause', reason: 'r', by: 'a', time: TIME, starts: 'drop', ...SCOPE },
    'starts is drop, expected keep or reject',
  ],
  [{ tutti: 'release', pid: 'x', hold: 'process:order', opid: 'o', reason: 'r', by: 'a' }, 'pid is'],
  [{ tutti: 'release-all', opid: 'o', reason: 'r', by: 'a', time: TIME, tenant: 'default' }, 'expected a process or a service'],
  [{ tutti: 'release-all', opid: 'o', reason: 'r', by: 'a', time: TIME, waited: -1, ...SCOPE }, 'waited must be a whole number'],
])('a message %j is parked as malformed', async (message, fault) => {
  const rig = new Rig();
  rig.put(message);
  await rig.work(rig.fresh);
  expect(await rig.state.parkingStore.parked('')).toMatchObject([{ reason: 'MALFORMED', detail: expect.stringContaining(fault) }]);
});
