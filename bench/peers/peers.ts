import { type ChildProcess, execFileSync, fork, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, openSync, readFileSync, readdirSync, rmSync, chownSync, writeFileSync } from 'node:fs';
import { createServer as createHttp2Server } from 'node:http2';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as z from 'zod';
import { command, event, process as processOf, service, system } from 'tutti';
import { startLocal, type LocalSystem } from '../../lib/local/start-local.ts';
import { serve } from '../../lib/service/serve.ts';

/** The folder of the peers' packages. They are no dependencies of this project: `npm run bench:peers` installs them there. */
export const PEERS_FOLDER = fileURLToPath(new URL('../../dist/peers/', import.meta.url));
export const PACKAGES: Readonly<Record<string, string>> = {
  '@dbos-inc/dbos-sdk': '5.3.0',
  '@restatedev/restate-sdk': '1.17.2',
  '@restatedev/restate-server': '1.7.12',
  bullmq: '6.7.0',
  ioredis: '6.0.0',
  pg: '8.23.1',
};

const load = createRequire(join(PEERS_FOLDER, 'package.json'));

/** One booking of about 300 bytes, and what its four steps have returned. */
export interface Booking {
  readonly id: string;
  readonly email: string;
  readonly flight: { readonly from: string; readonly to: string; readonly date: string };
  readonly hotel: { readonly name: string; readonly nights: number };
  readonly payment: { readonly token: string; readonly amount: number };
}
export type Outcome = readonly string[];

export const STEPS = ['charge', 'flight', 'hotel', 'notify'] as const;
type Step = (typeof STEPS)[number];

export const bookingOf = (id: string): Booking => ({
  id,
  email: 'ada.lovelace@example.org',
  flight: { from: 'LHR', to: 'TRN', date: '2026-12-01' },
  hotel: { name: 'Albergo Reale', nights: 3 },
  payment: { token: 'tok_5f1c9a', amount: 84_250 },
});

/** A service that answers at once. */
const answer = (step: string, { id }: Booking): { readonly ref: string; readonly note: string } => ({
  ref: `${step}-${id}`,
  note: 'confirmed by the partner, without further conditions',
});

/** An orchestrator under the load. */
export interface Peer {
  /** Each booking is done when all its steps are durable. */
  readonly book: (booking: Booking) => Promise<Outcome>;
  readonly stop: () => Promise<void>;
  /** Processes beside this one. */
  readonly pids: readonly number[];
  readonly versions: string;
  readonly durability: string;
}

export const peers: Readonly<Record<string, (atOnce: number) => Promise<Peer>>> = {
  tutti: () => tutti(),
  sqlite: () => sqlite(),
  bullmq,
  dbos: () => dbos(),
  restate: () => restate(),
};

const Input = z.object({
  id: z.string(),
  email: z.string(),
  flight: z.object({ from: z.string(), to: z.string(), date: z.string() }),
  hotel: z.object({ name: z.string(), nights: z.int() }),
  payment: z.object({ token: z.string(), amount: z.int() }),
});
const Reply = z.object({ ref: z.string(), note: z.string() });
const Asked = event('peers.booking-asked', Input);
const step = command({ input: Input, output: Reply });
const partners = service('partners', { charge: step, flight: step, hotel: step, notify: step });
const book = processOf('book', { startOn: Asked.byId(({ id }) => id) }, async (ctx, booking) => {
  const refs: string[] = [];
  for (const name of STEPS) refs.push((await ctx.call(partners[name], booking)).ref);
  return refs;
});
/** The system of the peer tutti. */
export const bookings = system('bookings', { processes: [book], services: [partners] });

async function tutti(): Promise<Peer> {
  const directory = mkdtempSync(join(tmpdir(), 'peer-tutti-'));
  const handlers = Object.fromEntries(STEPS.map((name) => [name, async (input: Booking) => answer(name, input)])) as Record<
    Step,
    (input: Booking) => Promise<{ ref: string; note: string }>
  >;
  const local: LocalSystem = await startLocal(bookings, {
    directory,
    checks: false,
    services: [serve(partners, handlers, { slots: 200 })],
  });
  return {
    book: async (booking) => {
      await local.client.publish(Asked, booking);
      return local.client.result(book, booking.id);
    },
    stop: async () => {
      await local.stop();
      rmSync(directory, { recursive: true, force: true });
    },
    pids: [],
    versions: 'this checkout',
    durability: 'log, fdatasync for each group of commits',
  };
}

interface Rows {
  exec(sql: string): void;
  pragma(text: string): unknown;
  prepare(sql: string): { run(...values: readonly unknown[]): unknown };
  close(): void;
}

/** No orchestrator: one commit for the booking, and one for each step. */
async function sqlite(): Promise<Peer> {
  const directory = mkdtempSync(join(tmpdir(), 'peer-sqlite-'));
  const Database = createRequire(import.meta.url)('libsql') as new (file: string) => Rows;
  const database = new Database(join(directory, 'rows.db'));
  database.pragma('journal_mode = WAL');
  database.pragma('synchronous = FULL');
  database.exec('CREATE TABLE booking (id TEXT PRIMARY KEY, input TEXT) WITHOUT ROWID');
  database.exec('CREATE TABLE step (id TEXT, step TEXT, reply TEXT, PRIMARY KEY (id, step)) WITHOUT ROWID');
  const begin = database.prepare('INSERT INTO booking VALUES (?, ?)');
  const record = database.prepare('INSERT INTO step VALUES (?, ?, ?)');
  return {
    book: async (booking) => {
      begin.run(booking.id, JSON.stringify(booking));
      const refs: string[] = [];
      for (const name of STEPS) {
        const reply = answer(name, booking);
        record.run(booking.id, name, JSON.stringify(reply));
        refs.push(reply.ref);
        await Promise.resolve();
      }
      return refs;
    },
    stop: async () => {
      database.close();
      rmSync(directory, { recursive: true, force: true });
    },
    pids: [],
    versions: `libsql ${versionOf(createRequire(import.meta.url), 'libsql')}`,
    durability: 'SQLite WAL, synchronous=FULL',
  };
}

interface Job {
  readonly name: string;
  readonly data: Booking;
  getChildrenValues(): Promise<Readonly<Record<string, Outcome>>>;
}
interface Flow {
  readonly name: string;
  readonly queueName: string;
  readonly data: Booking;
  readonly opts: object;
  readonly children?: readonly Flow[];
}
interface BullMq {
  readonly FlowProducer: new (options: object) => { add(flow: Flow): Promise<unknown>; close(): Promise<void> };
  readonly Worker: new (queue: string, run: (job: Job) => Promise<Outcome>, options: object) => { waitUntilReady(): Promise<unknown> };
  readonly QueueEvents: new (
    queue: string,
    options: object,
  ) => {
    on(event: 'completed', heard: (job: { jobId: string; returnvalue: unknown }) => void): void;
    waitUntilReady(): Promise<unknown>;
    close(): Promise<void>;
  };
}
const QUEUE = 'travel';

/** A flow of nested jobs for each booking, on a Redis of its own, with one worker. */
async function bullmq(atOnce: number): Promise<Peer> {
  const directory = mkdtempSync(join(tmpdir(), 'peer-redis-'));
  const port = await freePort();
  const words = [
    '--bind',
    '127.0.0.1',
    '--port',
    `${port}`,
    '--dir',
    directory,
    '--save',
    '',
    '--appendonly',
    'yes',
    '--appendfsync',
    'always',
  ];
  const redis = launched('redis-server', words, directory);
  await reached(port);
  const connection = { host: '127.0.0.1', port, maxRetriesPerRequest: null };
  const worker = await workerOf('bullmq', String(port), String(atOnce));
  const { FlowProducer, QueueEvents } = load('bullmq') as BullMq;
  const flows = new FlowProducer({ connection });
  const events = new QueueEvents(QUEUE, { connection });
  const waiting = new Map<string, (outcome: Outcome) => void>();
  events.on('completed', ({ jobId, returnvalue }) => {
    waiting.get(jobId)?.((typeof returnvalue === 'string' ? JSON.parse(returnvalue) : returnvalue) as Outcome);
    waiting.delete(jobId);
  });
  await events.waitUntilReady();
  return {
    book: (booking) =>
      new Promise<Outcome>((resolve, reject) => {
        waiting.set(booking.id, resolve);
        flows.add(flowOf(booking)).catch(reject);
      }),
    stop: async () => {
      await events.close();
      await flows.close();
      await ended(worker);
      await ended(redis);
      rmSync(directory, { recursive: true, force: true });
    },
    pids: [redis.pid as number, worker.pid as number],
    versions: `bullmq ${versionOf(load, 'bullmq')}, redis ${/v=(\S+)/.exec(execFileSync('redis-server', ['--version'], { encoding: 'utf8' }))?.[1]}`,
    durability: 'Redis AOF, appendfsync always',
  };
}

/** The last step is the root, because a job begins when its children have ended. */
function flowOf(booking: Booking): Flow {
  let flow: Flow | undefined;
  for (const name of STEPS)
    flow = {
      name,
      queueName: QUEUE,
      data: booking,
      opts: { removeOnComplete: true, ...(name === STEPS.at(-1) && { jobId: booking.id }) },
      ...(flow && { children: [flow] }),
    };
  return flow as Flow;
}

interface Dbos {
  readonly DBOS: {
    registerWorkflow(run: (booking: Booking) => Promise<Outcome>, options: object): unknown;
    runStep<T>(run: () => Promise<T>, options: object): Promise<T>;
    setConfig(options: object): void;
    launch(): Promise<void>;
    shutdown(): Promise<void>;
    startWorkflow(workflow: unknown, options: object): (booking: Booking) => Promise<{ getResult(): Promise<Outcome> }>;
  };
}

/** A library in this process, its journal in a PostgreSQL of its own. */
async function dbos(): Promise<Peer> {
  const directory = mkdtempSync(join(tmpdir(), 'peer-postgres-'));
  const user = serverUser('postgres', directory);
  const base = '/usr/lib/postgresql';
  const [newest] = readdirSync(base).sort((left, right) => Number(right) - Number(left));
  const bin = (name: string): string => join(base, newest ?? '', 'bin', name);
  const data = join(directory, 'db');
  const port = await freePort();
  const options = { encoding: 'utf8', ...(user && idsOf(user)) } as const;
  execFileSync(bin('initdb'), ['-D', data, '-U', 'bench', '--auth=trust', '-E', 'UTF8', '--locale=C.UTF-8'], options);
  const settings = ['listen_addresses=127.0.0.1', `port=${port}`, 'unix_socket_directories=', 'fsync=on', 'synchronous_commit=on'];
  const server = launched(bin('postgres'), ['-D', data, ...settings.flatMap((each) => ['-c', each])], directory, user);
  await reached(port);
  const { DBOS } = load('@dbos-inc/dbos-sdk') as Dbos;
  const workflow = DBOS.registerWorkflow(
    async (booking) => {
      const refs: string[] = [];
      for (const name of STEPS) refs.push((await DBOS.runStep(async () => answer(name, booking), { name })).ref);
      return refs;
    },
    { name: 'book' },
  );
  DBOS.setConfig({ name: 'bench', systemDatabaseUrl: `postgres://bench@127.0.0.1:${port}/bench`, logLevel: 'error' });
  await DBOS.launch();
  return {
    book: async (booking) => (await DBOS.startWorkflow(workflow, { workflowID: booking.id })(booking)).getResult(),
    stop: async () => {
      await DBOS.shutdown();
      await ended(server, 'SIGINT');
      rmSync(directory, { recursive: true, force: true });
    },
    pids: [server.pid as number],
    versions: `dbos-sdk ${versionOf(load, '@dbos-inc/dbos-sdk')}, ${execFileSync(bin('postgres'), ['--version'], options).trim()}`,
    durability: 'PostgreSQL, synchronous_commit=on',
  };
}

interface Restate {
  service(options: object): unknown;
  endpoint(): { bind(service: unknown): { http2Handler(options: object): Parameters<typeof createHttp2Server>[1] } };
}
interface RestateContext {
  run<T>(name: string, work: () => Promise<T>): Promise<T>;
}

/** Its server on one node, and one worker, whose steps are journaled by `ctx.run`. */
async function restate(): Promise<Peer> {
  const directory = mkdtempSync(join(tmpdir(), 'peer-restate-'));
  const [fabric, ingress, admin, port] = [await freePort(), await freePort(), await freePort(), await freePort()];
  const lines = [
    'listen-mode = "tcp"',
    'bind-ip = "127.0.0.1"',
    `bind-address = "127.0.0.1:${fabric}"`,
    `advertised-address = "http://127.0.0.1:${fabric}"`,
    `base-dir = "${join(directory, 'db')}"`,
    'node-name = "bench"',
    'disable-telemetry = true',
    'log-filter = "warn"',
    `[ingress]\nbind-address = "127.0.0.1:${ingress}"`,
    `[admin]\nbind-address = "127.0.0.1:${admin}"\ndisable-web-ui = true`,
  ];
  writeFileSync(join(directory, 'restate.toml'), lines.join('\n'));
  const binary = join(
    PEERS_FOLDER,
    'node_modules',
    '@restatedev',
    `restate-server-${process.platform}-${process.arch}`,
    'bin',
    'restate-server',
  );
  const server = launched(binary, ['--config-file', join(directory, 'restate.toml'), '--no-logo'], directory);
  await reached(admin);
  const worker = await workerOf('restate', String(port));
  await retried(() => post(`http://127.0.0.1:${admin}/deployments`, { uri: `http://127.0.0.1:${port}` }));
  return {
    book: async (booking) => (await post(`http://127.0.0.1:${ingress}/Booking/book`, booking)) as Outcome,
    stop: async () => {
      await ended(worker);
      await ended(server);
      rmSync(directory, { recursive: true, force: true });
    },
    pids: [server.pid as number, worker.pid as number],
    versions: `restate-server ${versionOf(load, '@restatedev/restate-server')}, restate-sdk ${versionOf(load, '@restatedev/restate-sdk')}`,
    durability: 'RocksDB log, fsync for each batch',
  };
}

/** The worker programs, each in a process of its own. */
const workers: Readonly<Record<string, (...words: string[]) => Promise<unknown>>> = {
  bullmq: (port, atOnce) => {
    const { Worker } = load('bullmq') as BullMq;
    const run = async (job: Job): Promise<Outcome> => {
      const [before = []] = Object.values(await job.getChildrenValues());
      return [...before, answer(job.name, job.data).ref];
    };
    const connection = { host: '127.0.0.1', port: Number(port), maxRetriesPerRequest: null };
    return new Worker(QUEUE, run, { connection, concurrency: Number(atOnce) }).waitUntilReady();
  },
  restate: (port) => {
    // The SDK needs it, and Node 20 lacks it.
    (Promise as { withResolvers?: unknown }).withResolvers ??= () => {
      let [resolve, reject]: unknown[] = [];
      const promise = new Promise((yes, no) => ([resolve, reject] = [yes, no]));
      return { promise, resolve, reject };
    };
    const sdk = load('@restatedev/restate-sdk') as Restate;
    const handlers = {
      book: async (ctx: RestateContext, booking: Booking): Promise<Outcome> => {
        const refs: string[] = [];
        for (const name of STEPS) refs.push((await ctx.run(name, async () => answer(name, booking))).ref);
        return refs;
      },
    };
    const handler = sdk
      .endpoint()
      .bind(sdk.service({ name: 'Booking', handlers }))
      .http2Handler({ bidirectional: true });
    return new Promise<void>((resolve) => createHttp2Server({}, handler).listen(Number(port), '127.0.0.1', resolve));
  },
};

const [, program = '', role, name = '', ...words] = process.argv;
if (role === 'worker' && program === fileURLToPath(import.meta.url)) {
  await workers[name]?.(...words);
  process.send?.('ready');
  process.on('disconnect', () => process.exit(0));
}

function workerOf(of: string, ...given: string[]): Promise<ChildProcess> {
  const child = fork(fileURLToPath(import.meta.url), ['worker', of, ...given], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    env: { ...process.env, RESTATE_LOGGING: 'ERROR' },
  });
  return new Promise((resolve, reject) => {
    child.once('message', () => resolve(child));
    child.once('exit', (code) => reject(new Error(`The worker of ${of} ended with ${code}.`)));
  });
}

function launched(file: string, args: readonly string[], directory: string, user?: string): ChildProcess {
  const log = openSync(join(directory, 'server.log'), 'a');
  const child = spawn(file, args, { cwd: directory, stdio: ['ignore', log, log], ...(user && idsOf(user)) });
  child.on('error', (error) => console.error(`${file}: ${error.message}`));
  process.once('exit', () => child.kill());
  return child;
}

async function ended(child: ChildProcess, signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill(signal);
  await gone;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : 0;
}

/** Resolves when a server listens on the port. */
function reached(port: number): Promise<unknown> {
  return retried(() =>
    fetch(`http://127.0.0.1:${port}/`).catch((error: unknown) => {
      // A server that does not speak HTTP closes the connection, and so it listens.
      if (JSON.stringify((error as { cause?: { code?: string } }).cause?.code ?? '').includes('REFUSED')) throw error;
    }),
  );
}

async function retried(run: () => Promise<unknown>): Promise<unknown> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await run();
    } catch (error) {
      if (tries === 300) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

async function post(url: string, body: unknown): Promise<unknown> {
  const response = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
  const text = await response.text();
  if (!response.ok) throw new Error(`${url}: ${response.status} ${text}`);
  return text === '' ? undefined : JSON.parse(text);
}

/** PostgreSQL refuses to run as root: then it gets the user of its package, and the folder. */
function serverUser(user: string, directory: string): string | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const { uid, gid } = idsOf(user);
  chownSync(directory, uid, gid);
  return user;
}

function idsOf(user: string): { readonly uid: number; readonly gid: number } {
  const id = (flag: string): number => Number(execFileSync('id', [flag, user], { encoding: 'utf8' }));
  return { uid: id('-u'), gid: id('-g') };
}

function versionOf(from: NodeJS.Require, name: string): string {
  const paths = from.resolve.paths(name)?.map((folder) => join(folder, name, 'package.json')) ?? [];
  return (JSON.parse(readFileSync(paths.find(existsSync) ?? '', 'utf8')) as { readonly version: string }).version;
}
