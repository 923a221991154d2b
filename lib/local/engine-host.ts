import type { Worker } from 'node:worker_threads';
import { OrchestratorError } from '../contract/errors.ts';
import type { ObservedLine } from '../contract/instrumentation.ts';
import { parsePid } from '../contract/wire/process-id.ts';
import type { AdvanceResult } from '../engine/engine.ts';
import type { Clock } from '../ports/clock.ts';
import type { ReceivedMessage } from '../ports/message-queue.ts';
import { offeredPorts, type EnginePorts, type EngineSeat } from './engine-ports.ts';
import type { EngineThread, OpenRequest } from './engine-thread.ts';
import { errorOf, type Fault } from './fault.ts';
import { PortChannel, type Methods } from './channel/port-channel.ts';
import { begunIn, pidIn, runningIn, sharedActivation } from './running-activation.ts';
import { startThread } from './start-thread.ts';
import { beatEveryMs, watch } from './watchdog.ts';

export interface HostOptions extends Omit<OpenRequest, 'codes'> {
  readonly ports: EnginePorts;
  readonly clock: Clock;
  /** How long the thread may go without yielding while it has work, and one activation may run. */
  readonly watchdogMs: number;
  /** Receives the reason for which a thread was lost, and each fault in it that is retried. */
  readonly fault: (error: unknown) => void;
  /** Receives each line of `ctx.log`. */
  readonly log: (line: ObservedLine) => void;
}

/** The thread of the engine ended with work in flight. Its last writes may have happened, so its messages are redelivered. */
export class EngineLost extends OrchestratorError {
  /** `pid` is the instance whose code ran, if it is known. */
  constructor(why: string, pid?: string) {
    super('ENGINE_LOST', `The thread of the engine was lost: ${why}${pid === undefined ? '' : whileRan(pid)}.`, {
      retryable: true,
      remedy: 'Fix the process that never yields or that uses all memory.',
      ...(pid !== undefined && { details: { pid } }),
    });
  }
}

function whileRan(pid: string): string {
  const key = parsePid(pid);
  return ` while ${key === undefined ? pid : `the instance ${key.id} of the process ${key.process}`} ran`;
}

/** Pause between two attempts to start a thread whose module can no longer be imported. */
const RESTART_MS = 1000;
const RESTART_MS_MAX = 30_000;

/**
 * The engine in a worker thread.
 *
 * H1  A thread is terminated if it does not yield for the time allowed, or if one activation runs for longer. A new thread replaces it,
 *     and also one that ends by itself.
 * H2  Every call that a lost thread had not answered fails with `EngineLost`. Late replies are dropped.
 */
export class EngineHost implements EngineSeat {
  readonly #options: HostOptions;
  readonly #methods: Methods;
  readonly #stopping = new AbortController();
  #codes: OpenRequest['codes'];
  #worker: Worker | undefined;
  #channel: PortChannel | undefined;
  #restarted: Promise<PortChannel> | undefined;

  constructor(options: HostOptions) {
    this.#options = options;
    this.#methods = {
      ...offeredPorts(options.ports),
      'host.fault': async (fault: Fault) => options.fault(errorOf(fault)),
      'host.log': async (line: ObservedLine) => options.log(line),
    };
  }

  /** Resolves when the engine is ready. Rejects if its module cannot be imported or lacks the system. `codes`: those of `EngineOptions`. */
  async start(codes?: OpenRequest['codes']): Promise<void> {
    this.#codes = codes;
    await this.#open();
  }

  /** Ends the thread. Its calls in flight are lost, so the caller awaits their answers first. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#worker?.terminate();
    await this.#restarted?.catch(() => {});
  }

  advance(messages: readonly ReceivedMessage[]): Promise<AdvanceResult> {
    return this.#ask('advance', [messages]);
  }

  advanceSuspect(message: ReceivedMessage): Promise<AdvanceResult> {
    return this.#ask('advanceSuspect', [message]);
  }

  drainDeadLetters(messages: readonly ReceivedMessage[]): Promise<AdvanceResult> {
    return this.#ask('drainDeadLetters', [messages]);
  }

  sweep(): Promise<number> {
    return this.#ask('sweep', []);
  }

  metrics(): Promise<string> {
    return this.#ask('metrics', []);
  }

  #ask<T>(method: keyof EngineThread, args: readonly unknown[]): Promise<T> {
    if (this.#channel) return this.#channel.call(`engine.${method}`, args);
    return (this.#restarted ?? Promise.reject(new EngineLost('it is stopped'))).then((channel) =>
      channel.call<T>(`engine.${method}`, args),
    );
  }

  /** Starts a thread. The watchdog watches it as soon as the engine is open. */
  async #open(): Promise<PortChannel> {
    const { url, system, checks, retentionMs, measured, otlp, watchdogMs } = this.#options;
    const beats = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
    const activation = sharedActivation();
    const worker = startThread({ tuttiEngine: true, beats, beatEveryMs: beatEveryMs(watchdogMs), activation }, url);
    const channel = new PortChannel(worker, this.#methods);
    this.#worker = worker;
    let why = 'it ended by itself';
    worker.on('error', (error) => (why = String(error)));
    const ended = new Promise<EngineLost>((resolve) => {
      worker.on('exit', () => {
        const lost = new EngineLost(why, pidIn(activation));
        channel.close(lost);
        resolve(lost);
      });
    });
    try {
      await channel.call('engine.open', [{ url, system, checks, retentionMs, measured, otlp, codes: this.#codes } satisfies OpenRequest]);
    } catch (error) {
      await worker.terminate();
      throw error;
    }
    const unwatch = watch({
      allowedMs: watchdogMs,
      beats: () => Atomics.load(beats, 0) + begunIn(activation),
      activation: () => runningIn(activation),
      pending: () => channel.pending,
      hung: (hang) => {
        why = hang === 'silent' ? `it did not yield for ${watchdogMs} ms` : `one event ran for more than ${watchdogMs} ms`;
        void worker.terminate();
      },
    });
    this.#channel = channel;
    void ended.then((lost) => {
      unwatch();
      this.#replace(lost);
    });
    return channel;
  }

  #replace(reason: EngineLost): void {
    this.#channel = undefined;
    if (this.#stopping.signal.aborted) {
      this.#restarted = undefined;
      return;
    }
    this.#options.fault(reason);
    this.#restarted = this.#reopen();
    // No call may be waiting now. A later call gets the same rejection.
    this.#restarted.catch(() => {});
  }

  /** Retries until the thread starts: the user may be editing the module. */
  async #reopen(): Promise<PortChannel> {
    const { signal } = this.#stopping;
    for (let pauseMs = RESTART_MS; !signal.aborted; pauseMs = Math.min(RESTART_MS_MAX, pauseMs * 2)) {
      try {
        return await this.#open();
      } catch (error) {
        if (signal.aborted) break;
        this.#options.fault(new EngineLost(`it cannot be started again: ${String(error)}`));
        await this.#options.clock.sleep(pauseMs, signal);
      }
    }
    throw new EngineLost('it is stopped');
  }
}
