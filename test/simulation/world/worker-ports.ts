import type { EventPublisher, OutgoingEvent, PublishResult } from '../../../lib/ports/event-publisher.ts';
import type { IdempotencyStore } from '../../../lib/ports/idempotency-store.ts';
import type { InstanceFilter, InstanceIndex } from '../../../lib/ports/instance-index.ts';
import type { MessageQueue, VisibilityChange } from '../../../lib/ports/message-queue.ts';
import type { MessageSender, OutgoingMessage, SendResult } from '../../../lib/ports/message-sender.ts';
import type { ParkedList } from '../../../lib/ports/parked-list.ts';
import type { ParkingStore } from '../../../lib/ports/parking-store.ts';
import type { PayloadStore } from '../../../lib/ports/payload-store.ts';
import type { CommitResult, CommitCondition, Head, ProcessStore } from '../../../lib/ports/process-store.ts';
import type { RetirementStore } from '../../../lib/ports/retirement-store.ts';
import type { Choices } from './choices.ts';
import type { Cloud } from './cloud.ts';
import { type FaultKind, type Faults, SimulatedFault } from './faults.ts';
import type { PortOutages } from './port-outages.ts';
import type { Worker } from './worker.ts';

const THROTTLED_MS = 30_000;
const DELAY_SECONDS = 300;
const DELAY_SECONDS_MAX = 900;

/**
 * The ports of one worker. Each call takes a turn before and after its work, at which the worker may die, and it may fail before or after
 * its work.
 */
export class WorkerPorts {
  readonly #worker: Worker;
  readonly #cloud: Cloud;
  readonly #faults: Faults;
  readonly #choices: Choices;
  readonly #now: () => number;
  readonly #throttled: { until: number };
  readonly #outages: PortOutages;

  constructor(
    worker: Worker,
    cloud: Cloud,
    weather: { faults: Faults; choices: Choices; now: () => number; throttled: { until: number }; outages: PortOutages },
  ) {
    this.#worker = worker;
    this.#cloud = cloud;
    this.#faults = weather.faults;
    this.#choices = weather.choices;
    this.#now = weather.now;
    this.#throttled = weather.throttled;
    this.#outages = weather.outages;
  }

  get store(): ProcessStore {
    const { store } = this.#cloud;
    return {
      load: (pids, options) => this.#call('load', pids.join(), () => this.#load(pids, options)),
      commit: (head, expected) => this.#commit(head, expected),
      buffer: (event) => this.#call('buffer', event.pid, () => store.buffer(event)),
      spill: (chunk) => this.#call('spill', chunk.pid, () => store.spill(chunk)),
      chunks: (pid, run) => this.#call('chunks', pid, () => store.chunks(pid, run)),
    };
  }

  get index(): InstanceIndex {
    const { index } = this.#cloud;
    const list = (filter: InstanceFilter): Promise<readonly Head[]> => this.#call('list', '', () => all(index.list(filter)));
    return {
      list: async function* (filter) {
        yield* await list(filter);
      },
      tenants: () => this.#call('list', '', () => index.tenants()),
      due: (instant, limit, after) => this.#call('due', '', () => index.due(instant, limit, after)),
    };
  }

  get parking(): ParkingStore & ParkedList {
    const { parking } = this.#cloud;
    return {
      park: (event) => this.#call('park', event.pid, () => parking.park(event)),
      parked: (pid, ids) => this.#call('parked', pid, () => parking.parked(pid, ids)),
      redriven: (pid, ids, at) => this.#call('redriven', pid, () => parking.redriven(pid, ids, at)),
      discarded: (pid, ids, discarded) => this.#call('redriven', pid, () => parking.discarded(pid, ids, discarded)),
      list: (filter, max, after) => this.#call('parked', '', () => parking.list(filter, max, after)),
      attempt: (messageId, change) => this.#call('attempt', messageId, () => parking.attempt(messageId, change)),
    };
  }

  get retirement(): RetirementStore {
    const { retirement } = this.#cloud;
    return {
      closed: (tenant, instant, limit) => this.#call('closed', '', () => retirement.closed(tenant, instant, limit)),
      retire: (pid, version, expiresAt) => this.#call('retire', pid, () => retirement.retire(pid, version, expiresAt)),
    };
  }

  get payloads(): PayloadStore {
    const { payloads } = this.#cloud;
    return {
      put: (pid, hash, json) => this.#call('put', pid, () => payloads.put(pid, hash, json)),
      get: (pid, hash) => this.#call('get', pid, () => payloads.get(pid, hash)),
      reference: (pid, hash) => payloads.reference(pid, hash),
      isOf: (reference) => payloads.isOf(reference),
      fetch: (reference) => this.#call('fetch', reference, () => payloads.fetch(reference)),
    };
  }

  get records(): IdempotencyStore {
    const { records } = this.#cloud;
    return {
      read: (commandId) => this.#call('read', commandId, () => records.read(commandId)),
      write: (commandId, record, expected) => this.#call('write', commandId, () => records.write(commandId, record, expected)),
      durable: () => records.durable(),
    };
  }

  get sender(): MessageSender {
    return { send: (queue, messages) => this.#call('send', queue, () => this.#each(messages, (message) => this.#send(queue, message))) };
  }

  get publisher(): EventPublisher {
    return { publish: (events) => this.#call('publish', '', () => this.#each(events, (event) => this.#publish(event))) };
  }

  queue(name: string): MessageQueue {
    const queue = this.#cloud.queue(name);
    return {
      receive: (options) => this.#call('receive', name, () => queue.receive(options)),
      delete: (handles) =>
        this.#call('delete', name, () =>
          this.#partly(
            handles,
            (handle) => handle,
            (some) => queue.delete(some),
          ),
        ),
      changeVisibility: (changes) => {
        const handleOf = ({ receiptHandle }: VisibilityChange): string => receiptHandle;
        return this.#call('change-visibility', name, () => this.#partly(changes, handleOf, (some) => queue.changeVisibility(some)));
      },
    };
  }

  async #call<Result>(what: string, on: string, run: () => Promise<Result>): Promise<Result> {
    await this.#worker.pass(`${what} ${on}`);
    this.#refuse(what);
    this.#cloud.actor = this.#worker.name;
    const result = await run();
    await this.#worker.pass(`${what} ${on} done`);
    if (this.#faults.strikes('answer-lost')) throw new SimulatedFault(`the answer of ${what} was lost`);
    return result;
  }

  #refuse(what: string): void {
    if (this.#outages.refuses(what, this.#now())) throw new SimulatedFault(`${what} is out of reach`);
    if (this.#throttled.until > this.#now() && this.#choices.chance(0.7)) throw new SimulatedFault(`${what} was throttled`);
    if (this.#faults.strikes('throttled')) {
      this.#throttled.until = this.#now() + this.#choices.below(THROTTLED_MS);
      throw new SimulatedFault(`${what} was throttled`);
    }
    if (this.#faults.strikes('call-failed')) throw new SimulatedFault(`${what} failed before it did anything`);
  }

  async #load(pids: readonly string[], options: { readonly consistent: boolean }): Promise<readonly (Head | undefined)[]> {
    const heads = await this.#cloud.store.load(pids, options);
    if (options.consistent) return heads;
    return heads.map((head, i) => {
      const older = this.#cloud.older(pids[i] as string);
      return older.length > 0 && this.#struck('stale-read') ? this.#choices.one(older) : head;
    });
  }

  /** If the answer is lost, the SDK may have tried again by itself: then it conflicts with its own write. */
  async #commit(head: Head, expected: CommitCondition): Promise<CommitResult> {
    const { store } = this.#cloud;
    return this.#call('commit', head.pid, async () => {
      const result = await store.commit(head, expected);
      if (!this.#faults.strikes('answer-lost')) return result;
      await this.#worker.pass(`commit ${head.pid} again`);
      this.#cloud.actor = this.#worker.name;
      return store.commit(head, expected);
    });
  }

  async #each<Entry, Result>(entries: readonly Entry[], one: (entry: Entry) => Promise<Result>): Promise<readonly Result[]> {
    const results: Result[] = [];
    for (const entry of entries) results.push(await one(entry));
    return results;
  }

  async #send(queue: string, message: OutgoingMessage): Promise<SendResult> {
    const { sender } = this.#cloud;
    // An operator must fix a message that is refused for good. No operator can fix a tick, so AWS is assumed to accept its form.
    if (this.#struck('sender-fault') && queue !== 'inbox') return { status: 'failed', senderFault: true, reason: 'Simulated: refused.' };
    if (this.#struck('entry-failed')) return { status: 'failed', senderFault: false, reason: 'Simulated: not taken.' };
    const late = this.#struck('delay') ? this.#choices.below(DELAY_SECONDS) : 0;
    const delaySeconds = Math.min(DELAY_SECONDS_MAX, (message.delaySeconds ?? 0) + late);
    if (this.#struck('duplicate-message')) await sender.send(queue, [message]);
    const [result] = await sender.send(queue, [{ ...message, delaySeconds }]);
    return result as SendResult;
  }

  async #publish(event: OutgoingEvent): Promise<PublishResult> {
    if (this.#struck('entry-failed')) return { status: 'failed', reason: 'Simulated: not taken.' };
    const [result] = await this.#cloud.publisher.publish([event]);
    return result as PublishResult;
  }

  async #partly<Entry>(
    entries: readonly Entry[],
    handleOf: (entry: Entry) => string,
    run: (entries: readonly Entry[]) => Promise<readonly string[]>,
  ): Promise<readonly string[]> {
    const failed = entries.filter(() => this.#struck('entry-failed'));
    const refused = await run(entries.filter((entry) => !failed.includes(entry)));
    return [...refused, ...failed.map(handleOf)];
  }

  #struck(kind: FaultKind): boolean {
    return this.#faults.strikes(kind);
  }
}

const all = async <Value>(values: AsyncIterable<Value>): Promise<readonly Value[]> => {
  const found: Value[] = [];
  for await (const value of values) found.push(value);
  return found;
};
