import { ProcessBug } from '../../contract/errors.ts';
import type { EngineContext } from '../engine-context.ts';
import { formatFault } from '../../format/head-codec.ts';
import { isHot } from '../send/contention.ts';
import { fitsLane } from '../../format/inbox-message.ts';
import { decidesOn, type Item } from './item.ts';
import { jitter, retrySeconds } from '../acknowledge/redelivery-delays.ts';
import { WorkingCopy, type Basis } from './working-copy.ts';

const ROUNDS_MAX = 3;
/** What the lane gives back holds up all that is behind it, so there it is tried longer. */
const LANE_ROUNDS_MAX = 8;

/**
 * Advances one instance by a group of events: classifies each, decides on those that apply,
 * and commits once. Nothing is sent here; each item is left with what must be sent before it is acknowledged. `suspect`:
 * meanwhile a rejection was noted, which may be its own; nothing was committed, and it is to be advanced again `alone`.
 */
export async function advanceInstance(
  context: EngineContext,
  pid: string,
  items: readonly Item[],
  basis: Basis,
  alone = false,
): Promise<'done' | 'suspect'> {
  const { rejections } = context;
  const roundsMax = context.lane ? LANE_ROUNDS_MAX : ROUNDS_MAX;
  let current = basis;
  let conflicts = 0;
  // The warm copy was fine when it was committed: its code has run since, outside an activation.
  const outside = basis.live?.run.bug;
  if (outside) context.options.onFault?.(new ProcessBug('POISON', outside.message));
  for (let round = 0; round < roundsMax;) {
    const unreadable = current.head && formatFault(current.head);
    if (unreadable !== undefined) {
      for (const item of items) item.refused = { code: 'STATE_FORMAT', message: unreadable };
      return 'done';
    }
    if (isHot(context, current.live?.run.image ?? current.head) && items.every(({ message }) => fitsLane(message)))
      return forwardInstance(context, pid, items, current);
    const working = new WorkingCopy(context, pid, current);
    const before = rejections.count;
    const refusal = await working.decide(items, alone);
    if (!alone && rejections.count > before) return 'suspect';
    if (refusal) {
      forgetUnproved(items, current);
      current = await reload(context, pid);
      continue;
    }
    if (!working.changed) {
      if (await confirmed(context, pid, current)) {
        await working.readReferences();
        working.finish(items);
        return 'done';
      }
      forgetUnproved(items, current);
      current = await reload(context, pid);
      continue;
    }
    const contended = conflicts > 0 || (context.lane && items.filter(decidesOn).length > 1);
    const commit = await working.commit(contended);
    if (commit.status === 'committed') {
      working.finish(items);
      return 'done';
    }
    if (commit.status === 'too-large') {
      // The others of the group may have something to send again, so they are looked at without these.
      if (current.strong) for (const item of items) if (decidesOn(item)) item.refused ??= commit.reason;
      current = await reload(context, pid);
      continue;
    }
    // A start that was decided without a read has met its instance: no race, so no pause.
    const unread = !current.strong && !current.live;
    round += 1;
    forgetUnproved(items, current);
    current = { head: commit.current, live: undefined, strong: true };
    if (unread) continue;
    conflicts += 1;
    if (round === roundsMax || isHot(context, commit.current)) continue;
    await jitter(context);
    // Others have written meanwhile: a read costs less than one more try that fails, and tells whether the instance is hot.
    if (context.forwards) current = await reload(context, pid);
  }
  if (context.forwards) return forwardInstance(context, pid, items, current);
  for (const item of items) item.giveBackSeconds = retrySeconds(context);
  return 'done';
}

/** What was not read may be otherwise: a fault that was met on it proves nothing. */
function forgetUnproved(items: readonly Item[], { strong }: Basis): void {
  if (!strong) for (const item of items) item.refused = undefined;
}

/**
 * Leaves the events that apply to the hot lane. All others are done as ever, on a strongly read image: a duplicate still sends again what
 * it caused.
 */
async function forwardInstance(context: EngineContext, pid: string, items: readonly Item[], basis: Basis): Promise<'done'> {
  const open = items.filter((item) => !item.refused);
  const working = new WorkingCopy(context, pid, basis);
  await working.forward(open);
  if (!basis.strong && open.some((item) => !item.forwarded)) {
    for (const item of open) item.refused = undefined;
    return forwardInstance(context, pid, items, await reload(context, pid));
  }
  const here = items.filter((item) => !item.forwarded);
  if (here.length > 0) await working.readReferences();
  working.finish(here);
  return 'done';
}

async function reload(context: EngineContext, pid: string): Promise<Basis> {
  const [head] = await context.options.store.load([pid], { consistent: true });
  return { head, live: undefined, strong: true };
}

/** A verdict that writes nothing must rest on a strongly consistent read. */
async function confirmed(context: EngineContext, pid: string, basis: Basis): Promise<boolean> {
  if (basis.strong) return true;
  const [head] = await context.options.store.load([pid], { consistent: true });
  return basis.live !== undefined && head?.writer === basis.live.run.image.writer;
}
