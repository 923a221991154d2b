import type { OtlpSettings } from '../client/trace/otlp-tracer.ts';
import { ClientError } from '../contract/errors.ts';
import type { EngineOptions } from '../engine/engine.ts';
import { bothHooks, type Instrumentation, type ObservedLine } from '../contract/instrumentation.ts';
import { systemContract, type System } from '../contract/system.ts';
import type { Clock } from '../ports/clock.ts';
import { frontEndOf } from '../process/front-end.ts';
import type { EnginePorts } from './engine-ports.ts';
import { noticeFault } from './notice-fault.ts';

/** Checks keep instances with a longer journal warm, because a replay at each event would take too long. */
const CHECKED_ENTRIES_MAX = 200;

interface LocalEngine {
  readonly system: System<string>;
  readonly ports: EnginePorts;
  readonly clock: Clock;
  readonly checks: boolean;
  readonly codes?: EngineOptions['codes'];
  readonly retentionMs: number | undefined;
  readonly otlp?: OtlpSettings | undefined;
  readonly onFault: (error: unknown) => void;
  readonly onLog: (line: ObservedLine) => void;
  /** Hooks beside those of the system. */
  readonly instrumentation?: Instrumentation | undefined;
}

/** The options of the embedded runtime's engine, on the main thread or in its own. */
export async function engineOptions(engine: LocalEngine): Promise<EngineOptions> {
  const { system, ports, clock, checks, retentionMs, codes, onFault, onLog, instrumentation } = engine;
  return {
    system,
    frontEndOf,
    ...ports,
    clock,
    // The due index is local, so no timer needs a message of its own.
    tickThresholdMs: -1,
    checks,
    codes,
    // The instance of an older start may be retired, and must not begin again.
    ...(retentionMs !== undefined && { startAgeMaxMs: retentionMs }),
    tracer: await tracerOf(engine),
    onFault,
    onLog,
    ...(instrumentation && { instrumentation: bothHooks(instrumentation, systemContract(system).instrumentation) }),
    onNotice: (notice) => {
      const fault = noticeFault(notice);
      if (fault !== undefined) onFault(fault);
    },
    ...(checks && { warmEntriesMin: CHECKED_ENTRIES_MAX }),
  };
}

/** Its code is loaded only if spans are exported. */
async function tracerOf({ system, ports, clock, otlp, onFault }: LocalEngine): Promise<EngineOptions['tracer']> {
  if (!otlp) return undefined;
  const { otlpTracer } = await import('../client/trace/otlp-tracer.ts');
  return otlpTracer(otlp, {
    system: system.name,
    clock,
    store: ports.store,
    onDropped: (count, error) => {
      if (error === undefined) return;
      const message = `${count} ${count === 1 ? 'span was' : 'spans were'} not exported: ${(error as Error).message}`;
      onFault(new ClientError('UNREACHABLE', message, { remedy: `Check that a collector listens on ${otlp.endpoint}.`, cause: error }));
    },
  });
}
