import { bothHooks, type Instrumentation } from '../lib/contract/instrumentation.ts';
import { EmfRecorder, type EmfOptions } from '../lib/metrics/emf.ts';
import { measuring } from '../lib/metrics/measuring.ts';
import { activityHooks } from './activity-lines.ts';

/** The settings of the metrics and lines that a deployment has asked for. */
export interface MeasuredSettings {
  readonly name: string;
  /** `TUTTI_METRICS`. */
  readonly metrics?: string | undefined;
  /** `TUTTI_ACTIVITY_LOG`. */
  readonly activity?: string | undefined;
}

/** Reads `TUTTI_METRICS`. */
export function emfOptions(name: string, metrics: string): EmfOptions {
  const { processes = [], services = [] } = JSON.parse(metrics) as Partial<EmfOptions>;
  return { system: name, processes, services };
}

/** Hooks for advance-processes, beside those of its system, and a function to call after each batch. */
export function measuredEngine(
  { name, metrics, activity }: MeasuredSettings,
  ofSystem: Instrumentation | undefined,
): { readonly instrumentation: Instrumentation; readonly flush: () => void } {
  const recorder = metrics === undefined ? undefined : new EmfRecorder(emfOptions(name, metrics));
  const lines = activity === 'true' ? activityHooks((line) => console.info(line)) : {};
  const ours = recorder ? bothHooks(measuring(recorder), lines) : lines;
  return {
    instrumentation: bothHooks(ours, ofSystem),
    flush: () => {
      for (const line of recorder?.take(Date.now()) ?? []) writeMetrics(line);
    },
  };
}

/** CloudWatch reads metrics only from an object at the top of its line, and Lambda would wrap an object of `console`. */
export function writeMetrics(line: string): void {
  process.stdout.write(`${line}\n`);
}
