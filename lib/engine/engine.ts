import { canonical } from '../contract/wire/canonical.ts';
import { OrchestratorError } from '../contract/errors.ts';
import type { ProcessContract } from '../contract/runtime-contract.ts';
import type { Json } from '../contract/schema.ts';
import { systemContract } from '../contract/system.ts';
import type { RunEnvironment } from '../core/run.ts';
import type { ReceivedMessage } from '../ports/message-queue.ts';
import { advanceProcesses, advanceSuspect } from './advance/advance-processes.ts';
import { Catalogue } from '../contract/catalogue.ts';
import { drainDeadLetters } from './jobs/drain-dead-letters.ts';
import { LiveCache } from './advance/live-cache.ts';
import { Marks } from './advance/suspect-marks.ts';
import { PortHealth } from './port-health.ts';
import { ReplyTokens } from '../format/reply-tokens.ts';
import { RejectionWatch } from './advance/rejection-watch.ts';
import { sha256 } from '../format/sha256.ts';
import { sweepTimers } from './jobs/sweep-timers.ts';
import { placeOf } from './user-frame.ts';
import type { AdvanceOptions, AdvanceResult, EngineContext, EngineOptions } from './engine-context.ts';

export type { AdvanceOptions, AdvanceResult, EngineOptions, EngineNotice } from './engine-context.ts';

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
      rejections: new RejectionWatch(),
      health: new PortHealth(),
      marks: new Marks(options.parking),
      lane: false,
      forwards: options.hotLane ?? false,
      remainingMs: forEver,
      nextWriter: () => `${worker}${(commits += 1).toString(36)}`,
      readPayload: (pid, hash) => readPayload(options, pid, hash),
      replyTokens: options.replyKeys && new ReplyTokens(options.replyKeys, options.clock),
    };
  }

  /** Advances the instances that these messages of the inbox, or of the hot lane, concern. The caller acknowledges and gives back. */
  advance(messages: readonly ReceivedMessage[], options?: AdvanceOptions): Promise<AdvanceResult> {
    return advanceProcesses(options ? this.#contextFor(options) : this.#context, messages);
  }

  /** Advances what one message concerns, alone and marked before, since it may be what ended a worker. */
  advanceSuspect(message: ReceivedMessage): Promise<AdvanceResult> {
    return advanceSuspect(this.#context, message);
  }

  /** Sends a tick to every instance whose due time has come or comes within `aheadMs`; returns how many. */
  async sweep(aheadMs = 0): Promise<number> {
    return (await sweepTimers(this.#context.options, { aheadMs })).count;
  }

  /** Messages of the dead-letter queues: each is sent back, for a day with growing delays, and then to be parked. */
  drainDeadLetters(messages: readonly ReceivedMessage[]): Promise<AdvanceResult> {
    return drainDeadLetters(this.#context.options, messages);
  }

  /** Drops every warm instance, as a crash does. */
  forget(): void {
    this.#context.cache.clear();
  }

  /** Lets go of the process around it, where only the engine dies: it is asked nothing more, and never ends what it has in hand. */
  abandon(): void {
    this.#context.rejections.abandon();
  }

  #contextFor({ lane = false, remainingMs = forEver }: AdvanceOptions): EngineContext {
    return { ...this.#context, lane, forwards: !lane && this.#context.forwards, remainingMs };
  }

  get environment(): RunEnvironment {
    return this.#context.environment;
  }

  definition(name: string): ProcessContract | undefined {
    return this.#context.catalogue.definition(name);
  }
}

function forEver(): number {
  return Infinity;
}

/** A value that is gone must not be taken for null: a decider would begin anew, and a command would be sent without its input. */
async function readPayload({ payloads }: EngineOptions, pid: string, hash: string): Promise<Json> {
  const json = await payloads.get(pid, hash);
  if (json !== undefined) return JSON.parse(json) as Json;
  throw new OrchestratorError('PAYLOAD_MISSING', `The payload store holds nothing under ${hash}, which ${pid} refers to.`, {
    retryable: true,
    remedy: 'Restore the payload store to a state no older than that of the instances.',
  });
}

function environmentOf(catalogue: Catalogue, options: EngineOptions): RunEnvironment {
  return {
    system: catalogue.system.name,
    commands: catalogue.system.commands,
    hash: sha256,
    canonical,
    tickThresholdMs: options.tickThresholdMs ?? 900_000,
    placeOf,
    checks: options.checks ?? false,
    ...(options.observer && { observer: options.observer }),
  };
}
