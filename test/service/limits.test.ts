import { beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { command } from '../../lib/contract/command.ts';
import type { CommandLimits } from '../../lib/contract/limits.ts';
import { service } from '../../lib/contract/service.ts';
import type { CommandRecord, IdempotencyStore } from '../../lib/ports/idempotency-store.ts';
import type { Consumer } from '../../lib/service/consumer/consumer.ts';
import { serve } from '../../lib/service/serve.ts';
import type { TransactionalRecords } from '../../lib/service/store.ts';
import type { Task } from '../../lib/service/task.ts';
import { gate, ID, type RigOptions, ServiceRig, SETTLING, START, turn } from './service-rig.ts';
import { MemoryIdempotencyStore } from '../../lib/adapters/memory/idempotency-store.ts';

// The consumer loads these at its first limited command, which takes true time; the time of the tests is virtual.
beforeAll(async () => {
  await import('../../lib/service/consumer/limits/admit-run.ts');
  await import('../../lib/service/consumer/limits/limiter.ts');
});

const input = z.object({ amount: z.int(), card: z.string() });
type Input = z.infer<typeof input>;
type Charge = (input: Input, task: Task<object, undefined>) => Promise<null>;

/** The service payments with one command, whose runs are limited. */
const limited = (limits: CommandLimits<Input>, charge: Charge) =>
  serve(service('payments', { charge: command({ input, limits }) }), { charge });

/** The same, whose handler runs in a transaction of the store. */
const limitedTransaction = (limits: CommandLimits<Input>, charge: Charge) => {
  const records = new MemoryIdempotencyStore();
  const transactional = {
    read: (id) => records.read(id),
    write: (id, record, expected) => records.write(id, record, expected),
    durable: () => records.durable(),
    transact: (body) => body(undefined, records),
  } satisfies TransactionalRecords;
  const store = { '~tx': undefined, '~records': transactional };
  return serve(service('payments', { charge: command({ input, limits }) }), { charge: { effect: 'transaction', run: charge } }, { store });
};

/** A store whose calls for limits go through `ask` first. */
const asking = (ask: (id: string) => Promise<void> | void): IdempotencyStore => {
  const store = new MemoryIdempotencyStore();
  return {
    read: (id) => store.read(id),
    write: async (id, record, expected) => {
      if (id.startsWith('|')) await ask(id);
      return store.write(id, record, expected);
    },
    durable: () => store.durable(),
  };
};

/** A rig whose handler notes the time of each run, in milliseconds since the start. */
const noting = (limits: CommandLimits<Input>): { readonly rig: ServiceRig; readonly ran: number[] } => {
  const ran: number[] = [];
  const rig: ServiceRig = new ServiceRig(
    limited(limits, async () => {
      ran.push(rig.clock.now() - START);
      return null;
    }),
  );
  return { rig, ran };
};

const send = (rig: ServiceRig, count: number, card = 'tok_1', from = 0): void => {
  for (let n = from; n < from + count; n += 1) rig.send({ id: `${ID}${n}`, data: { amount: n, card } });
};

/** Delivers each message at the instant at which the queue shows it, for so long. */
const passing = async (rig: ServiceRig, milliseconds: number, consumer: Consumer = rig.consumer): Promise<void> => {
  const end = rig.clock.now() + milliseconds;
  for (;;) {
    for (let ready = rig.queue.nextVisibleAt(); ready !== undefined && ready <= rig.clock.now(); ready = rig.queue.nextVisibleAt()) {
      void rig.deliver(consumer);
      await turn();
    }
    await turn();
    const next = Math.min(rig.queue.nextVisibleAt() ?? Infinity, rig.clock.nextWakeAt() ?? Infinity);
    if (next > end) break;
    rig.clock.advanceTo(Math.max(next, rig.clock.now()));
    await turn();
  }
  rig.clock.advanceTo(end);
};

test('a rate lets so many commands run at once, and each further one exactly a period after the one that it follows', async () => {
  const { rig, ran } = noting({ rate: '3 per second' });
  send(rig, 8);
  await passing(rig, 5_000);
  expect(ran).toEqual([0, 0, 0, 1_000, 1_000, 1_000, 2_000, 2_000]);
  expect(rig.outcomes()).toEqual(new Array(8).fill('completed'));
  expect(rig.queue.size).toBe(0);
});

test('each key has a rate of its own', async () => {
  const { rig, ran } = noting({ rate: '1 per minute', key: ({ card }) => card });
  send(rig, 2, 'a');
  send(rig, 1, 'b', 2);
  await passing(rig, 100_000);
  expect(ran).toEqual([0, 0, 60_000]);
});

test('a retry needs a time of the rate as each run does', async () => {
  let left = 2;
  const ran: number[] = [];
  const rig: ServiceRig = new ServiceRig(
    limited({ rate: '1 per minute' }, async () => {
      ran.push(rig.clock.now() - START);
      if ((left -= 1) > 0) throw new TypeError('down');
      return null;
    }),
  );
  send(rig, 2);
  await passing(rig, 300_000);
  expect(ran).toEqual([0, 60_000, 120_000]);
  expect(rig.outcomes()).toEqual(['completed', 'completed']);
});

test('a retry without a pause needs a time of its own as well', async () => {
  let runs = 0;
  const ran: number[] = [];
  const pay = service('payments', { charge: command({ input, limits: { rate: '1 per minute' } }) });
  const rig: ServiceRig = new ServiceRig(
    serve(pay, {
      charge: async () => {
        ran.push(rig.clock.now() - START);
        // The second run is that of a reserved time.
        if ((runs += 1) === 2) throw new TypeError('down');
        return null;
      },
    }),
  );
  rig.send({ id: `${ID}0` });
  await rig.deliver();
  for (const id of ['1', '2']) rig.send({ id: `${ID}${id}`, retryfirst: 0 });
  await passing(rig, 300_000);
  expect(ran).toEqual([0, 60_000, 120_000, 180_000]);
});

test('workers that were away for an hour run nothing faster than the rate allows', async () => {
  const { rig, ran } = noting({ rate: '1 per second' });
  send(rig, 5);
  await rig.deliver();
  rig.clock.advance(3_600_000);
  await passing(rig, 10_000);
  const gaps = ran.slice(1).map((at, index) => at - (ran[index] as number));
  expect(gaps.every((gap) => gap >= 1_000)).toBe(true);
  expect(ran).toHaveLength(5);
});

test('a command that waits for its rate is settled as cancelled without a run', async () => {
  const { rig, ran } = noting({ rate: '1 per day' });
  send(rig, 2);
  await rig.deliver();
  rig.send({ id: `${ID}1`, ...SETTLING, data: { amount: 1, card: 'tok_1' } });
  await rig.deliver();
  await passing(rig, 100_000_000);
  expect(ran).toEqual([0]);
  expect(rig.outcomes()).toEqual(['completed', 'cancelled', 'cancelled']);
});

test('a copy of a command that waits for its rate runs nothing before that time', async () => {
  const { rig, ran } = noting({ rate: '1 per minute' });
  send(rig, 2);
  await rig.deliver();
  send(rig, 2);
  await passing(rig, 200_000);
  expect(ran).toEqual([0, 60_000]);
});

/** A rig whose runs end when the test says so. */
const holding = (
  limits: CommandLimits<Input>,
  { serving = limited, ...options }: RigOptions & { readonly serving?: typeof limited } = {},
) => {
  const running = new Map<number, (value: void) => void>();
  const rig = new ServiceRig(
    serving(limits, async ({ amount }) => {
      const { opened, open } = gate();
      running.set(amount, open);
      await opened;
      running.delete(amount);
      return null;
    }),
    options,
  );
  return { rig, running, names: () => [...running.keys()] };
};

test('no more commands run at once than the concurrency allows, and each that waits runs when a place is free', async () => {
  const { rig, running, names } = holding({ concurrency: 2 });
  send(rig, 4);
  void rig.deliver();
  await turn();
  expect(names()).toEqual([0, 1]);
  await passing(rig, 30_000);
  expect(names()).toEqual([0, 1]);
  running.get(0)?.();
  await passing(rig, 20_000);
  expect(names()).toEqual([1, 2]);
  running.get(1)?.();
  running.get(2)?.();
  await passing(rig, 20_000);
  expect(names()).toEqual([3]);
  running.get(3)?.();
  await passing(rig, 1_000);
  expect(rig.outcomes()).toEqual(new Array(4).fill('completed'));
  expect(rig.queue.size).toBe(0);
});

test('the place of a dead worker lapses with its lease', async () => {
  const { rig, running, names } = holding({ concurrency: 1 });
  send(rig, 1);
  void rig.deliver(rig.worker(0.1));
  await turn();
  send(rig, 1, 'tok_1', 1);
  await passing(rig, 55_000);
  expect(names()).toEqual([0]);
  await passing(rig, 40_000, rig.worker(0.9));
  // The queue shows the command of the dead worker again, and it is the older one.
  expect(names()).toEqual([0]);
  running.get(0)?.();
  await passing(rig, 10_000, rig.worker(0.8));
  expect(names()).toEqual([1]);
});

test.each([
  ['a run that lives on', limited],
  ['a transaction that lives on', limitedTransaction],
])('%s keeps its place by its heartbeat', async (_what, serving) => {
  const { rig, running, names } = holding({ concurrency: 1 }, { serving });
  const worker = rig.worker(0.1);
  send(rig, 1);
  void rig.deliver(worker);
  await turn();
  send(rig, 1, 'tok_1', 1);
  for (let beats = 0; beats < 10; beats += 1) {
    await passing(rig, 20_000, rig.worker(0.3 + beats / 100));
    await worker.beat();
  }
  expect(names()).toEqual([0]);
  running.get(0)?.();
  await passing(rig, 40_000);
  expect(names()).toEqual([1]);
});

test('a heartbeat that finds no place any more takes nothing from a run that has ended meanwhile', async () => {
  let asked = Promise.resolve();
  const store = asking(() => asked);
  const { rig, running } = holding({ concurrency: 1 }, { store });
  send(rig, 1);
  const delivered = rig.deliver();
  await turn();
  const { revision, ...limit } = (await store.read('|payments.charge|')) as CommandRecord;
  await store.write('|payments.charge|', { ...limit, command: '{}' }, revision);
  const { opened, open } = gate();
  asked = opened;
  const beat = rig.consumer.beat();
  await turn();
  running.get(0)?.();
  await turn();
  open();
  await Promise.all([beat, delivered]);
  expect(rig.outcomes()).toEqual(['completed']);
  expect(rig.notices).toEqual([]);
});

test('a place is free after a run that failed, and a command whose claim was lost keeps none', async () => {
  let left = 2;
  const ran: number[] = [];
  const rig: ServiceRig = new ServiceRig(
    limited({ concurrency: 1 }, async ({ amount }) => {
      ran.push(amount);
      if ((left -= 1) > 0) throw new TypeError('down');
      return null;
    }),
  );
  send(rig, 2);
  await passing(rig, 60_000);
  expect(rig.outcomes()).toEqual(['completed', 'completed']);
  expect(ran).toHaveLength(3);
});

test('retryAfter with key lets all commands of the key wait, and no other', async () => {
  const ran: string[] = [];
  const rig: ServiceRig = new ServiceRig(
    limited({ rate: '100 per second', key: ({ card }) => card }, async ({ amount, card }, task) => {
      ran.push(`${card}${amount} ${(rig.clock.now() - START) / 1000}`);
      if (ran.length === 1) throw task.retryAfter('10 minutes', 'rate limited', { key: true });
      return null;
    }),
  );
  send(rig, 1, 'a');
  await rig.deliver();
  send(rig, 1, 'a', 1);
  send(rig, 1, 'b', 2);
  await passing(rig, 1_000_000);
  expect([...ran].sort()).toEqual(['a0 0', 'a0 600', 'a1 600', 'b2 0']);
});

test('retryAfter with key pauses its own command also if the limit cannot be written', async () => {
  let fails = false;
  const store = asking(() => {
    if (fails) throw new TypeError('the store is away');
  });
  const rig = new ServiceRig(
    limited({ rate: '100 per second' }, async (_input, task) => {
      fails = true;
      throw task.retryAfter('10 minutes', 'slow', { key: true });
    }),
    { store },
  );
  send(rig, 1);
  await rig.deliver();
  expect(rig.notices.map(({ kind }) => kind)).toEqual(['fault', 'handler-failed']);
  const record = await rig.record(`${ID}0`);
  expect(record).toMatchObject({ state: 'RUN', nextRunAt: START + 600_000 });
  expect(record).not.toHaveProperty('token');
});

test('retryAfter with key on a command without limits is an error of the handler that says so', async () => {
  const pay = service('payments', { charge: command({ input }) });
  const rig = new ServiceRig(
    serve(pay, { charge: async (_input, task) => Promise.reject(task.retryAfter('1 minute', 'slow', { key: true })) }),
  );
  send(rig, 1);
  await rig.deliver();
  expect(rig.notices.map(({ message }) => message)).toEqual([expect.stringContaining('payments.charge has no limits')]);
});

test('a key that the contract cannot compute makes the command wait for another build, like an unreadable input', async () => {
  const { rig, ran } = noting({
    rate: '1 per second',
    key: () => {
      throw new TypeError('no account');
    },
  });
  send(rig, 1);
  await rig.deliver();
  expect(ran).toEqual([]);
  await passing(rig, 1_000_000);
  expect(rig.outcomes()).toEqual(['failed']);
  expect(rig.notices.map(({ message }) => message).join(' ')).toContain('limits.key threw');
});

test('a command without limits reads and writes no limit', async () => {
  const store = new MemoryIdempotencyStore();
  const ids: string[] = [];
  const pay = service('payments', { charge: command({ input }) });
  const rig = new ServiceRig(serve(pay, { charge: async () => null }), {
    store: {
      read: (id) => (ids.push(id), store.read(id)),
      write: (id, record, expected) => (ids.push(id), store.write(id, record, expected)),
      durable: () => store.durable(),
    },
  });
  send(rig, 1);
  await rig.deliver();
  expect(ids).toEqual([`${ID}0`, `${ID}0`]);
});

test('ten commands of one batch share one write of their limit', async () => {
  const ids: string[] = [];
  const rig = new ServiceRig(
    limited({ rate: '100 per second' }, async () => null),
    { store: asking((id) => void ids.push(id)) },
  );
  send(rig, 10);
  await rig.deliver();
  expect(ids).toEqual(['|payments.charge|']);
});

test('a notice says which limit a command waits for, and until when', async () => {
  const { rig } = noting({ rate: '1 per minute', key: ({ card }) => card });
  send(rig, 2);
  await rig.deliver();
  expect(rig.notices).toMatchObject([
    {
      kind: 'limited',
      commandId: `${ID}1`,
      message: 'payments.charge runs at 2026-11-21T10:01:00.000Z: it waits for its limit of 1 per minute for each key, here "tok_1"',
    },
  ]);
});

test('a notice of a key that rests says when the command asks again', async () => {
  const rig = new ServiceRig(
    limited({ rate: '1 per hour' }, async (_input, task) => Promise.reject(task.retryAfter('10 minutes', 'slow', { key: true }))),
  );
  send(rig, 1);
  await rig.deliver();
  send(rig, 1, 'tok_1', 1);
  await rig.deliver();
  expect(rig.notices.at(-1)?.message).toBe(
    'payments.charge tries again at about 2026-11-21T10:10:00.000Z: its handler asked for a pause of this key',
  );
});

test('a command that waits in its worker for a place keeps its place in the line, and writes nothing', async () => {
  const written: string[] = [];
  const { rig, names } = holding({ concurrency: 1 }, { wholeSeconds: true, store: asking((id) => void written.push(id)) });
  send(rig, 3);
  await passing(rig, 100);
  const before = written.length;
  await passing(rig, 10_000);
  expect(names()).toEqual([0]);
  expect(written).toHaveLength(before);
});

test('a queue that counts in whole seconds shows a message early, and the worker waits for the rest', async () => {
  const ran: number[] = [];
  const rig: ServiceRig = new ServiceRig(
    limited({ rate: '3 per minute' }, async () => {
      ran.push(rig.clock.now() - START);
      return null;
    }),
    { wholeSeconds: true },
  );
  rig.clock.advance(500);
  send(rig, 4);
  await passing(rig, 100_000);
  expect(ran).toEqual([500, 500, 500, 60_500]);
});
