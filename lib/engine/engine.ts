import { createHash } from 'node:crypto';
import { canonical } from '../contract/canonical.ts';
import type { ProcessContract } from '../contract/runtime-contract.ts';
import type { Json } from '../contract/schema.ts';
import { systemContract, type System } from '../contract/system.ts';
import type { FrontEndOf } from '../core/front-end.ts';
import type { Environment } from '../core/run.ts';
import type { Clock } from '../ports/clock.ts';
import type { EventPublisher } from '../ports/event-publisher.ts';
import type { InstanceIndex } from '../ports/instance-index.ts';
import type { MessageSender } from '../ports/message-sender.ts';
import type { ReceivedMessage, VisibilityChange } from '../ports/message-queue.ts';
import type { ParkingStore } from '../ports/parking-store.ts';
import type { PayloadStore } from '../ports/payload-store.ts';
import type { ProcessStore } from '../ports/process-store.ts';
import { advanceProcesses, advanceSuspect } from './advance-processes.ts';
import { Catalogue } from './catalogue.ts';
import { drainDeadLetters } from './drain-dead-letters.ts';
import { LiveCache } from './live-cache.ts';
import { sweepTimers } from './sweep-timers.ts';

export interface EngineOptions {
  readonly system: System<string>;
  readonly frontEndOf: FrontEndOf;
  readonly store: ProcessStore;
  readonly index: Pick<InstanceIndex, 'due'>;
  readonly sender: MessageSender;
  readonly publisher: EventPublisher;
  readonly payloads: PayloadStore;
  readonly parking: ParkingStore;
  readonly clock: Clock;
  /** Timers at most this far ahead are carried by the inbox, later ones by the due index. @default 900,000, the most that SQS delays */
  readonly tickHorizonMs?: number;
  /** Misuse that production tolerates is a bug, as in development and tests. @default false */
  readonly checks?: boolean;
  /** How many warm instances are kept. @default 10,000 */
  readonly warmMax?: number;
  /** Only instances with a journal of at least this many entries are kept warm; all others are replayed at each event. @default 0 */
  readonly warmEntriesMin?: number;
  /** For pauses between tries only. @default Math.random */
  readonly random?: () => number;
}

/** What the engine's use cases work with. */
export interface EngineContext {
  readonly options: EngineOptions;
  readonly catalogue: Catalogue;
  readonly environment: Environment;
  readonly cache: LiveCache;
  /** Whoever advances an instance holds its pid until its commit is known. */
  readonly busy: Map<string, Promise<void>>;
  /** A token for each commit: tells an own write whose answer was lost. */
  readonly nextWriter: () => string;
  readonly readPayload: (hash: string) => Promise<Json>;
}

export interface AdvanceResult {
  /** Receipt handles to delete. */
  readonly acknowledge: readonly string[];
  readonly giveBack: readonly VisibilityChange[];
}

/** The orchestrator over its ports: what a Lambda function and the embedded runtime both run. */
export class Engine {
  readonly #context: EngineContext;

  constructor(options: EngineOptions) {
    const catalogue = new Catalogue(systemContract(options.system));
    const worker = (options.random ?? Math.random)().toString(36).slice(2, 10);
    let commits = 0;
    this.#context = {
      options,
      catalogue,
      environment: environmentOf(catalogue, options),
      cache: new LiveCache(options.warmMax ?? 10_000, options.warmEntriesMin ?? 0),
      busy: new Map(),
      nextWriter: () => `${worker}${(commits += 1).toString(36)}`,
      readPayload: async (hash) => JSON.parse((await options.payloads.get(hash)) ?? 'null') as Json,
    };
  }

  /** Advances the instances that these inbox messages concern (protocol 1.3). The caller acknowledges and gives back. */
  advance(messages: readonly ReceivedMessage[]): Promise<AdvanceResult> {
    return advanceProcesses(this.#context, messages);
  }

  /** Advances what one message concerns, alone and marked before, since it may be what ended a worker (protocol row 20). */
  advanceSuspect(message: ReceivedMessage): Promise<AdvanceResult> {
    return advanceSuspect(this.#context, message);
  }

  /** Sends a tick to every instance whose due time has come or comes within `aheadMs`; returns how many. */
  sweep(aheadMs = 0): Promise<number> {
    return sweepTimers(this.#context, aheadMs);
  }

  /** Messages of the inbox's dead-letter queue: each is sent back once, forced; what comes a second time is parked. */
  drainDeadLetters(messages: readonly ReceivedMessage[]): Promise<AdvanceResult> {
    return drainDeadLetters(this.#context, messages);
  }

  /** Drops every warm instance, as a crash does. */
  forget(): void {
    this.#context.cache.clear();
  }

  get environment(): Environment {
    return this.#context.environment;
  }

  definition(name: string): ProcessContract | undefined {
    return this.#context.catalogue.definition(name);
  }
}

const environmentOf = (catalogue: Catalogue, options: EngineOptions): Environment => ({
  system: catalogue.system.name,
  commands: catalogue.system.commands,
  hash: sha256,
  canonical,
  tickHorizonMs: options.tickHorizonMs ?? 900_000,
  checks: options.checks ?? false,
});

export const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
