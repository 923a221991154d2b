import { makeHandler as advanceProcesses } from '../../functions/advance-processes/handler.ts';
import { makeHandler as drainDeadLetters } from '../../functions/drain-dead-letters/handler.ts';
import { makeHandler as retireClosed } from '../../functions/retire-closed/handler.ts';
import { makeHandler as sweepTimers } from '../../functions/sweep-timers/handler.ts';
import { makeHandler as wakeOverdue } from '../../functions/wake-overdue/handler.ts';
import type { SystemContract } from '../../lib/contract/runtime-contract.ts';
import type { System } from '../../lib/contract/system.ts';
import { systemContract } from '../../lib/contract/system.ts';
import { SeededRandom } from '../../lib/core/seeded-random.ts';
import { Engine } from '../../lib/engine/engine.ts';
import { HOT_LANE, INBOX, OPERATIONS, STARTS } from '../../lib/engine/inbox-message.ts';
import { frontEndOf } from '../../lib/process/front-end.ts';
import { Consumer, type ConsumerOptions } from '../../lib/service/consumer.ts';
import { LambdaHost } from '../../lib/service/lambda-host.ts';
import { servedParts, type Served } from '../../lib/service/served.ts';
import { ACCOUNT, type Cloud } from './cloud.ts';
import { type BatchHandler, invoke } from './lambda.ts';
import { type Lane, runLane } from './lane.ts';
import type { Observer } from './observer.ts';
import { PortOutages } from './port-outages.ts';
import type { Scenario, Site } from './scenario.ts';
import { type Swarm, tickHorizonMs } from './swarm.ts';
import { watched } from './watched-served.ts';
import { type Surroundings, Worker } from './worker.ts';
import { WorkerPorts } from './worker-ports.ts';

/** As deployed: docs/protocol.md#queues. */
const INBOX_VISIBILITY_SECONDS = 120;
const SERVICE_VISIBILITY_SECONDS = 60;
const FUNCTION_MS = 20_000;
const BATCH = 10;
/** The embedded runtime takes more at a time (lib/local/inbox-pump.ts). */
const EMBEDDED_BATCH = 128;
const SWEEP_MS = 60_000;
const RETIRE_MS = 86_400_000;
const RETIRE_FUNCTION_MS = 900_000;
export const WAKE_MS = 3_600_000;
const SWEEP_FUNCTION_MS = 50_000;
const WAKE_FUNCTION_MS = 900_000;

export interface DeploymentOptions extends Surroundings {
  readonly cloud: Cloud;
  readonly scenario: Scenario;
  readonly swarm: Swarm;
  /** What handlers work with, but for their worker. */
  readonly site: (worker: Worker) => Site;
  readonly told: (what: string) => void;
  readonly observer: Observer;
}

/** The functions and services of one deployment, with everything real in them but what they run on. */
export class Deployment {
  readonly lanes: Lane[] = [];
  sweeping = false;
  nextSweep: number;
  waking = false;
  /** Never where the runtime is embedded: no timer of it is carried by the inbox. */
  nextWake: number;
  retiring = false;
  /** Never where everything is kept. */
  nextRetirement: number;
  readonly #options: DeploymentOptions;
  readonly outages: PortOutages;
  readonly #throttled = { until: 0 };
  readonly #tokens = new SeededRandom('tokens');
  #nonces = 0;
  readonly #names = new Map<string, number>();
  #build = 0;

  constructor(options: DeploymentOptions) {
    this.#options = options;
    this.outages = new PortOutages(options.choices);
    const { swarm, clock } = options;
    this.nextSweep = clock.now() + SWEEP_MS;
    this.nextRetirement = options.scenario.retentionMs === undefined ? Infinity : clock.now() + RETIRE_MS;
    this.nextWake = swarm.embedded ? Infinity : clock.now() + WAKE_MS;
    for (let i = 0; i < swarm.engines; i += 1) this.#addLane('engine', INBOX, (lane) => this.#advances(lane));
    this.#addLane('drainer', `${INBOX}-dead-letter`, (lane) => this.#drains(lane));
    // The clients of an embedded runtime send to its inbox.
    for (const name of swarm.embedded ? [] : [STARTS, OPERATIONS]) {
      this.#addLane('engine', name, (lane) => this.#advances(lane));
      this.#addLane('drainer', `${name}-dead-letter`, (lane) => this.#drains(lane));
    }
    if (swarm.hotLane) {
      for (let i = 0; i < 2; i += 1) this.#addLane('lane', HOT_LANE, (lane) => this.#advances(lane));
      this.#addLane('drainer', `${HOT_LANE}-dead-letter`, (lane) => this.#drains(lane));
    }
    for (const name of this.system.services.keys())
      for (let i = 0; i < swarm.workers; i += 1) this.#addLane(name, name, (lane) => this.#serves(lane, name));
  }

  get #source(): System<string> {
    return this.#options.scenario.builds[this.#build] as System<string>;
  }

  get system(): SystemContract {
    return systemContract(this.#source);
  }

  get newestBuild(): boolean {
    return this.#build === this.#options.scenario.builds.length - 1;
  }

  /** The next build stands beside the old one until every worker has been replaced. */
  redeploy(): void {
    this.#build += 1;
    this.#options.cloud.deploy(this.system);
    for (const lane of this.lanes) lane.outdated = true;
  }

  run(lane: Lane): void {
    if (lane.outdated && this.#options.choices.chance(0.5)) this.#replace(lane);
    const failed = (error: unknown): void => this.#options.told(`${lane.worker.name} failed: ${String(error)}`);
    void runLane(lane, failed).then(() => {
      if (lane.worker.dead) this.#replace(lane);
    });
  }

  /** All of the engine's workers end, as when its table is replaced. */
  killEngines(): void {
    for (const lane of this.lanes) if (['engine', 'lane', 'drainer'].includes(lane.name)) lane.worker.kill();
    for (const lane of this.lanes) if (!lane.busy && lane.worker.dead) this.#replace(lane);
  }

  /** Nobody works with an old build, a wrong clock or a broken disk any more. */
  renew(): void {
    while (!this.newestBuild) this.redeploy();
    this.#throttled.until = 0;
    for (const lane of this.lanes) {
      lane.downUntil = 0;
      lane.outdated = true;
    }
  }

  replaceOutdated(): void {
    for (const lane of this.lanes) if (lane.outdated && !lane.busy) this.#replace(lane);
  }

  sweep(): void {
    const { clock, told } = this.#options;
    this.sweeping = true;
    this.nextSweep = clock.now() + SWEEP_MS;
    const worker = this.newWorker('sweeper');
    const ports = this.ports(worker);
    const sweeps = sweepTimers(() => ({
      index: ports.index,
      sender: ports.sender,
      clock: worker.clock,
      log: (line) => told(`${worker.name} says ${line.event}`),
    }));
    const failed = (error: unknown): void => told(`${worker.name} failed: ${String(error)}`);
    const end = clock.now() + SWEEP_FUNCTION_MS;
    const ended = sweeps({}, { getRemainingTimeInMillis: () => end - clock.now() }).catch(failed);
    void Promise.race([ended, worker.died]).then(() => {
      this.sweeping = false;
    });
  }

  wake(): void {
    const { clock, told } = this.#options;
    this.waking = true;
    this.nextWake = clock.now() + WAKE_MS;
    const worker = this.newWorker('waker');
    const { index, sender, parking } = this.ports(worker);
    const wakes = wakeOverdue(() => ({
      index,
      parking,
      sender,
      clock: worker.clock,
      log: ({ event, count }) => told(`${worker.name} says ${event} ${count}`),
    }));
    const failed = (error: unknown): void => told(`${worker.name} failed: ${String(error)}`);
    const end = clock.now() + WAKE_FUNCTION_MS;
    const ended = wakes({}, { getRemainingTimeInMillis: () => end - clock.now() }).catch(failed);
    void Promise.race([ended, worker.died]).then(() => {
      this.waking = false;
    });
  }

  retire(): void {
    const { clock, told, scenario } = this.#options;
    this.retiring = true;
    this.nextRetirement = clock.now() + RETIRE_MS;
    const worker = this.newWorker('retirer');
    const { index, retirement } = this.ports(worker);
    const log = ({ count }: { readonly count?: number }): void => told(`${worker.name} retired ${count}`);
    const retires = retireClosed(() => ({ index, retirement, clock: worker.clock, retentionMs: scenario.retentionMs ?? Infinity, log }));
    const failed = (error: unknown): void => told(`${worker.name} failed: ${String(error)}`);
    const end = clock.now() + RETIRE_FUNCTION_MS;
    const ended = retires({}, { getRemainingTimeInMillis: () => end - clock.now() }).catch(failed);
    void Promise.race([ended, worker.died]).then(() => {
      this.retiring = false;
    });
  }

  newWorker(name: string): Worker {
    const count = (this.#names.get(name) ?? 0) + 1;
    this.#names.set(name, count);
    return new Worker(`${name}-${count}`, this.#options);
  }

  ports(worker: Worker): WorkerPorts {
    const { cloud, faults, choices, clock } = this.#options;
    return new WorkerPorts(worker, cloud, { faults, choices, now: () => clock.now(), throttled: this.#throttled, outages: this.outages });
  }

  #addLane(name: string, queue: string, handle: (lane: Lane) => () => Promise<void>): void {
    const worker = this.newWorker(name);
    const lane = {
      name,
      queue: this.#options.cloud.queue(queue),
      worker,
      handle: async () => undefined,
      busy: false,
      downUntil: 0,
      outdated: false,
    };
    this.lanes.push(lane);
    this.#makers.set(lane, handle);
    (lane as Lane).handle = handle(lane);
  }

  readonly #makers = new Map<Lane, (lane: Lane) => () => Promise<void>>();

  #replace(lane: Lane): void {
    lane.worker = this.newWorker(lane.name);
    lane.outdated = false;
    lane.handle = (this.#makers.get(lane) as (lane: Lane) => () => Promise<void>)(lane);
  }

  #engine(worker: Worker): Engine {
    const { swarm, told, scenario } = this.#options;
    const { retentionMs } = scenario;
    const { store, index, sender, publisher, payloads, parking } = this.ports(worker);
    const engine = new Engine({
      system: this.#source,
      frontEndOf,
      store,
      index,
      sender,
      publisher,
      payloads,
      parking,
      clock: worker.clock,
      accounts: { own: ACCOUNT, services: {}, events: {} },
      ...(!swarm.embedded && { replyKeys: this.#options.cloud.replyKeys }),
      hotLane: swarm.hotLane,
      warmMax: swarm.warmMax,
      tickHorizonMs: tickHorizonMs(swarm),
      ...(retentionMs !== undefined && { startAgeMaxMs: retentionMs }),
      random: () => this.#tokens.number(),
      onNotice: ({ kind, reason, pid }) => told(`${worker.name}: ${pid} ${kind} ${reason}`),
      onFault: (error) => told(`${worker.name} met: ${error instanceof Error ? error.message : String(error)}`),
    });
    void worker.died.then(() => engine.abandon());
    return engine;
  }

  #advances({ worker, queue }: Lane): () => Promise<void> {
    const { swarm } = this.#options;
    const engine = this.#engine(worker);
    const port = this.ports(worker).queue(queue.name);
    if (swarm.embedded) {
      return async () => {
        const messages = queue.take(EMBEDDED_BATCH, INBOX_VISIBILITY_SECONDS);
        if (messages.length === 0) return;
        const { acknowledge, giveBack } = await engine.advance(messages);
        if (acknowledge.length > 0) await port.delete(acknowledge);
        if (giveBack.length > 0) await port.changeVisibility(giveBack);
      };
    }
    return this.#batches(
      queue.name,
      INBOX_VISIBILITY_SECONDS,
      advanceProcesses(() => ({ engine, queue: () => port, log: () => undefined })),
    );
  }

  #drains({ worker, queue }: Lane): () => Promise<void> {
    const { sender } = this.ports(worker);
    const port = this.ports(worker).queue(queue.name);
    const ports = { sender, clock: worker.clock, random: () => this.#tokens.number(), queue: () => port, log: () => undefined };
    return this.#batches(
      queue.name,
      INBOX_VISIBILITY_SECONDS,
      drainDeadLetters(() => ports),
    );
  }

  #serves({ worker, queue }: Lane, name: string): () => Promise<void> {
    const { scenario, site, swarm, told, observer } = this.#options;
    const plain = scenario.serve(site(worker)).find((each) => servedParts(each).contract.name === name) as Served;
    const served = watched(plain, worker, observer);
    const ports = this.ports(worker);
    const options: ConsumerOptions = {
      served,
      queue: ports.queue(name),
      store: ports.records,
      publisher: ports.publisher,
      payloads: ports.payloads,
      clock: worker.clock,
      sender: ports.sender,
      random: () => this.#tokens.number(),
      newNonce: () => String((this.#nonces += 1)).padStart(22, '0'),
      report: ({ kind, commandId, message }) => {
        told(`${worker.name}: ${kind} ${commandId ?? ''} ${message}`);
        if (kind === 'lease-lost' && commandId !== undefined) observer.lost(commandId);
      },
    };
    if (swarm.polls) {
      const consumer = new Consumer(options);
      return async () => void (await consumer.handle(queue.take(BATCH, SERVICE_VISIBILITY_SECONDS)));
    }
    const host = new LambdaHost(options);
    const handler = ((event, context) => host.handle(event, context)) as BatchHandler;
    return this.#batches(name, SERVICE_VISIBILITY_SECONDS, handler, swarm.serviceTimeMs);
  }

  /** An event source mapping on a queue. Near the end of its time a function begins nothing more. */
  #batches(name: string, visibilitySeconds: number, handler: BatchHandler, timeMs = FUNCTION_MS): () => Promise<void> {
    const { cloud, clock, faults, choices, scenario } = this.#options;
    return async () => {
      const queue = cloud.queue(name);
      const messages = queue.take(scenario.batch ?? BATCH, visibilitySeconds);
      if (messages.length === 0) return;
      const end = clock.now() + (faults.strikes('time-out') ? choices.below(4_000) : timeMs);
      await invoke(queue, messages, handler, () => end - clock.now());
    };
  }
}
