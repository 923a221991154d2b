import { describe, expect, it } from 'vitest';
import { FaultyEventPublisher } from '../../../lib/adapters/memory/faulty-event-publisher.ts';
import { FaultyMessageQueue } from '../../../lib/adapters/memory/faulty-message-queue.ts';
import { FaultyMessageSender } from '../../../lib/adapters/memory/faulty-message-sender.ts';
import { FaultyProcessStore } from '../../../lib/adapters/memory/faulty-process-store.ts';
import { type FaultChances, Faults } from '../../../lib/adapters/memory/faults.ts';
import { MemoryProcessStore } from '../../../lib/adapters/memory/process-store.ts';
import { SeededRandom } from '../../../lib/core/seeded-random.ts';
import { eventPublisherContract } from '../../contracts/event-publisher.contract.ts';
import { messageQueueContract } from '../../contracts/message-queue.contract.ts';
import { head, processStoreContract } from '../../contracts/process-store.contract.ts';
import { busOf, opens, queue, queuesOf } from '../opened-states.ts';

function faults(chances: FaultChances): Faults {
  const random = new SeededRandom('faults');
  return new Faults(() => random.number(), chances);
}

const RECEIVE = { max: 10, waitSeconds: 0, visibilitySeconds: 30 };
const NEXT = { kind: 'at', version: 1, run: 'r1' } as const;

// In fair weather the faulty adapters are adapters like others.
processStoreContract('faulty, without faults', () => new FaultyProcessStore(new MemoryProcessStore(), faults({})));
messageQueueContract('faulty, without faults', () => {
  const fair = faults({});
  const queues = queuesOf(opens());
  return { ...queues, sender: new FaultyMessageSender(queues.sender, fair), work: new FaultyMessageQueue(queues.work, fair) };
});
eventPublisherContract('faulty, without faults', () => {
  const bus = busOf(opens());
  return { ...bus, publisher: new FaultyEventPublisher(bus.publisher, faults({})) };
});

describe('faults', () => {
  it('lose the answer of a commit that was applied', async () => {
    const inner = new MemoryProcessStore();
    const store = new FaultyProcessStore(inner, faults({ answerLost: 1 }));
    await expect(store.commit(head(), { kind: 'absent' })).rejects.toMatchObject({ code: 'INJECTED_FAULT', retryable: true });
    expect(await inner.load([head().pid])).toEqual([head()]);
  });

  it('fail a commit before it is applied', async () => {
    const inner = new MemoryProcessStore();
    await expect(new FaultyProcessStore(inner, faults({ before: 1 })).commit(head(), { kind: 'absent' })).rejects.toMatchObject({
      code: 'INJECTED_FAULT',
    });
    expect(await inner.load([head().pid])).toEqual([undefined]);
  });

  it('show an older image to a read that need not be consistent, and the newest to one that must', async () => {
    const store = new FaultyProcessStore(new MemoryProcessStore(), faults({ stale: 1 }));
    await store.commit(head(), { kind: 'absent' });
    await store.commit(head({ version: 2 }), NEXT);
    const [stale] = await store.load([head().pid], { consistent: false });
    const [fresh] = await store.load([head().pid], { consistent: true });
    expect(stale?.version).not.toBe(2);
    expect(fresh?.version).toBe(2);
  });

  it('take some entries of a batch and not others, and say which', async () => {
    const state = opens();
    const sender = new FaultyMessageSender(state.sender, faults({ entryFailed: 0.5 }));
    const results = await sender.send(
      'work',
      [...'abcdefghij'].map((body) => ({ body })),
    );
    const taken = results.filter(({ status }) => status === 'sent').length;
    expect(taken).toBeGreaterThan(0);
    expect(taken).toBeLessThan(10);
    expect(results.filter((result) => result.status === 'failed' && !result.senderFault)).toHaveLength(10 - taken);
    expect(queue(state, 'work').size).toBe(taken);
  });

  it('refuse a message as the fault of its sender', async () => {
    const sender = new FaultyMessageSender(opens().sender, faults({ senderFault: 1 }));
    expect(await sender.send('work', [{ body: 'a' }])).toMatchObject([{ status: 'failed', senderFault: true }]);
  });

  it('send a message twice, and late', async () => {
    const state = opens();
    await new FaultyMessageSender(state.sender, faults({ duplicate: 1, delay: 1 })).send('work', [{ body: 'a' }]);
    expect(queue(state, 'work').size).toBe(2);
    expect(await queue(state, 'work').receive(RECEIVE)).toHaveLength(1);
    await queuesOf(state).pass(5000);
    expect(await queue(state, 'work').receive(RECEIVE)).toHaveLength(1);
  });

  it('deliver a message again while it is held', async () => {
    const state = opens();
    const work = new FaultyMessageQueue(queue(state, 'work'), faults({ duplicate: 1 }));
    await state.sender.send('work', [{ body: 'a' }]);
    expect(await work.receive(RECEIVE)).toMatchObject([{ receiveCount: 1 }]);
    expect(await work.receive(RECEIVE)).toMatchObject([{ receiveCount: 2 }]);
  });

  it('deliver the messages of one batch in another order', async () => {
    const state = opens();
    await state.sender.send(
      'work',
      [...'abcdefghij'].map((body) => ({ body })),
    );
    const bodies = (await new FaultyMessageQueue(queue(state, 'work'), faults({ reorder: 1 })).receive(RECEIVE)).map(({ body }) => body);
    expect(bodies).not.toEqual([...'abcdefghij']);
    expect(bodies.toSorted()).toEqual([...'abcdefghij']);
  });

  it('keep some messages from being deleted, and say which', async () => {
    const state = opens();
    await state.sender.send(
      'work',
      [...'abcdefghij'].map((body) => ({ body })),
    );
    const work = new FaultyMessageQueue(queue(state, 'work'), faults({ entryFailed: 0.5 }));
    const handles = (await work.receive(RECEIVE)).map(({ receiptHandle }) => receiptHandle);
    const failed = await work.delete(handles);
    expect(failed.length).toBeGreaterThan(0);
    expect(queue(state, 'work').size).toBe(failed.length);
  });

  it('publish some events of a batch twice and others not at all, and say which failed', async () => {
    const state = opens();
    const publisher = new FaultyEventPublisher(state.publisher, faults({ entryFailed: 0.3, duplicate: 0.3 }));
    const results = await publisher.publish(Array.from({ length: 10 }, () => ({ source: 'web', type: 'trips.asked', detail: '{}' })));
    const published = results.filter(({ status }) => status === 'published').length;
    expect(published).toBeLessThan(10);
    expect(queue(state, 'inbox').size).toBeGreaterThan(published);
  });

  it('are the same for the same seed', () => {
    const draws = (): boolean[] => {
      const drawn = faults({});
      return Array.from({ length: 50 }, () => drawn.draw(0.5));
    };
    expect(draws()).toEqual(draws());
    expect(new Set(draws()).size).toBe(2);
  });
});
