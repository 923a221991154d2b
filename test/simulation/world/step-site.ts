import { AsyncLocalStorage } from 'node:async_hooks';
import { servedParts, type Served } from '../../../lib/service/served.ts';
import type { Site } from '../scenarios/scenario.ts';

/** The body of a step belongs to the process, which knows no worker: the worker that runs the body hands in its site. */
const sites = new AsyncLocalStorage<Site>();

/** The site of the worker that runs the step. */
export function siteOfStep(): Site {
  const site = sites.getStore();
  if (site === undefined) throw new Error('The body of a step runs outside a worker.');
  return site;
}

/** The same service, whose handlers run at the site. */
export function atSite(served: Served, site: Site): Served {
  const parts = servedParts(served);
  const commands = new Map(
    [...parts.commands].map(([name, each]) => [
      name,
      { ...each, run: (...args: Parameters<typeof each.run>) => sites.run(site, async () => each.run(...args)) },
    ]),
  );
  return Object.assign(async () => undefined, served, { '~': { ...parts, commands } });
}
