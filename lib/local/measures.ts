import type { Instrumentation } from '../contract/instrumentation.ts';
import type { PrometheusRecorder } from '../metrics/prometheus.ts';

/** The counts of one thread, and the hooks that fill them. */
export interface Measures {
  readonly recorder: PrometheusRecorder;
  readonly hooks: Instrumentation;
}

/** Loads the metrics, which most programs do not use. */
export async function loadMeasures(): Promise<Measures> {
  const [{ measuring }, { PrometheusRecorder }] = await Promise.all([
    import('../metrics/measuring.ts'),
    import('../metrics/prometheus.ts'),
  ]);
  const recorder = new PrometheusRecorder();
  return { recorder, hooks: measuring(recorder) };
}
