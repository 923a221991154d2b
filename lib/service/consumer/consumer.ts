import { thrownText } from '../../contract/wire/thrown-text.ts';
import type { Clock } from '../../ports/clock.ts';
import type { EventPublisher } from '../../ports/event-publisher.ts';
import type { IdempotencyStore } from '../../ports/idempotency-store.ts';
import type { MessageQueue, ReceivedMessage, VisibilityChange } from '../../ports/message-queue.ts';
import type { MessageSender } from '../../ports/message-sender.ts';
import type { PayloadStore } from '../../ports/payload-store.ts';
import { CommandRunner } from './command-runner.ts';
import { InFlight, type ServiceNotice, type DeliveryResult } from './in-flight.ts';
import { Heartbeat } from './heartbeat.ts';
import type { Disposal } from './message-returns.ts';
import { Replies } from './replies.ts';
import { servedParts, type Served } from '../served.ts';
import { newNonce } from '../task-token.ts';
import { TurnBatch } from './turn-batch.ts';

export interface ConsumerOptions {
  readonly served: Served;
  readonly queue: MessageQueue;
  /** Where commands are recorded, unless `serve` was given a store of its own. */
  readonly store: IdempotencyStore;
  readonly publisher: EventPublisher;
  readonly payloads: PayloadStore;
  readonly clock: Clock;
  /** To the dead-letter queue, and back to the own queue. @default the queue's redrive policy is left to act */
  readonly sender?: MessageSender;
  /** From 0 to 1. */
  readonly random: () => number;
  /** Told of what befalls deliveries. @default nobody is told */
  readonly report?: (notice: ServiceNotice) => void;
  /** What makes a task's token a secret, as 22 characters of base64url. @default 128 random bits */
  readonly newNonce?: () => string;
  /** At most this many messages in one receive. @default 10, as SQS allows */
  readonly receiveMax?: number;
}

const VISIBILITY_SECONDS = 60;
/** How long a worker may be silent before another takes its command over. */
export const LEASE_MS = 60_000;
/** How often `beat` is called for. */
export const BEAT_MS = 20_000;
const WAIT_SECONDS = 20;
/** One poller keeps this many slots busy. */
const SLOTS_PER_POLLER = 20;
/** After the grace period, handlers that heed their signal have this long to end. */
const ABORT_MS = 5_000;
const ENTRIES_MAX = 10;
const FAULTS_IN_A_ROW_MAX = 6;

/** A service that runs: takes commands from its queue, runs their handlers, publishes replies, acknowledges. */
export class Consumer {
  readonly #options: ConsumerOptions;
  readonly #runner: CommandRunner;
  readonly #heartbeat: Heartbeat;
  readonly #inFlight = new Set<InFlight>();
  readonly #deletes: TurnBatch<string, undefined>;
  readonly #changes: TurnBatch<VisibilityChange, undefined>;
  readonly #slots: number;
  readonly #graceMs: number;
  /** Messages that are not yet deleted or given back. */
  #open = 0;
  /** Slots that a receive under way may fill. */
  #reserved = 0;
  #onFree: (() => void)[] = [];

  constructor(options: ConsumerOptions) {
    const { served, queue, publisher, payloads, clock, sender, random, newNonce: nonceOf = newNonce } = options;
    const parts = servedParts(served);
    const store = parts.records ?? options.store;
    const report = options.report ?? ((): void => undefined);
    const inFlight = this.#inFlight;
    const service = parts.contract.name;
    this.#options = options;
    this.#slots = parts.slots;
    this.#graceMs = parts.graceMs;
    this.#heartbeat = new Heartbeat({ queue, store, clock, inFlight, visibilitySeconds: VISIBILITY_SECONDS, leaseMs: LEASE_MS, report });
    this.#runner = new CommandRunner({
      service,
      commands: parts.commands,
      store,
      transactional: parts.records,
      replies: new Replies({ service, publisher, payloads, clock }),
      payloads,
      sender,
      clock,
      random,
      report,
      newNonce: nonceOf,
      leaseMs: LEASE_MS,
      inFlight,
      worker: workerName(random),
    });
    // What could not be deleted or hidden comes again, and meets its record.
    this.#deletes = new TurnBatch(ENTRIES_MAX, async (handles) => {
      await queue.delete(handles);
      return [];
    });
    this.#changes = new TurnBatch(ENTRIES_MAX, async (changes) => {
      await queue.changeVisibility(changes);
      return [];
    });
  }

  /**
   * Takes these messages to their end: runs the handlers, publishes the replies, then deletes or gives back on the queue.
   * Resolves when all of it is done, and tells what was done. It needs no timer; while handlers run, call `beat`.
   */
  handle(messages: readonly ReceivedMessage[]): Promise<DeliveryResult[]> {
    return Promise.all(messages.map((message) => this.#handle(message)));
  }

  /** Tells the running handlers by their signal to end; the commands of those that heed it are given back at once. */
  stop(): void {
    for (const flight of this.#inFlight) flight.stop();
  }

  /** Lets go of what runs: nothing keeps its leases and messages any longer. A late answer counts while nobody else has the command. */
  abandon(): void {
    for (const flight of this.#inFlight) flight.lose();
  }

  /** Keeps the running handlers' messages hidden and their leases valid, for a minute. `poll` does it every 20 seconds. */
  beat(): Promise<void> {
    return this.#heartbeat.beat();
  }

  /** Works until `signal` aborts; then lets handlers finish within the grace period, aborts the rest, and resolves. */
  async poll(signal: AbortSignal): Promise<void> {
    const ended = new AbortController();
    const beats = this.#beats(ended.signal);
    const pollers = Math.max(1, Math.ceil(this.#slots / SLOTS_PER_POLLER));
    await Promise.all(Array.from({ length: pollers }, () => this.#pollLoop(signal)));
    await this.#drain(this.#graceMs);
    this.stop();
    await this.#drain(ABORT_MS);
    // A handler that does not end keeps nothing alive, but its own doings.
    this.abandon();
    ended.abort();
    await beats;
  }

  async #handle(message: ReceivedMessage): Promise<DeliveryResult> {
    this.#open++;
    const flight = new InFlight(message, this.#options.clock.now());
    this.#inFlight.add(flight);
    const disposal = await this.#runner.handle(flight);
    this.#inFlight.delete(flight);
    const outcome = await this.#dispose(flight, disposal);
    this.#open--;
    this.#free();
    return outcome;
  }

  async #dispose(flight: InFlight, disposal: Disposal): Promise<DeliveryResult> {
    const { messageId, receiptHandle } = flight.message;
    if (disposal === 'leave') return { messageId, receiptHandle, action: 'left' };
    const { underWay } = this.#heartbeat;
    if (underWay !== undefined) await underWay;
    try {
      if (disposal === 'delete') await this.#deletes.add(receiptHandle);
      else await this.#changes.add({ receiptHandle, seconds: disposal });
    } catch (cause) {
      this.#fault(flight, cause);
    }
    return disposal === 'delete'
      ? { messageId, receiptHandle, action: 'deleted' }
      : { messageId, receiptHandle, action: 'given-back', visibilitySeconds: disposal };
  }

  #fault(flight: InFlight, cause: unknown): void {
    const message = `A port failed: ${thrownText(cause)}`;
    const { messageId } = flight.message;
    const notice = { kind: 'fault', messageId, message, cause } as const;
    this.#options.report?.(flight.command === undefined ? notice : { ...notice, commandId: flight.command.id });
  }

  async #pollLoop(signal: AbortSignal): Promise<void> {
    let faults = 0;
    while (!signal.aborted) {
      const max = this.#reserve();
      if (max === 0) {
        await this.#slotFree(signal);
        continue;
      }
      const messages = await this.#receive(max, signal);
      this.#reserved -= max;
      this.#free();
      if (messages === undefined) {
        faults = Math.min(faults + 1, FAULTS_IN_A_ROW_MAX);
        await this.#options.clock.sleep(1000 * 2 ** (faults - 1), signal);
        continue;
      }
      faults = 0;
      if (signal.aborted) await this.#returnUnstarted(messages);
      // It never rejects: what fails is told to `report` and given back.
      else for (const message of messages) void this.#handle(message);
    }
  }

  /** How many messages may be received now; they are counted as here until `#reserved` is taken down again. */
  #reserve(): number {
    const free = this.#slots - this.#open - this.#reserved;
    const max = Math.max(0, Math.min(this.#options.receiveMax ?? ENTRIES_MAX, free));
    this.#reserved += max;
    return max;
  }

  async #receive(max: number, signal: AbortSignal): Promise<readonly ReceivedMessage[] | undefined> {
    try {
      return await this.#options.queue.receive({ max, waitSeconds: WAIT_SECONDS, visibilitySeconds: VISIBILITY_SECONDS, signal });
    } catch (cause) {
      if (signal.aborted) return [];
      const message = `The queue could not be received from: ${thrownText(cause)}`;
      this.#options.report?.({ kind: 'fault', messageId: '', message, cause });
      return undefined;
    }
  }

  async #returnUnstarted(messages: readonly ReceivedMessage[]): Promise<void> {
    if (messages.length === 0) return;
    await Promise.all(messages.map((message) => this.#dispose(new InFlight(message, 0), 0)));
  }

  #slotFree(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        signal.removeEventListener('abort', done);
        resolve();
      };
      signal.addEventListener('abort', done);
      this.#onFree.push(done);
    });
  }

  #free(): void {
    if (this.#onFree.length === 0) return;
    const waiting = this.#onFree;
    this.#onFree = [];
    for (const resolve of waiting) resolve();
  }

  async #drain(withinMs: number): Promise<void> {
    if (this.#open === 0) return;
    const over = new AbortController();
    const expired = this.#options.clock.sleep(withinMs, over.signal).then(() => over.abort());
    while (this.#open > 0 && !over.signal.aborted) await this.#slotFree(over.signal);
    over.abort();
    await expired;
  }

  async #beats(ended: AbortSignal): Promise<void> {
    const { clock, random } = this.#options;
    while (!ended.aborted) {
      await clock.sleep(BEAT_MS * (0.9 + 0.1 * random()), ended);
      if (!ended.aborted) await this.#heartbeat.beat();
    }
  }
}

/** Unique enough that two workers never share a fencing token: 2 × 32 bits. */
function workerName(random: () => number): string {
  const part = (): string => Math.floor(random() * 2 ** 32).toString(36);
  return `${part()}${part()}`;
}
