import { expect, test } from 'vitest';
import { MemoryMessageQueue } from '../../lib/adapters/memory/message-queue.ts';
import { VirtualClock } from '../../lib/adapters/memory/virtual-clock.ts';
import type { AdvanceResult } from '../../lib/engine/engine.ts';
import { EngineLost } from '../../lib/local/engine-host.ts';
import { InboxPump } from '../../lib/local/inbox-pump.ts';
import type { ReceivedMessage } from '../../lib/ports/message-queue.ts';

const done = (messages: readonly ReceivedMessage[]): AdvanceResult => ({
  acknowledge: messages.map(({ receiptHandle }) => receiptHandle),
  giveBack: [],
});

/** Pumps until the queue is empty; `advance` and `advanceSuspect` receive the bodies of their messages. */
const pumped = async (
  bodies: readonly string[],
  engine: { readonly advance: (bodies: readonly string[]) => void; readonly advanceSuspect?: (body: string) => void },
): Promise<{ readonly runs: readonly string[]; readonly faults: readonly unknown[] }> => {
  const clock = new VirtualClock(0);
  const queue = new MemoryMessageQueue({ name: 'inbox', clock });
  const stopping = new AbortController();
  const runs: string[] = [];
  const faults: unknown[] = [];
  for (const body of bodies) queue.put(body);
  const acted = (messages: readonly ReceivedMessage[], mark: string, act: () => void): AdvanceResult => {
    runs.push(messages.map(({ body }) => body + mark).join(' '));
    act();
    return done(messages);
  };
  const pump = new InboxPump({
    queue: {
      receive: (options) => queue.receive(options),
      changeVisibility: async (changes) => {
        const failed = await queue.changeVisibility(changes);
        clock.advance(5000);
        return failed;
      },
      delete: async (handles) => {
        const failed = await queue.delete(handles);
        if (queue.size === 0) stopping.abort();
        return failed;
      },
    },
    inFlightMax: 2,
    signal: stopping.signal,
    failed: (error) => void faults.push(error),
    advance: async (messages) => acted(messages, '', () => engine.advance(messages.map(({ body }) => body))),
    advanceSuspect: async (message) => acted([message], '!', () => engine.advanceSuspect?.(message.body)),
  });
  await pump.run();
  return { runs, faults };
};

test('the messages in flight in a lost engine run again one by one, and the cause until it is answered', async () => {
  let lost = 0;
  const { runs } = await pumped(['good', 'bad', 'fine'], {
    advance: () => {
      throw new EngineLost('it spins');
    },
    advanceSuspect: (body) => {
      if (body === 'bad' && (lost += 1) <= 3) throw new EngineLost('it spins');
    },
  });
  expect(runs).toEqual(['good bad fine', 'good!', 'bad!', 'bad!', 'bad!', 'bad!', 'fine!']);
});

test('a batch that fails without ending the engine is reported and redelivered later as a whole', async () => {
  let failures = 0;
  const { runs, faults } = await pumped(['one', 'two'], {
    advance: () => {
      if ((failures += 1) === 1) throw new TypeError('the disk is full');
    },
  });
  expect(runs).toEqual(['one two', 'one two']);
  expect(faults).toEqual([new TypeError('the disk is full')]);
});

test('batches that run no code of a process leave turns of the event loop to others', async () => {
  let turns = 0;
  let busy = true;
  const count = (): void => {
    turns += 1;
    if (busy) setImmediate(count);
  };
  setImmediate(count);
  const batches = 4;
  await pumped(
    Array.from({ length: 128 * batches }, (_, n) => String(n)),
    {
      advance: () => {
        for (const begun = performance.now(); performance.now() - begun < 12;) continue;
      },
    },
  );
  busy = false;
  expect(turns).toBeGreaterThanOrEqual(batches - 1);
});
