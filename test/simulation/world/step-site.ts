import { AsyncLocalStorage } from 'node:async_hooks';
import { servedParts, type Served } from '../../../lib/service/served.ts';
import type { Site } from '../scenarios/scenario.ts';
import type { Worker } from './worker.ts';

/** The body of a step belongs to the process, which knows no worker: the worker that runs the body hands in its site. */
const sites = new AsyncLocalStorage<Site>();

/** The site of the worker that runs the step. */
export function siteOfStep(): Site {
  const site = sites.getStore();
  if (site === undefined) throw new Error('The body of a step runs outside a worker.');
  return site;
}

/** The same service, whose handlers run at the site, and whose preparations are counted. */
export function atSite(served: Served, site: Site, counted: Pick<Worker, 'preparing'>): Served {
  const parts = servedParts(served);
  const commands = new Map(
    [...parts.commands].map(([name, each]) => [
      name,
      {
        ...each,
        run: (...args: Parameters<typeof each.run>) => sites.run(site, async () => each.run(...args)),
        ...(each.prepare && { prepare: counting(each.prepare, counted) }),
      },
    ]),
  );
  return Object.assign(async () => undefined, served, { '~': { ...parts, commands } });
}

function counting<A extends unknown[], R>(
  prepare: (...args: A) => Promise<R>,
  counted: Pick<Worker, 'preparing'>,
): (...args: A) => Promise<R> {
  return async (...args) => {
    counted.preparing += 1;
    try {
      return await prepare(...args);
    } finally {
      counted.preparing -= 1;
    }
  };
}
