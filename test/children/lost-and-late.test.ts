import * as z from 'zod';
import { expect, test } from 'vitest';
import { VirtualClock } from '../../lib/adapters/memory/virtual-clock.ts';
import { systemContract } from '../../lib/contract/system.ts';
import { event, process, system } from '../../lib/index.ts';
import { inboxBody, type CommandMessage } from '../../lib/format/inbox-message.ts';
import { journalTexts, parseEntry } from '../../lib/format/read-journal.ts';
import { enginePortsOf } from '../../lib/local/engine-ports.ts';
import { INBOX_QUEUE, openState } from '../../lib/local/state.ts';
import type { JournalEntry } from '../../lib/core/journal-entry.ts';
import type { MemoryMessageQueue } from '../../lib/adapters/memory/message-queue.ts';
import { memoryEngine } from '../../lib/testing/memory-engine.ts';

const START = Date.parse('2026-11-21T10:00:00.000Z');
const Go = event('shop.go', z.object({ id: z.string() }));

const child = process('child', { input: z.string(), receives: [Go.byId(({ id }) => id)] }, async (ctx, text) => {
  if (text === 'waits') await ctx.waitFor(Go);
  return text;
});
const parent = process('parent', { input: z.string() }, async (ctx, text) => {
  const { winner } = await ctx.race({ child: ctx.child(child, text, { id: 'c-1' }), late: ctx.sleep('3 hours') });
  return winner;
});
const shop = system('shop', { processes: [parent, child], services: [] });

const PARENT = 'default#parent#p-1';
const CHILD = 'default#child#c-1';

/** The engine on memory, one message at a time; a test may lose a message. */
class Rig {
  readonly clock = new VirtualClock(START);
  readonly state = openState({ system: systemContract(shop), clock: this.clock });
  readonly engine = memoryEngine({
    system: shop,
    ports: enginePortsOf(this.state),
    clock: this.clock,
    random: () => 0.5,
    tickThresholdMs: -1,
  });
  /** Every body that was received. */
  readonly seen: string[] = [];

  get inbox(): MemoryMessageQueue {
    return this.state.queues.get(INBOX_QUEUE) as MemoryMessageQueue;
  }

  start(text: string): void {
    const time = new Date(START).toISOString();
    this.inbox.put(
      inboxBody({ tutti: 'start', startid: 's-1', tenant: 'default', process: 'parent', id: 'p-1', data: text, time, by: 'test' }),
    );
  }

  /** Works until nothing is visible. `loses` deletes a message unread. */
  async work(loses: (body: string) => boolean = () => false): Promise<void> {
    for (;;) {
      const [message] = await this.inbox.receive({ max: 1, waitSeconds: 0, visibilitySeconds: 60 });
      if (!message) return;
      this.seen.push(message.body);
      if (loses(message.body)) await this.inbox.delete([message.receiptHandle]);
      else {
        const { acknowledge, giveBack } = await this.engine.advance([message]);
        await this.inbox.delete(acknowledge);
        await this.inbox.changeVisibility(giveBack);
      }
    }
  }

  async pass(milliseconds: number): Promise<void> {
    const until = this.clock.now() + milliseconds;
    for (;;) {
      const [due] = await this.state.instanceIndex.due(until, 1);
      if (!due) break;
      this.clock.advanceTo(Math.max(this.clock.now(), due.due));
      await this.engine.sweep();
      await this.work();
    }
    this.clock.advanceTo(until);
  }

  async head(pid: string): Promise<{ readonly status: string; readonly version: number } | undefined> {
    const [head] = await this.state.processStore.load([pid], { consistent: true });
    return head;
  }

  async journal(pid: string): Promise<readonly JournalEntry[]> {
    const [head] = await this.state.processStore.load([pid], { consistent: true });
    return head ? (await journalTexts(this.state.processStore, head)).map(parseEntry) : [];
  }
}

const isCommand = (body: string): boolean => body.startsWith('{"tutti":"command"');
const isReply = (body: string): boolean => body.startsWith('{"tutti":"reply"');

test('a start that is lost is sent again after a minute', async () => {
  const rig = new Rig();
  rig.start('quick');
  await rig.work(isCommand);
  expect(await rig.head(CHILD)).toBeUndefined();
  await rig.pass(61_000);
  expect(await rig.head(PARENT)).toMatchObject({ status: 'completed' });
});

test('a reply that is lost is sent again by the child that has ended, without a write', async () => {
  const rig = new Rig();
  rig.start('quick');
  await rig.work(isReply);
  const before = await rig.head(CHILD);
  expect(before).toMatchObject({ status: 'completed' });
  await rig.pass(61_000);
  expect(await rig.head(PARENT)).toMatchObject({ status: 'completed' });
  expect(await rig.head(CHILD)).toEqual(before);
});

test('a start that is sent again to an open child writes nothing', async () => {
  const rig = new Rig();
  rig.start('waits');
  await rig.work();
  const before = await rig.head(CHILD);
  await rig.pass(10 * 60_000);
  expect(rig.seen.filter(isCommand).length).toBeGreaterThan(2);
  expect(rig.seen.filter(isReply)).toEqual([]);
  expect(await rig.head(CHILD)).toEqual(before);
});

test('a start that comes after the child was given up begins no run', async () => {
  const rig = new Rig();
  rig.start('waits');
  await rig.work(isCommand);
  const start = rig.seen.find(isCommand) as string;
  rig.inbox.put(inboxBody({ ...(JSON.parse(start) as CommandMessage), cancel: true }));
  await rig.work();
  expect(await rig.head(CHILD)).toMatchObject({ status: 'cancelled' });
  expect((await rig.journal(CHILD)).map(({ type }) => type)).toEqual(['CancelRequested', 'ProcessCancelled']);
  rig.inbox.put(start);
  await rig.work();
  expect(await rig.head(CHILD)).toMatchObject({ status: 'cancelled', version: 1 });
});

test('an owner of another tenant, a decider and an unknown process are parked beside the child', async () => {
  const rig = new Rig();
  rig.start('waits');
  await rig.work();
  const start = JSON.parse(rig.seen.find(isCommand) as string) as CommandMessage;
  rig.inbox.put(inboxBody({ ...start, owner: 'other#child#c-1' }));
  rig.inbox.put(inboxBody({ ...start, owner: 'default#gone#c-1' }));
  rig.inbox.put(inboxBody({ ...start, owner: 'default#child#c-2', data: 7 }));
  await rig.work();
  const reasons = await Promise.all(
    ['other#child#c-1', 'default#gone#c-1', 'default#child#c-2'].map(async (pid) => (await rig.state.parkingStore.parked(pid))[0]?.reason),
  );
  expect(reasons).toEqual(['FORBIDDEN', 'UNKNOWN_PROCESS', 'DATA_INVALID']);
});
