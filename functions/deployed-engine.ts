import type { Instrumentation } from '../lib/contract/instrumentation.ts';
import { Engine } from '../lib/engine/engine.ts';
import { STEPS } from '../lib/contract/steps.ts';
import type { ErasureStore } from '../lib/ports/erasure-store.ts';
import { frontEndOf } from '../lib/process/front-end.ts';
import {
  clock,
  deployedParking,
  deployedPayloads,
  deployedPublisher,
  deployedReplyKeys,
  deployedSender,
  deployedStore,
  environment,
} from './deployed-ports.ts';
import { deployedSystem } from './deployed-system.ts';
import { faultLine, logLine, noticeLine } from './log-line.ts';

/** Few messages reach the environment that has their instance warm, and each warm instance takes the memory of its journal. */
const WARM_INSTANCES_MAX = 2_000;

/** The longest time for which Lambda runs a function. */
const LATE_WRITES_MS = 900_000;

const ERASURE: ErasureStore = {
  erase: async (pid, instant) => (await import('./deployed-erasure.ts')).deployedErasure().erase(pid, instant),
};

/**
 * The engine on the resources of the deployment. Its warm instances live as long as the function's environment.
 *
 * Lambda's own listener ends an environment, with all messages in flight, at an unhandled rejection. It is removed, so that the engine can
 * make the responsible instance stuck instead. A rejection that belongs to no instance still ends the environment, since Node throws it.
 */
export async function deployedEngine(instrumentation?: Instrumentation): Promise<Engine> {
  process.removeAllListeners('unhandledRejection');
  const { accounts, stepQueues, tickThresholdMs, retentionMs, startsPerMinute } = environment();
  const otlp = process.env['TUTTI_OTLP'];
  return new Engine({
    system: deployedSystem(),
    frontEndOf,
    codes: JSON.parse(process.env['TUTTI_CODES'] ?? '{}') as Readonly<Record<string, string>>,
    store: deployedStore(),
    // sweep-timers reads the index, and has no engine.
    index: { due: () => Promise.resolve([]) },
    held: { find: async (...scope) => (await import('./deployed-held.ts')).deployedHeld().find(...scope) },
    ...(process.env['TUTTI_ERASURE'] === 'true' && { erasure: ERASURE, lateWritesMs: LATE_WRITES_MS }),
    parking: deployedParking(),
    payloads: deployedPayloads(),
    sender: deployedSender(),
    publisher: deployedPublisher(),
    clock,
    accounts,
    replyKeys: deployedReplyKeys(),
    hotLane: true,
    queueOf: (service, process) => (service === STEPS ? stepQueues[process] : undefined),
    warmMax: WARM_INSTANCES_MAX,
    tickThresholdMs,
    ...(retentionMs !== undefined && { startAgeMaxMs: retentionMs }),
    startsPerMinute,
    tracer: otlp === undefined ? undefined : (await import('./deployed-tracer.ts')).deployedTracer(otlp),
    ...(instrumentation && { instrumentation }),
    onNotice: (notice) => logLine(noticeLine(notice)),
    onFault: (error) => logLine(faultLine(error)),
    onLog: async (line) => (await import('./process-line.ts')).logProcessLine(line),
  });
}
