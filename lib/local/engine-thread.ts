/** The engine's thread in the embedded runtime: an engine and the code of the user's processes, without durable state. */
import assert from 'node:assert/strict';
import { parentPort } from 'node:worker_threads';
import type { OtlpSettings } from '../client/trace/otlp-tracer.ts';
import { SystemClock } from '../adapters/system/clock.ts';
import type { ActivationObserver } from '../core/run.ts';
import { Engine, type EngineOptions } from '../engine/engine.ts';
import type { PrometheusRecorder } from '../metrics/prometheus.ts';
import { engineOptions } from './engine-options.ts';
import { remotePorts, type EngineSeat } from './engine-ports.ts';
import { faultOf } from './fault.ts';
import { offeredPort, PortChannel, type ChannelEnd } from './channel/port-channel.ts';
import { RunningActivation } from './running-activation.ts';
import { loadMeasures } from './measures.ts';
import { importSystem } from './system-entry.ts';
import { threadData } from './thread-data.ts';

export interface OpenRequest {
  readonly url: string;
  readonly system: string;
  readonly checks: boolean;
  readonly codes?: EngineOptions['codes'];
  readonly retentionMs: number | undefined;
  readonly otlp?: OtlpSettings | undefined;
  /** Whether to count for `metrics`. */
  readonly measured: boolean;
}

/** The calls that the thread answers. */
export interface EngineThread extends EngineSeat {
  /** Imports the system and creates its engine. Called first, and once. */
  open(request: OpenRequest): Promise<void>;
  /** The metrics of this thread since its start, as the text that Prometheus reads. */
  metrics(): Promise<string>;
}

function offerEngine(end: ChannelEnd, observer: ActivationObserver): void {
  let engine: Engine | undefined;
  let recorder: PrometheusRecorder | undefined;
  /** If the host is gone, this thread is about to end. */
  const tell = async (method: 'host.fault' | 'host.log', told: unknown): Promise<void> => {
    try {
      await channel.call(method, [told]);
    } catch {
      return;
    }
  };
  const opened = (): Engine => {
    assert(engine, 'The engine receives work before it is opened.');
    return engine;
  };
  const thread: EngineThread = {
    open: async ({ url, system, checks, retentionMs, measured, codes, otlp }) => {
      // Errors of modules imported from now on name lines of the source.
      if (checks) process.setSourceMapsEnabled(true);
      const measures = measured ? await loadMeasures() : undefined;
      recorder = measures?.recorder;
      const options = await engineOptions({
        system: await importSystem(url, system),
        ports: remotePorts(channel),
        clock: new SystemClock(),
        checks,
        codes,
        retentionMs,
        otlp,
        onFault: (error) => void tell('host.fault', faultOf(error)),
        onLog: (line) => void tell('host.log', line),
        instrumentation: measures?.hooks,
      });
      engine = new Engine({ ...options, observer });
    },
    advance: (messages) => opened().advance(messages),
    advanceSuspect: (message) => opened().advanceSuspect(message),
    drainDeadLetters: (messages) => opened().drainDeadLetters(messages),
    sweep: () => opened().sweep(),
    metrics: async () => recorder?.text() ?? '',
  };
  const channel = new PortChannel(
    end,
    offeredPort(thread, 'engine', ['open', 'advance', 'advanceSuspect', 'drainDeadLetters', 'sweep', 'metrics']),
  );
}

const data = threadData();
if (data && parentPort) {
  const { beats, beatEveryMs, activation } = data;
  // A timer fires only if code yields, so the watchdog sees whether it does.
  setInterval(() => Atomics.add(beats, 0, 1), beatEveryMs).unref();
  offerEngine(parentPort, new RunningActivation(activation));
}
