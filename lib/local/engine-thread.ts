/** The other thread of the embedded runtime: an engine, the code of the user's processes, and nothing that outlives them. */
import assert from 'node:assert/strict';
import { parentPort } from 'node:worker_threads';
import { SystemClock } from '../adapters/system/clock.ts';
import type { ActivationObserver } from '../core/run.ts';
import { Engine } from '../engine/engine.ts';
import { engineOptions } from './engine-options.ts';
import { remotePorts, type EngineSeat } from './engine-ports.ts';
import { faultOf } from './fault.ts';
import { offeredPort, PortChannel, type ChannelEnd } from './channel/port-channel.ts';
import { RunningActivation } from './running-activation.ts';
import { importSystem } from './system-entry.ts';
import { threadData } from './thread-data.ts';

export interface OpenRequest {
  readonly url: string;
  readonly system: string;
  readonly checks: boolean;
}

/** What the other thread may be asked. */
export interface EngineThread extends EngineSeat {
  /** Imports the system and readies its engine; asked first, and once. */
  open(request: OpenRequest): Promise<void>;
}

const offerEngine = (end: ChannelEnd, observer: ActivationObserver): void => {
  let engine: Engine | undefined;
  /** Where nobody can be told any more, this thread is about to end. */
  const tell = async (error: unknown): Promise<void> => {
    try {
      await channel.call('host.fault', [faultOf(error)]);
    } catch {
      return;
    }
  };
  const opened = (): Engine => {
    assert(engine, 'The engine receives work before it is opened.');
    return engine;
  };
  const thread: EngineThread = {
    open: async ({ url, system, checks }) => {
      // A bug names its line in the source: known of what is imported from now on.
      if (checks) process.setSourceMapsEnabled(true);
      const options = engineOptions(
        await importSystem(url, system),
        remotePorts(channel),
        new SystemClock(),
        checks,
        (error) => void tell(error),
      );
      engine = new Engine({ ...options, observer });
    },
    advance: (messages) => opened().advance(messages),
    advanceSuspect: (message) => opened().advanceSuspect(message),
    drainDeadLetters: (messages) => opened().drainDeadLetters(messages),
    sweep: () => opened().sweep(),
  };
  const channel = new PortChannel(end, offeredPort(thread, 'engine', ['open', 'advance', 'advanceSuspect', 'drainDeadLetters', 'sweep']));
};

const data = threadData();
if (data && parentPort) {
  const { beats, beatEveryMs, activation } = data;
  // A timer fires only where code yields, which is what the watchdog wants to know.
  setInterval(() => Atomics.add(beats, 0, 1), beatEveryMs).unref();
  offerEngine(parentPort, new RunningActivation(activation));
}
