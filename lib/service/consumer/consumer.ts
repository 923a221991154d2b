import { bothHooks, guarded, type Instrumentation, type ObservedLine } from '../../contract/instrumentation.ts';
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
import { observedCommands } from './observe-commands.ts';
import type { Limiter } from './limits/limiter.ts';
import { servedParts, type Served, type ServedParts } from '../served.ts';
import { prefixedRecords } from '../store.ts';
import { newNonce } from '../task-token.ts';
import { tracedCommands } from './trace-commands.ts';
import { TurnBatch } from './turn-batch.ts';

export interface ConsumerOptions {
  readonly served: Served;
  readonly queue: MessageQueue;
  /** Keeps the command records, unless `serve` was given a store. */
  readonly store: IdempotencyStore;
  /**
   * Prefix of the record keys, of `task.commandId` and of `task.undoes`: `keyPrefixOf` the system, if others send commands to this service
   * too. @default no prefix: the key of a record is the id of its command
   */
  readonly keyPrefix?: string;
  readonly publisher: EventPublisher;
  readonly payloads: PayloadStore;
  readonly clock: Clock;
  /** Sends to the dead-letter queue and to the service's own queue. @default none: the queue's redrive policy moves messages */
  readonly sender?: MessageSender;
  /** Returns numbers from 0 (inclusive) to 1 (exclusive). */
  readonly random: () => number;
  /** Receives a diagnostic for each delivery with a problem. @default none are reported */
  readonly report?: (notice: ServiceNotice) => void;
  /** Hooks beside those of `serve`. @default none */
  readonly instrumentation?: Instrumentation | undefined;
  /** Receives each line of `task.log`. @default no receiver but the hook of `serve` */
  readonly onLog?: (line: ObservedLine) => void;
  /** Returns the secret part of a task token, 22 characters of base64url. @default 128 random bits */
  readonly newNonce?: () => string;
  /** Whether the queue hides messages for whole seconds only, as SQS does. @default false */
  readonly wholeSeconds?: boolean;
  /** Most messages in one receive call. @default 10, the limit of SQS */
  readonly receiveMax?: number;
}

const VISIBILITY_SECONDS = 60;
/** After this time without a heartbeat, another worker may take the command over. */
export const LEASE_MS = 60_000;
/** Interval of heartbeats. */
export const BEAT_MS = 20_000;
const WAIT_SECONDS = 20;
/** Slots that one polling loop keeps busy. */
const SLOTS_PER_POLLER = 20;
/** Time for handlers to end after the grace period, when their signals have aborted. */
const ABORT_MS = 5_000;
const ENTRIES_MAX = 10;
const FAULTS_IN_A_ROW_MAX = 6;

/**
 * Runs a service. Input: messages of its queue. Output: replies on the bus, and deleted or returned messages.
 * Trunk: `poll` or `handle` → `CommandRunner.handle` (lib/service/consumer/command-runner.ts), which asks
 * lib/service/consumer/command-record.ts for a verdict and publishes by lib/service/consumer/replies.ts → `#dispose`.
 */
export class Consumer {
  readonly #options: ConsumerOptions;
  readonly #runner: CommandRunner;
  readonly #heartbeat: Heartbeat;
  readonly #inFlight = new Set<InFlight>();
  readonly #deletes: TurnBatch<string, undefined>;
  readonly #changes: TurnBatch<VisibilityChange, undefined>;
  readonly #slots: number;
  readonly #graceMs: number;
  /** Messages that are not yet deleted or returned to the queue. */
  #open = 0;
  /** Slots that receive calls in progress may fill. */
  #reserved = 0;
  #onFree: (() => void)[] = [];

  constructor(options: ConsumerOptions) {
    const { served, queue, publisher, payloads, clock, sender, random, keyPrefix = '', newNonce: nonceOf = newNonce } = options;
    const parts = servedParts(served);
    const transactional = parts.records && prefixedRecords(parts.records, keyPrefix);
    const store = transactional ?? prefixedRecords(options.store, keyPrefix);
    const report = options.report ?? ((): void => undefined);
    const inFlight = this.#inFlight;
    const given = options.instrumentation ? bothHooks(options.instrumentation, parts.instrumentation) : parts.instrumentation;
    const hooks =
      given &&
      guarded(given, (cause) =>
        report({ kind: 'fault', messageId: '', message: `A hook of the instrumentation failed: ${thrownText(cause)}`, cause }),
      );
    const service = parts.contract.name;
    this.#options = options;
    this.#slots = parts.slots;
    this.#graceMs = parts.graceMs;
    this.#heartbeat = new Heartbeat({ queue, store, clock, inFlight, visibilitySeconds: VISIBILITY_SECONDS, leaseMs: LEASE_MS, report });
    this.#runner = new CommandRunner({
      service,
      commands: tracedCommands(service, hooks ? observedCommands(parts.commands, hooks, clock) : parts.commands),
      instrumentation: hooks,
      store,
      transactional,
      keyPrefix,
      replies: new Replies({ service, publisher, payloads, clock }),
      payloads,
      sender,
      clock,
      random,
      report,
      log: (line) => {
        const observed = { ...line, at: clock.now() };
        hooks?.log?.(observed);
        options.onLog?.(observed);
      },
      newNonce: nonceOf,
      leaseMs: LEASE_MS,
      inFlight,
      limiter: hasLimits(parts) ? limiterOf(parts.records ?? options.store, clock) : undefined,
      wholeSeconds: options.wholeSeconds ?? false,
      worker: workerName(random),
    });
    // A message whose deletion fails is redelivered, and its record then has the reply.
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
   * Runs the handlers of these messages, publishes the replies, and deletes the messages or returns them to the queue. Resolves with one
   * result per message. It uses no timer of its own for heartbeats: call `beat` while handlers run.
   */
  handle(messages: readonly ReceivedMessage[]): Promise<DeliveryResult[]> {
    return Promise.all(messages.map((message) => this.#handle(message)));
  }

  /** Aborts the signals of running handlers. A handler that then ends returns its command to the queue. */
  stop(): void {
    for (const flight of this.#inFlight) flight.stop();
  }

  /**
   * Marks all running commands as lost: their leases and visibility timeouts are not extended any more. A late reply counts until
   * another worker claims the command.
   */
  abandon(): void {
    for (const flight of this.#inFlight) flight.lose();
  }

  /** Extends the visibility timeouts and leases of all commands in flight by a minute. `poll` calls it every 20 seconds. */
  beat(): Promise<void> {
    return this.#heartbeat.beat();
  }

  /** Runs commands until `signal` aborts; then lets handlers end within the grace period, aborts the others, and resolves. */
  async poll(signal: AbortSignal): Promise<void> {
    const ended = new AbortController();
    const beats = this.#beats(ended.signal);
    const pollers = Math.max(1, Math.ceil(this.#slots / SLOTS_PER_POLLER));
    await Promise.all(Array.from({ length: pollers }, () => this.#pollLoop(signal)));
    await this.#drain(this.#graceMs);
    this.stop();
    await this.#drain(ABORT_MS);
    // A handler that ignores its signal keeps running, without a lease.
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
    const { inProgress } = this.#heartbeat;
    if (inProgress !== undefined) await inProgress;
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
      // Never rejects: a failure is reported and the message returned.
      else for (const message of messages) void this.#handle(message);
    }
  }

  /** Returns how many messages may be received now, and adds them to `#reserved`; the caller subtracts them after the receive. */
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
      const message = `Receiving from the queue failed: ${thrownText(cause)}`;
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

function hasLimits({ commands }: ServedParts): boolean {
  return Array.from(commands.values()).some(({ limits }) => limits !== undefined);
}

/** Loads the limiter at the first command with limits. All systems of the service share it, so its records have no prefix. */
function limiterOf(store: IdempotencyStore, clock: Clock): () => Promise<Limiter> {
  let limiter: Promise<Limiter> | undefined;
  return () => (limiter ??= import('./limits/limiter.ts').then((loaded) => new loaded.Limiter(store, clock)));
}

/** 2 × 32 random bits, so that two workers do not share a fencing token. */
function workerName(random: () => number): string {
  const part = (): string => Math.floor(random() * 2 ** 32).toString(36);
  return `${part()}${part()}`;
}
