import { AsyncLocalStorage } from 'node:async_hooks';
import { servedParts, type Served } from '../../../lib/service/served.ts';
import type { JournalSource } from '../../../lib/steps/find-step.ts';
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

/** The same service, whose handlers run at the site. The worker counts its replays. */
export function atSite(served: Served, site: Site, counted: Pick<Worker, 'replaying'>): Served {
  const parts = servedParts(served);
  const commands = new Map(
    [...parts.commands].map(([name, each]) => [
      name,
      {
        ...each,
        run: (...args: Parameters<typeof each.run>) => sites.run(site, async () => each.run(...args)),
        ...(each.prepare && { prepare: counting(each.prepare, counted, 1) }),
      },
    ]),
  );
  return Object.assign(async () => undefined, served, { '~': { ...parts, commands } });
}

/** The same stores. While the preparation of a step waits for one of them, its worker does not replay. */
export function readBetweenReplays({ store, payloads }: JournalSource, counted: Pick<Worker, 'replaying'>): JournalSource {
  return {
    store: { load: counting(store.load, counted, -1), chunks: counting(store.chunks, counted, -1) },
    payloads: { get: counting(payloads.get, counted, -1) },
  };
}

function counting<A extends unknown[], R>(
  call: (...args: A) => Promise<R>,
  counted: Pick<Worker, 'replaying'>,
  by: 1 | -1,
): (...args: A) => Promise<R> {
  return async (...args) => {
    counted.replaying += by;
    try {
      return await call(...args);
    } finally {
      counted.replaying -= by;
    }
  };
}
