import { hash as hashOf } from 'node:crypto';
import { makeHandler } from '../../../functions/advance-processes/handler.ts';
import type { Engine } from '../../../lib/engine/engine.ts';
import { OPERATIONS } from '../../../lib/format/inbox-message.ts';
import type { MessageSender, SendResult } from '../../../lib/ports/message-sender.ts';
import type { EventPublisher } from '../../../lib/ports/event-publisher.ts';
import type { ParkingStore } from '../../../lib/ports/parking-store.ts';
import type { ReceivedMessage, VisibilityChange } from '../../../lib/ports/message-queue.ts';
import type { ProcessStore } from '../../../lib/ports/process-store.ts';
import { withoutHolds } from '../world/without-holds.ts';
import { memoryEngine } from '../../../lib/testing/memory-engine.ts';
import { withoutWriters, type Cloud } from './cloud.ts';
import type { ExploredQueue, QueuedMessage } from './explored-queue.ts';
import { shop } from './shop-system.ts';

/** The ports of an engine. A mutant replaces one of them, with the effect of a fault in the engine. */
export interface EnginePorts {
  readonly store: ProcessStore;
  readonly sender: MessageSender;
  readonly publisher: EventPublisher;
  readonly parking: ParkingStore;
}

/** A fault of the engine, simulated by ports that do what the faulty engine would do. A port knows only the calls that it receives. */
export interface Mutant {
  readonly ports?: (ports: EnginePorts) => EnginePorts;
  /** Messages are deleted when they are received. */
  readonly deletesFirst?: boolean;
}

/** A call that a worker has made and that has not taken effect yet. */
export interface PendingCall {
  readonly number: number;
  readonly name: string;
  readonly args: readonly unknown[];
  /** The number of its parts that may fail alone. */
  readonly parts: number;
  readonly writes: boolean;
  readonly act: (fault: CallFault) => Promise<unknown>;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * The fault of a call. `fails`: it fails before it takes effect. `answer-lost`: it takes effect, and its caller gets an error. `refused`:
 * this part of it is refused. `overtaken` is no fault: a delete of messages that were redelivered, which may still work.
 */
export type CallFault = 'none' | 'fails' | 'answer-lost' | 'overtaken' | { readonly refused: number };

const WRITES: ReadonlySet<string> = new Set([
  'commit',
  'buffer',
  'spill',
  'send',
  'publish',
  'park',
  'redriven',
  'attempt',
  'put',
  'delete',
  'changeVisibility',
]);

const isAct = ({ body }: ReceivedMessage): boolean => body.startsWith('{"tutti":"operate"');

const REGION_ARN = 'arn:aws:sqs:region:account:';

export interface WorkerOptions {
  readonly mutant: Mutant;
  readonly hotLane: boolean;
  /** The worker keeps its engine from batch to batch, until it crashes. Otherwise each batch gets a new engine. */
  readonly warm: boolean;
}

/** A message that is released for at most this time is visible at once: a worker may always be slower. The backoff of a fourth delivery. */
export const SLOW_SECONDS = 16;

/** One worker: the function's handler on an engine of its own. Each call of a port waits until the explorer releases it. */
export class ExploredWorker {
  readonly name: string;
  readonly queue: ExploredQueue;
  readonly pending: PendingCall[] = [];
  /** The messages that it holds. */
  batch: readonly ReceivedMessage[] = [];
  /** The result of its last call. */
  told: unknown;
  readonly #cloud: Cloud;
  readonly #options: WorkerOptions;
  #engine: Engine | undefined;
  #handle: ReturnType<typeof makeHandler> | undefined;
  #calls = 0;
  /** The first delivery, which no other engine has. It names the commits and the sends of this engine. */
  #token = '';
  /** All deliveries and results of its engine. The code is deterministic, so the engine knows nothing else. */
  #history = '';

  constructor(name: string, queue: ExploredQueue, cloud: Cloud, options: WorkerOptions) {
    this.name = name;
    this.queue = queue;
    this.#cloud = cloud;
    this.#options = options;
  }

  get busy(): boolean {
    return this.batch.length > 0;
  }

  /** Equal for workers that know the same. The name does not count. */
  digest(): string {
    return `${this.queue.name}${this.busy ? '+' : '-'}${this.#history}${this.pending.map(({ number }) => number).join()}`;
  }

  receive(messages: readonly QueuedMessage[]): void {
    this.batch = messages.map((message) => this.queue.receive(message));
    const delivery = this.batch.map(({ receiptHandle }) => receiptHandle).join();
    if (!this.#handle) this.#begin(delivery);
    this.#learn(delivery);
    const handle = this.#handle as ReturnType<typeof makeHandler>;
    void this.#run(handle, this.batch).then(() => {
      if (handle === this.#handle) this.#done();
    });
  }

  async #run(handle: ReturnType<typeof makeHandler>, batch: readonly ReceivedMessage[]): Promise<void> {
    if (this.#options.mutant.deletesFirst) await this.#delete(batch);
    const failed = new Set<string>();
    // Operations have a queue of their own, so no invocation has both kinds.
    for (const records of [batch.filter(isAct), batch.filter((message) => !isAct(message))]) {
      if (records.length === 0) continue;
      const event = { Records: records.map((message) => this.#record(message)) } as never;
      const { batchItemFailures } = await handle(event, { getRemainingTimeInMillis: () => 20_000 });
      for (const { itemIdentifier } of batchItemFailures) failed.add(itemIdentifier);
    }
    const done = batch.filter(({ messageId }) => !failed.has(messageId));
    if (done.length > 0 && !this.#options.mutant.deletesFirst) await this.#delete(done);
  }

  #record(message: ReceivedMessage): unknown {
    const { messageId, receiptHandle, body, sentAt, receiveCount } = message;
    const attributes = { ApproximateReceiveCount: String(receiveCount), SentTimestamp: String(sentAt) };
    const name = isAct(message) ? `trips-${OPERATIONS}` : this.queue.name;
    const eventSourceARN = `${REGION_ARN}${name}${this.queue === this.#cloud.lane ? '.fifo' : ''}`;
    return { messageId, receiptHandle, body, attributes, eventSourceARN };
  }

  /** Lambda deletes the messages that the handler does not report as failed. */
  #delete(messages: readonly ReceivedMessage[]): Promise<unknown> {
    return this.#call('delete', [messages], messages.length, async (fault) => {
      for (const [i, message] of messages.entries()) {
        this.#cloud.checks.deleting(message.body, message.messageId);
        if (i !== refusedBy(fault) && (fault === 'overtaken' || this.queue.isCurrent(message))) this.queue.delete(message);
      }
    });
  }

  /** The worker ends: none of its calls returns, and its messages are redelivered. */
  crash(): void {
    this.#release();
    this.#end();
  }

  #end(): void {
    this.pending.length = 0;
    this.#engine?.abandon();
    this.#engine = undefined;
    this.#handle = undefined;
    this.#history = '';
    this.#calls = 0;
  }

  abandon(): void {
    this.#engine?.abandon();
  }

  #done(): void {
    this.#release();
    if (!this.#options.warm) this.#end();
  }

  #release(): void {
    for (const received of this.batch) this.queue.release(received);
    this.batch = [];
  }

  /** Releases one call. Its consequences have happened after a turn of the event loop. */
  release(call: PendingCall, fault: CallFault): void {
    this.pending.splice(this.pending.indexOf(call), 1);
    const tell = (answer: () => void, told: string): void => {
      this.#learn(`${call.number}=${told}`);
      answer();
    };
    const failure = new Error(`${call.name} failed`);
    if (fault === 'fails') return tell(() => call.reject(failure), 'failed');
    void call.act(fault).then((result) => {
      this.told = result;
      if (fault === 'answer-lost') tell(() => call.reject(failure), 'failed');
      else tell(() => call.resolve(result), this.#toldOf(result));
    });
  }

  /** A new engine has written no head, so the writers of heads are left out. */
  #toldOf(result: unknown): string {
    const json = JSON.stringify(result) ?? '';
    return this.#options.warm ? json : withoutWriters(json);
  }

  #learn(what: string): void {
    this.#history = hashOf('sha1', this.#history + what);
  }

  #call(name: string, args: readonly unknown[], parts: number, act: (fault: CallFault) => Promise<unknown>): Promise<unknown> {
    const number = (this.#calls += 1);
    return new Promise((resolve, reject) =>
      this.pending.push({ number, name, args, parts, writes: WRITES.has(name), act, resolve, reject }),
    );
  }

  /** The port, with calls that wait for the explorer. */
  #waiting<Port extends object>(port: Port): Port {
    return new Proxy(port, {
      get: (target, name) => {
        const member: unknown = Reflect.get(target, name);
        if (typeof member !== 'function' || name === 'reference') return member;
        return (...args: unknown[]) => this.#call(String(name), args, 0, () => Reflect.apply(member, target, args) as Promise<unknown>);
      },
    });
  }

  #begin(token: string): void {
    this.#token = token;
    const { store, parking, payloadStore, publisher } = this.#cloud;
    const ports: EnginePorts = {
      store: this.#waiting({
        load: (pids, options) => (options.consistent ? store.load(pids) : Promise.resolve(this.#cloud.oldHeads(pids))),
        commit: (head, expected) => store.commit(head, expected),
        buffer: (event) => store.buffer(event),
        spill: (chunk) => store.spill(chunk),
        chunks: (pid, run) => store.chunks(pid, run),
      } satisfies ProcessStore),
      sender: this.#sender(),
      publisher: {
        publish: (events) => this.#call('publish', [events], 0, () => publisher.publish(events)) as ReturnType<EventPublisher['publish']>,
      },
      parking: this.#waiting(parking),
    };
    const chosen = this.#options.mutant.ports?.(ports) ?? ports;
    this.#engine = memoryEngine({
      system: shop,
      ports: { payloads: this.#waiting(payloadStore), ...chosen, store: withoutHolds(chosen.store) },
      // A pause between two attempts changes nothing: other workers may overtake this one anyway.
      clock: { now: () => this.#cloud.now, sleep: () => Promise.resolve() },
      hotLane: this.#options.hotLane,
      random: this.#random(),
    });
    const engine = this.#engine;
    const changeVisibility = (changes: readonly VisibilityChange[]): Promise<readonly string[]> =>
      this.#call('changeVisibility', [changes], 0, () => this.#changeVisibility(changes)) as Promise<readonly string[]>;
    this.#handle = makeHandler(() => ({ engine, queue: () => ({ changeVisibility }), log: () => undefined }));
  }

  /** A fixed number: it names the commits of this engine, and makes its pauses equal. */
  #random(): () => number {
    const fixed = Number.parseInt(hashOf('sha1', this.#token).slice(0, 8), 16) / 2 ** 32;
    return () => fixed;
  }

  #sender(): MessageSender {
    return {
      send: (queue, messages) => {
        const id = `${this.#token}/${this.#calls + 1}`;
        const sender = this.#cloud.sender(() => id);
        const send = async (fault: CallFault): Promise<readonly SendResult[]> => {
          const refused = refusedBy(fault);
          const accepted = await sender.send(
            queue,
            messages.filter((_, i) => i !== refused),
          );
          const results = [...accepted];
          if (refused !== undefined) results.splice(refused, 0, { status: 'failed', senderFault: false, reason: 'throttled' });
          return results;
        };
        return this.#call('send', [queue, messages], messages.length, send) as Promise<readonly SendResult[]>;
      },
    };
  }

  /** A message that is released for longer stays invisible until the clock advances. */
  async #changeVisibility(changes: readonly VisibilityChange[]): Promise<readonly string[]> {
    for (const { receiptHandle, seconds } of changes) {
      const received = this.batch.find((message) => message.receiptHandle === receiptHandle);
      if (!received || !this.queue.isCurrent(received)) continue;
      if (seconds > SLOW_SECONDS) this.queue.get(received.messageId).visibleAt = this.#cloud.now + seconds * 1000;
    }
    return [];
  }
}

const refusedBy = (fault: CallFault): number | undefined => (typeof fault === 'object' ? fault.refused : undefined);
