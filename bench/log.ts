/**
 * Measures the log alone with the changes of four-step bookings: bookings a second through all ports, with one SQLite commit per step
 * and with the group-committed log, and the longest time that the thread was blocked. Decisions, schemas and services do not run.
 */
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openState, type State, type StateOptions } from '../lib/local/state.ts';
import type { Head } from '../lib/ports/process-store.ts';

const STEPS = 4;
const CONCURRENT = 200;
const PAD = 'x'.repeat(300);

const system = { name: 'trips', services: new Map([['work', {}]]), processes: new Map() } as unknown as StateOptions['system'];

/** One booking: a start, then the command, the claim, the answer and the commit of each step. */
async function booking(state: State, number: number, each: () => Promise<void>): Promise<void> {
  const pid = `default#book-trip#cart-${number}`;
  let tail: string[] = [];
  const head = (version: number, status: Head['status']): Head => ({
    pid,
    version,
    status,
    tail,
    writer: 'w1',
    run: 'r5f2c',
    definition: 'book-trip@1',
    clock: 1,
    control: `{"seq":${version},"pad":"${PAD}"}`,
    tailFrom: 0,
    startedAt: number,
  });
  await state.processStore.commit(head(1, 'running'), { kind: 'absent' });
  for (let step = 1; step <= STEPS; step += 1) {
    const id = `${pid}/r5f2c/${step}`;
    const command = `{"specversion":"1.0","id":"${id}","type":"payments.charge","pad":"${PAD}","replyto":"trips","data":{"amount":1}}`;
    const reply = `{"specversion":"1.0","id":"${id}:completed","commandid":"${id}","pad":"${PAD}","replyto":"trips","data":{"paymentId":1}}`;
    await state.sender.send('work', [{ body: command }]);
    await each();
    const [message] = await receive(state, 'work');
    await state.idempotencyStore.read(id);
    await state.idempotencyStore.write(id, { state: 'RUN', hash: 'sha256:9f2c', token: 't', leaseUntil: 1, command }, 'absent');
    await state.idempotencyStore.write(id, { state: 'DONE', hash: 'sha256:9f2c', reply, command }, 1);
    await state.publisher.publish([{ source: 'payments', type: 'payments.payment-charged', detail: reply }]);
    await state.queues.get('work')?.delete([message as string]);
    const [answer] = await receive(state, 'inbox');
    tail = [...tail, `{"n":${step},"completed":{"paymentId":1},"pad":"${PAD}"}`];
    await state.processStore.commit(head(step + 1, step === STEPS ? 'completed' : 'running'), { kind: 'at', version: step, run: 'r5f2c' });
    await state.queues.get('inbox')?.delete([answer as string]);
    await each();
  }
}

async function receive(state: State, queue: string): Promise<string[]> {
  const messages = (await state.queues.get(queue)?.receive({ max: 1, waitSeconds: 20, visibilitySeconds: 30 })) ?? [];
  return messages.map(({ receiptHandle }) => receiptHandle);
}

async function measure(
  name: string,
  bookings: number,
  open: (directory: string) => State,
  each: (state: State) => Promise<void>,
  concurrent = CONCURRENT,
): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'tutti-bench-'));
  const state = open(directory);
  let held = 0;
  let seen = performance.now();
  const watch = setInterval(() => {
    held = Math.max(held, performance.now() - seen);
    seen = performance.now();
  }, 1);
  const from = performance.now();
  let next = 0;
  const one = async (): Promise<void> => {
    while (next < bookings) await booking(state, (next += 1), () => each(state));
  };
  await Promise.all(Array.from({ length: concurrent }, one));
  await state.durable();
  const seconds = (performance.now() - from) / 1000;
  clearInterval(watch);
  const closing = performance.now();
  state.close();
  const closed = performance.now() - closing;
  const size = statSync(join(directory, 'state.db'), { throwIfNoEntry: false })?.size ?? 0;
  console.log(
    `${name}: ${Math.round(bookings / seconds)} bookings/s, ${Math.round((bookings * (STEPS + 1)) / seconds)} commits/s, ` +
      `held at most ${held.toFixed(0)} ms, close ${closed.toFixed(0)} ms, ${(size / 1e6).toFixed(0)} MB on disk`,
  );
  rmSync(directory, { recursive: true, force: true });
}

const bookings = Number(process.argv[2] ?? 20_000);
await measure(
  'memory',
  bookings,
  () => openState({ system }),
  () => Promise.resolve(),
);
await measure(
  'one commit per step, one at a time',
  Math.ceil(bookings / 40),
  (directory) => openState({ system, directory }),
  (state) => state.durable(),
  1,
);
await measure(
  'group commit, durable before each step',
  bookings,
  (directory) => openState({ system, directory }),
  (state) => state.durable(),
);
await measure(
  'group commit, nobody waits',
  bookings,
  (directory) => openState({ system, directory }),
  () => new Promise((resolve) => setImmediate(resolve)),
);
