import type { Json } from '../contract/schema.ts';
import { journal, offload, shortHash } from './journal.ts';
import { nextPath, type Run, type Scope } from './run.ts';
import { allocate } from './timers.ts';

/** `ctx.publish`: an event that goes on the bus with this commit. `data` has been parsed. */
export const publishEvent = (run: Run, scope: Scope, event: string, data: Json): void => {
  const path = nextPath(scope, event);
  const n = allocate(run, 'EventPublished', path);
  journal(run, { type: 'EventPublished', n, path, event, hash: shortHash(run, data) });
  if (run.expected) return;
  const dataref = offload(run, data);
  run.image.fires.push({
    n,
    kind: 'event',
    cause: run.carrier.cause,
    messageId: run.carrier.messageId,
    at: run.image.clock,
    event,
    data,
    hops: run.hops + 1,
    ...(dataref !== undefined && { dataref }),
    ...(run.trace !== undefined && { trace: run.trace }),
  });
};

/** `ctx.view`, and the state of a decider: the latest is kept, and can be asked for also after the end. */
export const changeView = (run: Run, scope: Scope, value: Json): void => {
  journal(run, { type: 'ViewChanged', path: nextPath(scope, 'view'), hash: shortHash(run, value) });
  const dataref = offload(run, value);
  run.image.view = dataref === undefined ? { data: value } : { data: value, dataref };
};

/** `ctx.tag`: what `list` can filter by. Later tags are added to earlier ones. */
export const tag = (run: Run, scope: Scope, tags: Readonly<Record<string, string>>): void => {
  journal(run, { type: 'Tagged', path: nextPath(scope, 'tag'), tags });
  run.image.tags = { ...run.image.tags, ...tags };
};
