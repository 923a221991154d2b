import { canonical } from '../contract/wire/json.ts';
import { DataLost } from '../contract/errors.ts';
import type { ProcessContract } from '../contract/runtime-contract.ts';
import type { Json } from '../contract/schema.ts';
import { systemContract } from '../contract/system.ts';
import type { RunEnvironment } from '../core/run.ts';
import type { ReceivedMessage } from '../ports/message-queue.ts';
import { advanceProcesses, advanceSuspect } from './advance/advance-processes.ts';
import { Catalogue } from '../contract/catalogue.ts';
import { LiveCache } from './advance/live-instance.ts';
import { Marks, PortHealth, RejectionWatch } from './advance/suspects.ts';
import { ReplyTokens } from '../format/reply-tokens.ts';
import { sha256 } from '../format/inbox-message.ts';
import { sweepTimers } from './jobs/sweep-timers.ts';
import { placeOf } from './user-frame.ts';
import type { AdvanceOptions, AdvanceResult, EngineContext, EngineOptions } from './engine-context.ts';

export type { AdvanceOptions, AdvanceResult, EngineOptions, EngineNotice } from './engine-context.ts';

/**
 * Input: messages of the inbox, the hot lane and the dead-letter queues. Output: the messages to delete and to release. Trunk:
 * advance/advance-processes.ts, which names the file of each stage; the jobs beside it are in jobs/. A Lambda function and the embedded
 * runtime run the same class.
 */
export class Engine {
  readonly #context: EngineContext;

  constructor(options: EngineOptions) {
    const catalogue = new Catalogue(systemContract(options.system));
    const worker = (options.random ?? Math.random)().toString(36).slice(2, 10);
    let commits = 0;
    this.#context = {
      options,
      catalogue,
      instrumentation: options.instrumentation ?? catalogue.system.instrumentation,
      environment: environmentOf(catalogue, options),
      cache: new LiveCache(options.warmMax ?? 10_000, options.warmEntriesMin ?? 0),
      busy: new Map(),
      rejections: new RejectionWatch(),
      health: new PortHealth(),
      marks: new Marks(options.parking),
      holds: { readAt: -Infinity, version: 0, list: [] },
      lane: false,
      forwards: options.hotLane ?? false,
      remainingMs: noLimit,
      nextWriter: () => `${worker}${(commits += 1).toString(36)}`,
      readPayload: (pid, hash) => readPayload(options, pid, hash),
      rare: () => import('./on-demand.ts'),
      replyTokens: options.replyKeys && new ReplyTokens(options.replyKeys, options.clock),
    };
  }

  /**
   * Advances the instances of these messages, which come from the inbox or from the hot lane. The caller deletes and releases the messages.
   */
  advance(messages: readonly ReceivedMessage[], options?: AdvanceOptions): Promise<AdvanceResult> {
    return advanceProcesses(options ? this.#contextFor(options) : this.#context, messages);
  }

  /** Advances the instances of one message, alone and under a mark, because the message may have ended a worker. */
  advanceSuspect(message: ReceivedMessage): Promise<AdvanceResult> {
    return advanceSuspect(this.#context, message);
  }

  /** Sends a tick to every instance that is due, or becomes due within `aheadMs`; returns how many were sent. */
  async sweep(aheadMs = 0): Promise<number> {
    return (await sweepTimers(this.#context.options, { aheadMs })).count;
  }

  /** Sends each dead letter back to the inbox, for a day with growing delays, and then to be parked. */
  async drainDeadLetters(messages: readonly ReceivedMessage[]): Promise<AdvanceResult> {
    const { drainDeadLetters } = await import('./on-demand.ts');
    return drainDeadLetters(this.#context.options, messages);
  }

  /** Drops every warm instance, as a crash does. */
  forget(): void {
    this.#context.cache.clear();
  }

  /** For an engine that ends without its process, as in a test: it stops watching rejections, and its batches in flight never end. */
  abandon(): void {
    this.#context.rejections.abandon();
  }

  #contextFor({ lane = false, remainingMs = noLimit }: AdvanceOptions): EngineContext {
    return { ...this.#context, lane, forwards: !lane && this.#context.forwards, remainingMs };
  }

  get environment(): RunEnvironment {
    return this.#context.environment;
  }

  definition(name: string): ProcessContract | undefined {
    return this.#context.catalogue.definition(name);
  }
}

function noLimit(): number {
  return Infinity;
}

/** A missing value must not be read as null: a decider would lose its state, and a command would be sent without its input. */
async function readPayload({ payloads }: EngineOptions, pid: string, hash: string): Promise<Json> {
  const json = await payloads.get(pid, hash);
  if (json !== undefined) return JSON.parse(json) as Json;
  throw new DataLost('PAYLOAD_MISSING', `The payload store has no value ${hash}, which ${pid} refers to.`);
}

function environmentOf(catalogue: Catalogue, options: EngineOptions): RunEnvironment {
  return {
    system: catalogue.system.name,
    commands: catalogue.system.commands,
    processes: catalogue.system.processes,
    ...(options.codes && { codes: options.codes }),
    hash: sha256,
    canonical,
    tickThresholdMs: options.tickThresholdMs ?? 900_000,
    placeOf,
    checks: options.checks ?? false,
    ...(options.observer && { observer: options.observer }),
  };
}
