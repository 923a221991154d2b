import { systemContract, type System } from '../lib/contract/system.ts';
import { parsePid } from '../lib/contract/wire/process-id.ts';
import { EmfRecorder } from '../lib/metrics/emf.ts';
import { serviceOf } from '../lib/metrics/measuring.ts';
import { addInstance, noInstances } from '../lib/metrics/open-instances.ts';
import type { Clock } from '../lib/ports/clock.ts';
import type { Head } from '../lib/ports/process-store.ts';
import { emfOptions, writeMetrics, type MeasuredSettings } from './measured.ts';

/** Reads the running instances that wake-overdue looks at, and writes what they wait for. */
export function measuredInstances(
  { name, metrics = '{}' }: MeasuredSettings,
  system: System<string>,
  clock: Pick<Clock, 'now'>,
): { readonly seen: (head: Head) => void; readonly flush: () => void } {
  const open = noInstances();
  const { processes } = systemContract(system);
  return {
    seen: (head) => addInstance(open, head, processes.get(parsePid(head.pid)?.process ?? '')?.[0]?.kind === 'async'),
    flush: () => {
      const recorder = new EmfRecorder(emfOptions(name, metrics));
      const now = clock.now();
      for (const { command, since } of open.waits.values())
        recorder.gauge('oldestWait', 'Seconds', { service: serviceOf(command) }, (now - since) / 1_000);
      recorder.gauge('nothingPending', 'Count', {}, open.nothingPending.length);
      for (const line of recorder.take(now)) writeMetrics(line);
    },
  };
}
