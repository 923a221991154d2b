import { systemContract } from '../../lib/contract/system.ts';
import { logLine } from '../log-line.ts';
import { once } from '../once.ts';
import { deployedEngine } from '../deployed-engine.ts';
import { environment, queueByName } from '../deployed-ports.ts';
import { deployedSystem } from '../deployed-system.ts';
import { makeHandler } from './handler.ts';

/** The code that measures is loaded only by a deployment that asks for it. */
async function measures() {
  const { TUTTI_METRICS: metrics, TUTTI_ACTIVITY_LOG: activity } = process.env;
  if (metrics === undefined && activity === undefined) return undefined;
  const { measuredEngine } = await import('../measured.ts');
  return measuredEngine({ name: environment().name, metrics, activity }, systemContract(deployedSystem()).instrumentation);
}

export const handler = makeHandler(
  once(async () => {
    const measured = await measures();
    const flush = measured && { flush: measured.flush };
    return { engine: await deployedEngine(measured?.instrumentation), queue: queueByName, log: logLine, ...flush };
  }),
);
