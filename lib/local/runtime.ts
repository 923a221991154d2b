import assert from 'node:assert/strict';
import { setMaxListeners } from 'node:events';
import { fileURLToPath } from 'node:url';
import { STEPS } from '../contract/steps.ts';
import { systemContract, type System } from '../contract/system.ts';
import { type Duration, milliseconds } from '../contract/duration.ts';
import { ClientError, ContractError, isOrchestratorError, Unsupported } from '../contract/errors.ts';
import type { ObservedLine } from '../contract/instrumentation.ts';
import type { Json } from '../contract/schema.ts';
import { visibleText } from '../contract/wire/visible-text.ts';
import type { SystemContract } from '../contract/runtime-contract.ts';
import { operationsOn } from '../client/operations/operations-on.ts';
import { connectionOf, connectionPorts, type ClientPorts, type Connection, type QueueDepth } from '../client/connection.ts';
import type { Seal } from '../adapters/embedded/log/seal.ts';
import type { MemoryMessageQueue } from '../adapters/memory/message-queue.ts';
import type { OtlpSettings } from '../client/trace/otlp-tracer.ts';
import { Engine } from '../engine/engine.ts';
import { hasSchedules, listSchedules } from '../engine/jobs/list-schedules.ts';
import { logText } from '../contract/log-line.ts';
import { codesOf, storeFlows, type BuiltFlow } from '../format/stored-flow.ts';
import type { Head } from '../ports/process-store.ts';
import { Consumer } from '../service/consumer/consumer.ts';
import { answerDeferred } from '../service/consumer/deferred-answer.ts';
import { servedParts, type Served } from '../service/served.ts';
import { keyPrefixOf } from '../service/store.ts';
import { readTaskToken } from '../service/task-token.ts';
import { serveSteps } from '../steps/run-step.ts';
import { offeredClientPorts } from './client-ports.ts';
import { EngineHost, EngineLost } from './engine-host.ts';
import { engineOptions } from './engine-options.ts';
import { enginePortsOf, type EnginePorts, type EngineSeat } from './engine-ports.ts';
import { WatchedProcessStore } from './head-watch.ts';
import { InboxPump } from './inbox-pump.ts';
import { InboxRoom } from './inbox-room.ts';
import { isolated } from './isolated.ts';
import { LastFaults } from './last-faults.ts';
import type { Measures } from './measures.ts';
import { refusedWhileStalled } from './refused-while-stalled.ts';
import { offeredConsole } from './channel/remote-console.ts';
import { offeredOperations } from './channel/remote-operations.ts';
import { serveFolder, type FolderServer } from './channel/serve-folder.ts';
import { serviceFault } from './service-fault.ts';
import { holdServices } from './shared-services.ts';
import { INBOX_QUEUE, openState, type State } from './state.ts';
import { entryUrl } from './system-entry.ts';

/** The services and callbacks of a system in this process, and the folder of its state. */
export interface RuntimeOptions {
  /** The folder of the system's state. @default the state is in memory and ends with the process */
  readonly directory?: string;
  /** The services of this process. The commands of any other service wait in its queue. */
  readonly services: readonly Served[];
  /**
   * The module that exports the system, a path from the working directory or a URL. With it the engine and the code of the
   * processes run in a thread of their own, which imports this module too (so it must start nothing), under a watchdog: a
   * process that never yields is stopped and gets stuck by name, and everything else goes on.
   * @default the engine runs on this thread, and a process that never yields stops everything
   */
  readonly entry?: string | URL;
  /** With `entry`: how long the code of the processes may run without yielding, and one event may take its instance. @default 2000 */
  readonly watchdogMs?: number;
  /**
   * Development: misuse that production tolerates is a bug and gets its instance stuck at once, `Date.now`, `Math.random`, `fetch` and their
   * like throw in a process, and each activation is replayed at the next. @default true, but false where `NODE_ENV` is `production`
   */
  readonly checks?: boolean;
  /**
   * With `entry` and `oxc-parser`: reads the source of the processes at the start. The journal of each run then names the code that began it,
   * and the graph of each process is stored, for `client.flow` and `tutti versions`. @default false
   */
  readonly flows?: boolean;
  /**
   * The keys of command records, `task.commandId` and `task.undoes` begin with the name of the system. Set it for all but one of the systems
   * that share a service with a store of its own, or whose handlers call one foreign system, because ids of commands do not name their
   * system. Keep it for the life of the folder: under other keys, no earlier command is found. @default false
   */
  readonly keysNameSystem?: boolean;
  /**
   * Closed instances are removed this long and a day after their end, with their journals, command records and parked events, and their ids
   * may be used again. Large values go, within a day, when nothing in the folder names them any more. The folder uses their space again. A
   * start that is older is parked as `START_TOO_OLD`. At least a day. @default nothing is removed
   */
  readonly retention?: Duration;
  /** Exports the spans of runs to an OpenTelemetry collector while they run (docs/operations.md#traces). @default none are exported */
  readonly otlp?: OtlpOptions;
  /**
   * A file with 32 bytes in base64, outside of the folder: the key that encrypts the folder, of `startLocal`. It is made for a folder that holds no
   * state yet, and the folder opens with no other key. Names of instances and processes stay readable. @default the folder is plain text
   */
  readonly keyFile?: string;
  /**
   * Counts what engine and services do, for `metrics`. The metrics of the engine are those since the start of its thread.
   * @default false: nothing is measured
   */
  readonly metrics?: boolean;
  /** The principal in journals. @default 'local' */
  readonly principal?: string;
  /** Called with each commit, for a live view. Its errors go to `onFault` and affect nothing else. */
  readonly onCommit?: (head: Head) => void;
  /** Receives each fault that is retried: a lost thread of the engine, a full disk, a handler that threw. @default a warning of the process */
  readonly onFault?: (error: unknown) => void;
  /** Receives each line of `ctx.log` and `task.log`. Its errors go to `onFault`. @default a line of JSON on the standard error */
  readonly onLog?: (line: ObservedLine) => void;
}

/** The collector of spans, and the runs that it gets. */
export interface OtlpOptions {
  /** The base URL of a collector that accepts OTLP with JSON over HTTP, such as `http://127.0.0.1:4318`, or a whole URL that ends with `/v1/traces`. */
  readonly endpoint: string;
  /** Headers of each request, such as the key of a vendor. @default none */
  readonly headers?: Readonly<Record<string, string>>;
  /**
   * The share of runs, from 0 to 1, whose spans are exported while they run. A run that fails or gets stuck has its spans at that time, whether
   * it is in the share or not. @default 1
   */
  readonly sample?: number;
  /** A run that takes at least this long has its spans at its end, as one that fails. @default no run is slow */
  readonly slow?: Duration;
}

/** Code of options that few programs use. */
export interface LoadedParts {
  /** That of `keyFile`. */
  readonly seal?: Seal | undefined;
  /** Those of `metrics`. */
  readonly measures?: Measures | undefined;
}

const SERVICE_BATCH = 64;
const SWEEP_MS = 100;
/** A tick that lies in the inbox is not sent again by each sweep, but after this time, for the case that it was lost. */
const TICK_AGAIN_MS = 60_000;
/** Sweeps between two removals of expired parked events: about a minute. */
const SWEEPS_PER_EXPIRY = 600;
/** The schedules of the system begin at the first sweep, and every hour they are compared with those that run. */
const SWEEPS_PER_LISTING = 36_000;
/** Pause between two looks for instances whose retention is over. */
const RETIRE_MS = 3_600_000;
/** Pause between two looks for large values that were of such instances, because each reads the whole folder. */
const SWEEP_PAYLOADS_MS = 86_400_000;
const RETENTION_MS_MIN = 86_400_000;
const WATCHDOG_MS = 2000;
/** Batches in flight in an engine on its own thread, so that it need not wait for the next one. */
const THREAD_BATCHES = 4;

/**
 * One system in one process (ARCHITECTURE.md#the-picture): the queues, the bus and the stores of one folder, the engine between them,
 * and the services, each polling its own queue. Commit and send are separate calls, so every crash window of AWS is here too.
 */
export class Runtime {
  readonly state: State;
  readonly connection: Connection;
  readonly #system: SystemContract;
  readonly #options: RuntimeOptions;
  readonly #keyPrefix: string;
  readonly #retentionMs: number | undefined;
  readonly #otlp: OtlpSettings | undefined;
  readonly #store: WatchedProcessStore;
  readonly #local: System<string>;
  #engine!: EngineSeat;
  readonly #host: EngineHost | undefined;
  /** The services of the program, and the runner of the steps. */
  readonly #served: readonly Served[];
  readonly #consumers: readonly Consumer[];
  readonly #stopping = new AbortController();
  readonly #fault: (error: unknown) => void;
  readonly #log: (line: ObservedLine) => void;
  readonly #lastFaults = new LastFaults();
  readonly #measures: Measures | undefined;
  #running: readonly Promise<void>[] = [];
  #flows: readonly BuiltFlow[] = [];
  /** Lets another system run the services under the same record keys. */
  #release: () => void = () => undefined;
  #folder: FolderServer | undefined;

  /** `loaded`: the code for `keyFile` and `metrics`, which the caller loads. */
  constructor(system: System<string>, options: RuntimeOptions, { seal, measures }: LoadedParts = {}) {
    const contract = systemContract(system);
    checkServices(contract, options.services);
    this.#retentionMs = retentionMs(options.retention);
    this.#otlp = options.otlp && otlpSettings(options.otlp);
    this.#keyPrefix = options.keysNameSystem === true ? keyPrefixOf(contract.name) : '';
    this.#system = contract;
    this.#options = options;
    this.#measures = measures;
    this.#fault = options.onFault === undefined ? warn : isolated(options.onFault, warn);
    this.#log = isolated(options.onLog ?? writeLine, this.#fault);
    this.state = openState({
      system: contract,
      stalled: this.#fault,
      duePaceMs: TICK_AGAIN_MS,
      recordPrefix: this.#keyPrefix,
      seal,
      ...(options.directory !== undefined && { directory: options.directory }),
    });
    this.#store = new WatchedProcessStore(this.state.processStore, options.onCommit && isolated(options.onCommit, this.#fault));
    this.#host = options.entry === undefined ? undefined : this.#hostOf(contract.name, options.entry);
    this.#local = system;
    this.#served = [...options.services, ...this.#steps(system)];
    this.connection = connectionOf(this.#ports(options));
    this.#consumers = this.#served.map((served) => this.#consumer(served));
    // Every poll of every queue listens to this one signal, so many listeners are no leak.
    setMaxListeners(0, this.#stopping.signal);
  }

  /** Starts the engine, then the queues, the services and the sweep. If the engine cannot start, the folder is released. */
  async start(): Promise<void> {
    try {
      this.#release = holdServices(this.#system.name, this.#keyPrefix, this.#options.services);
      this.#flows = await this.#readFlows();
      await this.#host?.start(codesOf(this.#flows));
      this.#engine = this.#host ?? new Engine(await this.#engineOptions());
    } catch (error) {
      this.#release();
      this.state.close();
      throw error;
    }
    const { signal } = this.#stopping;
    this.#running = [
      ...this.#consumers.map((consumer) => consumer.poll(signal)),
      ...this.#pumps().map((pump) => pump.run()),
      this.#sweep(),
      ...(this.#retentionMs === undefined ? [] : [this.#retire(this.#retentionMs)]),
    ];
    if (this.#options.directory !== undefined) await this.#serve(this.#options.directory);
  }

  /** Lets handlers finish, makes everything durable and releases the folder. */
  async stop(): Promise<void> {
    await this.#folder?.close();
    this.#stopping.abort();
    this.state.stopWaiting();
    try {
      const ended = await Promise.allSettled(this.#running);
      for (const part of ended) if (part.status === 'rejected') this.#fault(part.reason);
      await this.#host?.stop();
    } finally {
      this.#release();
      this.state.close();
    }
  }

  /**
   * The operations API of this system. Its code is loaded here, because most systems are never looked at. `examples`: data of events, by
   * type.
   */
  async operationsApi(
    directory?: string,
    examples?: ReadonlyMap<string, readonly Json[]>,
  ): Promise<(request: Request) => Promise<Response>> {
    const { operationsApi } = await import('../console/operations-api.ts');
    return operationsApi(
      { system: this.#system, ports: { ...connectionPorts(this.connection), queueDepth: async (service) => this.#depthOf(service) } },
      {
        place: directory === undefined ? 'the memory of this process' : `the folder ${directory}`,
        option: directory === undefined ? '' : `--local ${directory}`,
        ...(examples && { examples }),
      },
    );
  }

  /**
   * The metrics of this system, as the text that Prometheus reads: the counts of engine and services, and what the open instances wait for,
   * of which it reads each. `UNSUPPORTED` without `metrics` in its options.
   */
  async metrics(): Promise<string> {
    if (!this.#measures)
      throw new Unsupported(`The system ${this.#system.name} measures nothing.`, {
        remedy: 'Start it with metrics: true, or tutti dev with --metrics.',
      });
    const { systemMetrics } = await import('./system-metrics.ts');
    const counted = [await this.#host?.metrics(), this.#measures.recorder.text()];
    return [...counted, await systemMetrics(this.#system, this.state)].join('');
  }

  #depthOf(service: string): QueueDepth | undefined {
    const queue = this.state.queues.get(service);
    return queue && { queued: queue.size };
  }

  /** Serves other processes. If that fails, the system runs without them. */
  async #serve(directory: string): Promise<void> {
    const ports = connectionPorts(this.connection);
    try {
      this.#folder = await serveFolder(directory, {
        ...offeredClientPorts(ports, this.#system),
        ...offeredOperations(operationsOn({ system: this.#system, ports })),
        ...offeredConsole(() => this.operationsApi(directory)),
      });
    } catch (error) {
      this.#fault(error);
    }
  }

  /** Of an engine on this thread. */
  #engineOptions(): ReturnType<typeof engineOptions> {
    return engineOptions({
      system: this.#local,
      ports: this.#enginePorts(),
      clock: this.state.clock,
      checks: this.#options.checks ?? false,
      retentionMs: this.#retentionMs,
      otlp: this.#otlp,
      onFault: this.#fault,
      onLog: this.#log,
      instrumentation: this.#measures?.hooks,
    });
  }

  #hostOf(system: string, entry: string | URL): EngineHost {
    const { checks, watchdogMs } = this.#options;
    return new EngineHost({
      url: entryUrl(entry),
      system,
      checks: checks ?? false,
      retentionMs: this.#retentionMs,
      otlp: this.#otlp,
      measured: this.#measures !== undefined,
      ports: this.#enginePorts(),
      clock: this.state.clock,
      watchdogMs: watchdogMs ?? WATCHDOG_MS,
      fault: this.#fault,
      log: this.#log,
    });
  }

  #enginePorts(): EnginePorts {
    return { ...enginePortsOf(this.state), store: this.#store, parking: this.#store.watching(this.state.parkingStore) };
  }

  #pumps(): readonly InboxPump[] {
    const engine = this.#engine;
    const shared = {
      advanceSuspect: engine.advanceSuspect.bind(engine),
      inFlightMax: this.#host ? THREAD_BATCHES : 1,
      signal: this.#stopping.signal,
      failed: this.#fault,
    };
    return [
      new InboxPump({ ...shared, queue: this.#queue(INBOX_QUEUE), advance: engine.advance.bind(engine) }),
      new InboxPump({ ...shared, queue: this.#queue(`${INBOX_QUEUE}-dead-letter`), advance: engine.drainDeadLetters.bind(engine) }),
    ];
  }

  /** The bodies of `ctx.run` run on this thread, like handlers. A system of deciders has none. */
  #steps(system: System<string>): Served[] {
    return this.#system.services.has(STEPS) ? [serveSteps({ system, store: this.#store, payloads: this.state.payloadStore })] : [];
  }

  #consumer(served: Served): Consumer {
    const { state } = this;
    const name = servedParts(served).contract.name;
    return new Consumer({
      served,
      queue: this.#queue(name),
      store: state.idempotencyStore,
      keyPrefix: this.#keyPrefix,
      publisher: state.publisher,
      payloads: state.payloadStore,
      clock: state.clock,
      sender: state.sender,
      random: Math.random,
      receiveMax: SERVICE_BATCH,
      instrumentation: this.#measures?.hooks,
      onLog: this.#log,
      report: (notice) => {
        this.#lastFaults.note(notice);
        const fault = serviceFault(name, notice);
        if (fault !== undefined) this.#fault(fault);
      },
    });
  }

  #queue(name: string): MemoryMessageQueue {
    const queue = this.state.queues.get(name);
    assert(queue, `The queue ${name} does not exist.`);
    return queue;
  }

  /** Imports what reads them only if it is asked for. */
  async #readFlows(): Promise<readonly BuiltFlow[]> {
    const { flows = false, entry } = this.#options;
    if (!flows || entry === undefined) return [];
    const url = entryUrl(entry);
    if (!url.startsWith('file:')) return [];
    const { builtFlows } = await import('../flow/flows.ts');
    return builtFlows(fileURLToPath(url), (module) => import(module) as Promise<Readonly<Record<string, unknown>>>);
  }

  async #sweep(): Promise<void> {
    const { signal } = this.#stopping;
    await storeFlows(this.state.processStore, this.#flows, this.state.clock.now()).catch(this.#fault);
    for (let sweeps = 0; !signal.aborted; sweeps += 1) {
      if (sweeps % SWEEPS_PER_EXPIRY === 0) this.state.parkingStore.expire(this.state.clock.now());
      if (sweeps % SWEEPS_PER_LISTING === 0 && hasSchedules(this.#system)) await listSchedules(this.state);
      try {
        await this.#engine.sweep();
      } catch (error) {
        // The next sweep covers all due instances again. The host has already reported a lost engine.
        this.state.instanceIndex.returnAll();
        if (!(error instanceof EngineLost)) this.#fault(error);
      }
      await this.state.clock.sleep(SWEEP_MS, signal);
    }
  }

  /** Removes instances whose retention is over, each hour, and then what they alone named. The job is loaded only with a retention. */
  async #retire(retentionMs: number): Promise<void> {
    const { signal } = this.#stopping;
    const { instanceIndex: index, retirementStore: retirement, clock } = this.state;
    let retired = 0;
    let swept = -Infinity;
    while (!signal.aborted) {
      try {
        const { retireClosed } = await import('../engine/jobs/retire-closed.ts');
        retired += await retireClosed({ index, retirement, clock }, { retentionMs, remainingMs: () => (signal.aborted ? 0 : Infinity) });
        if (retired > 0 && clock.now() - swept >= SWEEP_PAYLOADS_MS) {
          await this.state.sweepPayloads(signal);
          retired = 0;
          swept = clock.now();
        }
      } catch (error) {
        this.#fault(error);
      }
      await clock.sleep(RETIRE_MS, signal);
    }
  }

  #ports(options: RuntimeOptions): ClientPorts {
    const { state } = this;
    const stores = new Map(this.#served.map((served) => [servedParts(served).contract.name, served]));
    return {
      ...refusedWhileStalled(state, new InboxRoom({ inbox: this.#queue(INBOX_QUEUE), clock: state.clock, signal: this.#stopping.signal })),
      store: this.#store,
      index: state.instanceIndex,
      payloads: state.payloadStore,
      parking: state.parkingStore,
      clock: state.clock,
      principal: options.principal ?? 'local',
      changed: (pid, signal, onlyClosed) => this.#store.changed(pid, signal, onlyClosed),
      faultOf: (commandId) => this.#lastFaults.textOf(commandId),
      answer: async ({ token, answer }) => {
        const { service } = readTaskToken(token);
        const served = stores.get(service);
        if (!served)
          throw new ClientError('TOKEN_INVALID', `The token belongs to the service ${service}, which does not run in this process.`);
        const { contract, records } = servedParts(served);
        await answerDeferred(
          { token, answer },
          {
            service: contract,
            store: records ?? state.idempotencyStore,
            publisher: state.publisher,
            payloads: state.payloadStore,
            clock: state.clock,
          },
        );
        await state.durableOrRefused();
      },
    };
  }
}

function retentionMs(retention: Duration | undefined): number | undefined {
  if (retention === undefined) return undefined;
  const length = milliseconds(retention);
  if (length >= RETENTION_MS_MIN) return length;
  throw new ContractError('CONTRACT_INVALID', `The retention is ${retention}: expected a day or more, or none.`);
}

function otlpSettings({ endpoint, headers, sample, slow }: OtlpOptions): OtlpSettings {
  if (!/^https?:/.test(endpoint) || !URL.canParse(endpoint))
    throw new ContractError('CONTRACT_INVALID', `The endpoint of otlp is ${JSON.stringify(endpoint)}: expected an http or https address.`);
  if (sample !== undefined && !(sample >= 0 && sample <= 1))
    throw new ContractError('CONTRACT_INVALID', `The sample of otlp is ${sample}: expected a number from 0 to 1.`);
  return {
    endpoint,
    ...(headers && { headers }),
    ...(sample !== undefined && { sample }),
    ...(slow !== undefined && { slowMs: milliseconds(slow) }),
  };
}

function writeLine(line: ObservedLine): void {
  process.stderr.write(`${logText(line)}\n`);
}

/** The text may come from a payload, and a terminal would obey its control characters. */
function warn(error: unknown): void {
  if (!(error instanceof Error)) return process.emitWarning(visibleText(String(error)));
  const code = isOrchestratorError(error) ? error.code : undefined;
  process.emitWarning(visibleText(error.message), { type: error.name, ...(code !== undefined && { code }) });
}

/** Runs before anything is opened. A service that the system lacks, or that is served twice, is a bug of the program. */
function checkServices(system: SystemContract, services: readonly Served[]): void {
  const names = services.map((served) => servedParts(served).contract.name);
  for (const [i, name] of names.entries()) {
    if (!system.services.has(name) || name === STEPS)
      throw new ClientError(
        'NOT_FOUND',
        `The service ${name} is served, but the system ${system.name} does not have it: expected ${[...system.services.keys()].filter((each) => each !== STEPS).join(', ')}.`,
      );
    if (names.indexOf(name) !== i)
      throw new ContractError('CONTRACT_INVALID', `The service ${name} is served twice: each service is served once.`, {
        remedy: `Serve all commands of ${name} in one call of serve.`,
      });
  }
}
