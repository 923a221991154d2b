import { describe, expect, test } from 'vitest';
import type { MessageQueue, ReceivedMessage } from '../../lib/ports/message-queue.ts';
import type { MessageSender } from '../../lib/ports/message-sender.ts';

export interface Queues {
  readonly sender: MessageSender;
  /** The queue `work`: 3 deliveries, then `dead`. */
  readonly work: MessageQueue;
  readonly dead: MessageQueue;
  /** Lets time pass, real or virtual. */
  readonly pass: (milliseconds: number) => Promise<void>;
}

/** The inexact properties of a queue, for the suite. */
export interface Traits {
  /** How long messages are hidden; short if the time is real. */
  readonly visibilitySeconds: number;
  /** A time shortly before an instant, at which nothing may have happened yet. */
  readonly momentMs: number;
  /** Why the queue accepts the handle of an earlier delivery. `undefined`: it refuses such a handle. */
  readonly takesStaleHandles: string | undefined;
}

/** The properties of queues on a virtual clock, which are exact to the millisecond. */
const EXACT: Traits = { visibilitySeconds: 30, momentMs: 1, takesStaleHandles: undefined };

/** The contract of each message queue, and message sender. `make` returns empty queues. */
export function messageQueueContract(name: string, make: () => Promise<Queues> | Queues, traits: Traits = EXACT): void {
  describe(`message queue: ${name}`, () => {
    const { visibilitySeconds, momentMs, takesStaleHandles } = traits;
    const visibilityMs = visibilitySeconds * 1000;
    const options = { max: 10, waitSeconds: 0, visibilitySeconds };
    const bodies = (messages: readonly ReceivedMessage[]): string[] => messages.map(({ body }) => body);
    const handles = (messages: readonly ReceivedMessage[]): string[] => messages.map(({ receiptHandle }) => receiptHandle);
    const sent = async (...texts: string[]): Promise<Queues> => {
      const queues = await make();
      await queues.sender.send(
        'work',
        texts.map((body) => ({ body })),
      );
      return queues;
    };

    test('delivers a sent message, once while it is invisible', async () => {
      const { work } = await sent('a', 'b');
      expect(bodies(await work.receive(options)).sort()).toEqual(['a', 'b']);
      expect(await work.receive(options)).toEqual([]);
    });

    test('returns nothing at once from an empty queue', async () => {
      const { work } = await make();
      expect(await work.receive(options)).toEqual([]);
    });

    test('returns at most the maximum', async () => {
      const { work } = await sent('a', 'b', 'c');
      expect(await work.receive({ ...options, max: 2 })).toHaveLength(2);
      expect(await work.receive({ ...options, max: 2 })).toHaveLength(1);
    });

    test('delivers again when the visibility ends, with the same id and time, a higher count and another handle', async () => {
      const { work, pass } = await sent('a');
      const [first] = await work.receive(options);
      await pass(visibilityMs);
      const [second] = await work.receive(options);
      expect(second).toMatchObject({ messageId: first?.messageId, sentAt: first?.sentAt, body: 'a', receiveCount: 2 });
      expect(first?.receiveCount).toBe(1);
      expect(second?.receiptHandle).not.toBe(first?.receiptHandle);
    });

    test('never delivers a deleted message', async () => {
      const { work, pass } = await sent('a', 'b');
      const messages = await work.receive(options);
      expect(await work.delete(handles(messages.filter(({ body }) => body === 'a')))).toEqual([]);
      await pass(visibilityMs);
      expect(bodies(await work.receive(options))).toEqual(['b']);
    });

    test('deletes a message twice without an error', async () => {
      const { work } = await sent('a');
      const messages = await work.receive(options);
      await work.delete(handles(messages));
      expect(await work.delete(handles(messages))).toEqual([]);
    });

    test('does not delete with the handle of an earlier delivery', async (context) => {
      context.skip(takesStaleHandles !== undefined, takesStaleHandles);
      const { work, pass } = await sent('a');
      const stale = handles(await work.receive(options));
      await pass(visibilityMs);
      await work.receive(options);
      expect(await work.delete(stale)).toEqual(stale);
      await pass(visibilityMs);
      expect(bodies(await work.receive(options))).toEqual(['a']);
    });

    test('deletes a message whose visibility has ended, if it was not received again', async () => {
      const { work, pass } = await sent('a');
      const messages = await work.receive(options);
      await pass(visibilityMs);
      expect(await work.delete(handles(messages))).toEqual([]);
      expect(await work.receive(options)).toEqual([]);
    });

    test('hides or shows a message when its visibility is changed', async () => {
      const { work, pass } = await sent('a');
      const [message] = await work.receive(options);
      const receiptHandle = message?.receiptHandle as string;
      expect(await work.changeVisibility([{ receiptHandle, seconds: 2 * visibilitySeconds }])).toEqual([]);
      await pass(2 * visibilityMs - momentMs);
      expect(await work.receive(options)).toEqual([]);
      expect(await work.changeVisibility([{ receiptHandle, seconds: 0 }])).toEqual([]);
      expect(bodies(await work.receive(options))).toEqual(['a']);
    });

    test('does not change the visibility of a message that is not in flight', async (context) => {
      context.skip(takesStaleHandles !== undefined, takesStaleHandles);
      const { work, pass } = await sent('a');
      const stale = handles(await work.receive(options));
      await pass(visibilityMs);
      expect(await work.changeVisibility(stale.map((receiptHandle) => ({ receiptHandle, seconds: 5 })))).toEqual(stale);
    });

    test('holds a message back for its delay', async () => {
      const { sender, work, pass } = await make();
      await sender.send('work', [{ body: 'later', delaySeconds: 2 }, { body: 'now' }]);
      const prompt = await work.receive(options);
      expect(bodies(prompt)).toEqual(['now']);
      await work.delete(handles(prompt));
      await pass(2000 - momentMs);
      expect(await work.receive(options)).toEqual([]);
      await pass(momentMs);
      expect(bodies(await work.receive(options))).toEqual(['later']);
    });

    test('moves a message to the dead letters after its last delivery, with its id and its time', async () => {
      const { work, dead, pass } = await sent('a');
      const [first] = await work.receive(options);
      for (let delivery = 2; delivery <= 3; delivery += 1) {
        await pass(visibilityMs);
        expect(await work.receive(options)).toHaveLength(1);
      }
      expect(await dead.receive(options)).toEqual([]);
      await pass(visibilityMs);
      expect(await work.receive(options)).toEqual([]);
      expect(await dead.receive(options)).toMatchObject([{ messageId: first?.messageId, sentAt: first?.sentAt, body: 'a' }]);
    });

    test('wakes a receiver that waits when a message comes', async () => {
      const { sender, work } = await make();
      const waiting = work.receive({ ...options, waitSeconds: 20 });
      await sender.send('work', [{ body: 'a' }]);
      expect(bodies(await waiting)).toEqual(['a']);
    });

    test('wakes a receiver that waits when a delay ends', async () => {
      const { sender, work, pass } = await make();
      const waiting = work.receive({ ...options, waitSeconds: 20 });
      await sender.send('work', [{ body: 'a', delaySeconds: 5 }]);
      await pass(5000);
      expect(bodies(await waiting)).toEqual(['a']);
    });

    test('ends a wait without messages after its time, or when its signal aborts', async () => {
      const { work, pass } = await make();
      const stop = new AbortController();
      const waits = [work.receive({ ...options, waitSeconds: 5 }), work.receive({ ...options, waitSeconds: 20, signal: stop.signal })];
      await pass(5000);
      stop.abort();
      expect(await Promise.all(waits)).toEqual([[], []]);
    });

    test('delivers one message to one of many waiting receivers, and the next to another', async () => {
      const { sender, work } = await make();
      const waits = [1, 2, 3].map(() => work.receive({ ...options, max: 1, waitSeconds: 20 }));
      await sender.send('work', [{ body: 'a' }, { body: 'b' }, { body: 'c' }]);
      expect((await Promise.all(waits)).flatMap(bodies).sort()).toEqual(['a', 'b', 'c']);
    });

    test('refuses a message that cannot be sent as a sender fault, and sends the rest', async () => {
      const { sender, work } = await make();
      expect((await sender.send('nowhere', [{ body: 'a' }]))[0]).toMatchObject({ status: 'failed', senderFault: true });
      const results = await sender.send('work', [{ body: 'x'.repeat(2_000_000) }, { body: 'a' }]);
      expect(results.map(({ status }) => status)).toEqual(['failed', 'sent']);
      const [message] = await work.receive(options);
      expect(results[1]).toEqual({ status: 'sent', messageId: message?.messageId });
    });
  });
}
