import { systemContract } from '../../lib/contract/system.ts';
import { logLine } from '../log-line.ts';
import { once } from '../once.ts';
import { deployedEngine } from '../deployed-engine.ts';
import { environment, queueByName } from '../deployed-ports.ts';
import { deployedSystem } from '../deployed-system.ts';
import { makeHandler } from './handler.ts';

/** The code that measures is loaded only by a deployment that asks for it. */
export const handler = makeHandler(
  once(async () => {
    const { TUTTI_METRICS: metrics, TUTTI_ACTIVITY_LOG: activity } = process.env;
    const measured =
      (metrics ?? activity) === undefined
        ? undefined
        : (await import('../measured.ts')).measuredEngine(
            { name: environment().name, metrics, activity },
            systemContract(deployedSystem()).instrumentation,
          );
    return { engine: await deployedEngine(measured?.instrumentation), queue: queueByName, log: logLine, flush: measured?.flush };
  }),
);
