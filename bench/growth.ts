/** `npm run bench:growth`: what an embedded system takes as it grows. Its rows are measured, none is asserted: bench/README.md#growth. */
import { mkdtempSync, readdirSync, rmSync, statSync, readFileSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import * as z from 'zod';
import { command, event, process as processOf, service, system } from 'tutti';
import { systemContract } from '../lib/contract/system.ts';
import { retireClosed } from '../lib/engine/jobs/retire-closed.ts';
import { Runtime } from '../lib/local/runtime.ts';
import { openState, type State } from '../lib/local/state.ts';
import { openTables } from '../lib/adapters/embedded/tables.ts';
import { connect } from '../lib/client/connect.ts';
import type { Client } from '../lib/client/client.ts';
import type { Head } from '../lib/ports/process-store.ts';
import { serve } from '../lib/service/serve.ts';

const USAGE = `Usage: npm run bench:growth -- [steps] [open] [recover] [million] [soak] [--minutes N]
  steps     CPU and written bytes of a step, in instances of 10 to 10,000 steps
  open      CPU, memory and list of 10 to 100,000 open instances
  recover   the open of folders of 0.4 and 1 GB after a crash
  million   lists and counts of 1,000,000 instances
  soak      bookings for --minutes (30), of which closed ones are removed after 30 seconds`;

const Step = z.object({ id: z.string(), steps: z.int() });
const Asked = event('growth.asked', Step);
const Opened = event('growth.opened', z.object({ id: z.string() }));
const Closed = event('growth.closed', z.object({ id: z.string() }));
const workers = service('workers', { work: command({ input: z.object({ n: z.int() }), output: z.object({ reference: z.string() }) }) });

const work = processOf('work', { startOn: Asked.byId(({ id }) => id) }, async (ctx, { steps }) => {
  for (let n = 0; n < steps; n += 1) await ctx.call(workers.work, { n });
  return { steps };
});
const stay = processOf('stay', { startOn: Opened.byId(({ id }) => id), receives: [Closed.byId(({ id }) => id)] }, async (ctx) => {
  await ctx.waitFor(Closed, { timeout: '30 days' });
});
const growth = system('growth', { processes: [work, stay], services: [workers] });

const DAY_MS = 86_400_000;
/** Closed instances of the soak are removed after this time. */
const SOAK_KEEPS_MS = 30_000;
const SOAK_AT_ONCE = 50;

interface Running {
  readonly runtime: Runtime;
  readonly client: Client;
  readonly directory: string;
}

function line(...cells: readonly (string | number)[]): void {
  console.log(
    `| ${cells.map((cell) => (typeof cell === 'number' ? Number(cell.toPrecision(3)).toLocaleString('en') : cell)).join(' | ')} |`,
  );
}

function title(text: string, ...columns: readonly string[]): void {
  console.log(`\n${text} (load ${loadavg()[0]?.toFixed(1)})\n`);
  line(...columns);
  line(...columns.map(() => '---'));
}

async function inFolder(use: (directory: string) => Promise<void>): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'tutti-growth-'));
  try {
    await use(directory);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

const running = (use: (running: Running) => Promise<void>): Promise<void> =>
  inFolder(async (directory) => {
    const services = [serve(workers, { work: async ({ n }) => ({ reference: `reference-${n}` }) }, { slots: 200 })];
    const runtime = new Runtime(growth, { directory, services });
    await runtime.start();
    try {
      await use({ runtime, client: connect(growth, runtime.connection), directory });
    } finally {
      await runtime.stop();
    }
  });

function folderBytes(directory: string): number {
  return readdirSync(directory).reduce(
    (sum, name) => sum + (statSync(join(directory, name)).isFile() ? statSync(join(directory, name)).size : 0),
    0,
  );
}

function writtenBytes(): number {
  return Number(/^wchar: (\d+)/m.exec(readFileSync('/proc/self/io', 'utf8'))?.[1]);
}

function heapBytes(): number {
  globalThis.gc?.();
  return process.memoryUsage().heapUsed;
}

function cpuMs(): number {
  const { user, system: kernel } = process.cpuUsage();
  return (user + kernel) / 1000;
}

/** Runs work, and returns its time, its CPU time and the longest time for which it held the event loop, all in milliseconds. */
async function measured(run: () => Promise<unknown>): Promise<{ readonly ms: number; readonly cpu: number; readonly gap: number }> {
  const gaps = monitorEventLoopDelay({ resolution: 1 });
  const [began, cpu] = [performance.now(), cpuMs()];
  gaps.enable();
  await run();
  await new Promise((resolve) => setTimeout(resolve, 5));
  gaps.disable();
  return { ms: performance.now() - began, cpu: cpuMs() - cpu, gap: gaps.max / 1e6 };
}

async function first(heads: AsyncIterable<unknown>, count: number): Promise<number> {
  let found = 0;
  for await (const _ of heads) if ((found += 1) === count) break;
  return found;
}

async function steps(): Promise<void> {
  title('Steps of one instance', 'steps', 'CPU ms a step', 'written bytes a step', 'longest gap ms');
  await running(async ({ client }) => {
    const run = async (id: string, count: number): Promise<void> => {
      await client.publish(Asked, { id, steps: count });
      await client.result(work, id);
    };
    await run('warm-up', 3_000);
    for (const count of [10, 100, 1_000, 10_000]) {
      const times = Math.ceil(1_000 / count);
      const written = writtenBytes();
      const { cpu, gap } = await measured(async () => {
        for (let n = 0; n < times; n += 1) await run(`${count}-${n}`, count);
      });
      line(String(count), cpu / (times * count), (writtenBytes() - written) / (times * count), gap);
    }
  });
}

async function open(): Promise<void> {
  title(
    'Open instances',
    'open',
    'CPU ms a start',
    'folder bytes each',
    'heap bytes each',
    'list of 100 ms',
    'whole list CPU ms each',
    'gap of the list ms',
    'signal to end ms',
  );
  for (const count of [10, 1_000, 10_000, 100_000]) {
    await running(async ({ client, runtime, directory }) => {
      await client.publish(Opened, { id: 'warm-up' });
      const [heap, folder] = [heapBytes(), folderBytes(directory)];
      const started = await measured(async () => {
        for (let from = 0; from < count; from += 500)
          await Promise.all(Array.from({ length: Math.min(500, count - from) }, (_, n) => client.publish(Opened, { id: `o-${from + n}` })));
        while (runtime.state.queues.get('inbox')?.size !== 0) await new Promise((resolve) => setTimeout(resolve, 20));
      });
      const page = await measured(() => first(client.list(), 100));
      const whole = await measured(() => first(client.list(), Infinity));
      const signalled = await measured(async () => {
        await client.publish(Closed, { id: 'o-5' });
        await client.result(stay, 'o-5');
      });
      runtime.state.checkpoint();
      const [bytes, grown] = [(heapBytes() - heap) / count, (folderBytes(directory) - folder) / count];
      line(String(count), started.cpu / count, grown, bytes, page.ms, whole.cpu / count, whole.gap, signalled.ms);
    });
  }
}

/** An instance of one day: of a thousand, one runs, one is stuck and ten have failed. */
function headOf(n: number, tailLength: number): Head {
  const place = n % 1_000;
  const at = 1_700_000_000_000 + n;
  return {
    pid: `default#work#${n}`,
    version: 1,
    writer: 'bench',
    run: `run-${n}`,
    status: place === 0 ? 'running' : place === 1 ? 'stuck' : place < 12 ? 'failed' : 'completed',
    definition: 'work@1',
    clock: at,
    control: '{"format":2,"seq":2}',
    tail: [JSON.stringify({ type: 'ProcessStarted', padding: 'x'.repeat(tailLength) })],
    tailFrom: 0,
    startedAt: at,
    ...(place > 1 && { closedAt: at }),
  };
}

async function fill(state: State, count: number, tailLength: number): Promise<void> {
  for (let n = 0; n < count; n += 1) {
    await state.processStore.commit(headOf(n, tailLength), { kind: 'absent' });
    if (n % 1_000 === 999) await state.durable();
    // Without turns of the event loop the log is moved into the tables only here.
    if (n % 10_000 === 9_999) state.checkpoint();
  }
}

/** Writes rows as bookings of four steps leave them. */
function fillBooked(directory: string, count: number): void {
  const { heads, records, log } = openTables(directory);
  for (let n = 0; n < count; n += 1) {
    heads.set(`default#work#${n}`, headOf(n, 1_900));
    for (let step = 1; step <= 4; step += 1)
      records.set(`default#work#${n}/run-${n}/${step}`, { state: 'DONE', hash: 'h'.repeat(64), reply: 'r'.repeat(480), revision: 2 });
    if (n % 10_000 === 9_999) log.checkpoint();
  }
  log.abandon();
}

async function recover(): Promise<void> {
  title('A folder after a crash', 'folder MB', 'bookings', 'open ms', 'CPU ms', 'first list page ms');
  for (const count of [30_000, 80_000]) {
    await inFolder(async (directory) => {
      fillBooked(directory, count);
      let state: State | undefined;
      const opened = await measured(async () => (state = openState({ system: systemContract(growth), directory })));
      const listed = await measured(() => first((state as State).instanceIndex.list({ tenant: 'default' }), 100));
      line(folderBytes(directory) / 1e6, String(count), opened.ms, opened.cpu, listed.ms);
      state?.abandon();
    });
  }
}

async function million(): Promise<void> {
  title('A million instances', 'request', 'found', 'ms', 'CPU ms', 'longest gap ms');
  await inFolder(async (directory) => {
    const state = openState({ system: systemContract(growth), directory });
    await fill(state, 1_000_000, 300);
    state.checkpoint();
    const { instanceIndex: index } = state;
    const requests = {
      'first 100': [{}, 100],
      'first 100 of 1,000,000 by process': [{ process: 'work' }, 100],
      'all running or stuck': [{ statuses: ['running', 'stuck'] }, Infinity],
      'first 100 stuck': [{ statuses: ['stuck'] }, 100],
      'first 100 failed': [{ statuses: ['failed'] }, 100],
      'first 100 cancelled, of none': [{ statuses: ['cancelled'] }, 100],
      'all, counted': [{}, Infinity],
      'all of another tenant, of none': [{ tenant: 'other' }, Infinity],
    } as const;
    for (const [name, [filter, count]] of Object.entries(requests)) {
      let found = 0;
      const { ms, cpu, gap } = await measured(async () => (found = await first(index.list({ tenant: 'default', ...filter }), count)));
      line(name, String(found), ms, cpu, gap);
    }
    state.abandon();
  });
}

async function soak(minutes: number): Promise<void> {
  title('Soak', 'minute', 'bookings', 'per s', 'CPU ms each', 'RSS MB', 'heap MB', 'folder MB', 'removed', 'longest gap ms');
  await running(async ({ client, runtime, directory }) => {
    const { instanceIndex: index, retirementStore: retirement, clock } = runtime.state;
    const ends = performance.now() + minutes * 60_000;
    let [done, removed] = [0, 0];
    const book = async (lane: number): Promise<void> => {
      for (let n = 0; performance.now() < ends; n += 1) {
        await client.publish(Asked, { id: `b-${lane}-${n}`, steps: 4 });
        await client.result(work, `b-${lane}-${n}`);
        done += 1;
      }
    };
    const remove = async (): Promise<void> => {
      while (performance.now() < ends) {
        removed += await retireClosed({ index, retirement, clock }, { retentionMs: SOAK_KEEPS_MS - DAY_MS });
        await clock.sleep(5_000);
      }
    };
    const tell = async (): Promise<void> => {
      for (let minute = 1; minute <= minutes; minute += 1) {
        const before = [done, removed] as const;
        const { ms, cpu, gap } = await measured(() => clock.sleep(Math.min(60_000, ends - performance.now())));
        const count = done - before[0];
        const { rss } = process.memoryUsage();
        line(
          String(minute),
          String(done),
          count / (ms / 1000),
          cpu / count,
          rss / 1e6,
          heapBytes() / 1e6,
          folderBytes(directory) / 1e6,
          String(removed - before[1]),
          gap,
        );
      }
    };
    await Promise.all([...Array.from({ length: SOAK_AT_ONCE }, (_, lane) => book(lane)), remove(), tell()]);
  });
}

const cases = { steps, open, recover, million, soak } as const;
const words = process.argv.slice(2);
const at = words.indexOf('--minutes');
const minutes = at === -1 ? 30 : Number(words.splice(at, 2)[1]);
const unknown = words.find((word) => !(word in cases));
if (unknown !== undefined || !(minutes > 0)) {
  console.error(USAGE);
  process.exit(2);
}
for (const [name, run] of Object.entries(cases)) if (words.length === 0 || words.includes(name)) await run(minutes);
