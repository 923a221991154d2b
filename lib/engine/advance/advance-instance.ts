import { ProcessBug } from '../../contract/errors.ts';
import type { Head } from '../../ports/process-store.ts';
import { formatFault } from '../../format/head-codec.ts';
import { fitsLane } from '../../format/inbox-message.ts';
import { jitter, retrySeconds } from '../acknowledge/redelivery-delays.ts';
import type { Item } from '../admit/admission.ts';
import type { EngineContext } from '../engine-context.ts';
import { isHot } from '../send/send-all.ts';
import { decideOnce, WorkingCopy, type Basis, type Group } from './working-copy.ts';

const CONFLICTS_MAX = 3;
/** In the FIFO queue a released message blocks its group, so retry more often before releasing it. */
const LANE_CONFLICTS_MAX = 8;

/**
 * Advances one instance by a group of events, in one commit. The loop repeats `decideOnce` (working-copy.ts) after a stale read and after
 * a lost conditional write. Nothing is sent here: each item keeps its dispatches, which are sent before it is acknowledged. `suspect`: an
 * unhandled rejection was noted meanwhile; nothing was committed, and the caller advances the instance again `alone`.
 */
export async function advanceInstance(context: EngineContext, group: Group, start: Basis): Promise<'done' | 'suspect'> {
  const { pid, items } = group;
  noteEarlierBug(context, start);
  const conflictsMax = context.lane ? LANE_CONFLICTS_MAX : CONFLICTS_MAX;
  let basis = start;
  let raced = false;
  for (let conflicts = 0; conflicts < conflictsMax;) {
    const unreadable = basis.head && formatFault(basis.head);
    if (unreadable !== undefined) return refuseAll(items, unreadable);
    if (shouldForward(context, basis, items)) return forwardInstance(context, pid, items, basis);
    const attempt = await decideOnce(context, { ...group, basis, contended: raced });
    switch (attempt.kind) {
      case 'done':
      case 'suspect':
        return attempt.kind;
      case 'stale':
        basis = await reload(context, pid);
        break;
      case 'conflict':
        conflicts += 1;
        raced ||= attempt.raced;
        basis = await afterConflict(context, pid, attempt, conflicts === conflictsMax);
    }
  }
  if (context.forwards) return forwardInstance(context, pid, items, basis);
  for (const item of items) item.retryInSeconds = retrySeconds(context);
  return 'done';
}

/** The code of a warm instance may have run, and failed, outside an activation, after its commit. */
function noteEarlierBug({ options }: EngineContext, { live }: Basis): void {
  const bug = live?.run.bug;
  if (bug) options.onFault?.(new ProcessBug('POISON', bug.message));
}

function refuseAll(items: readonly Item[], message: string): 'done' {
  for (const item of items) item.refused = { code: 'STATE_FORMAT', message };
  return 'done';
}

function shouldForward(context: EngineContext, { live, head }: Basis, items: readonly Item[]): boolean {
  return isHot(context, live?.run.image ?? head) && items.every(({ message }) => fitsLane(message));
}

/** Waits before the next attempt. A read then costs less than one more lost write, and tells whether the instance has become hot. */
async function afterConflict(
  context: EngineContext,
  pid: string,
  { current, raced }: { readonly current: Head | undefined; readonly raced: boolean },
  isLast: boolean,
): Promise<Basis> {
  const basis = { head: current, live: undefined, strong: true };
  if (!raced || isLast || isHot(context, current)) return basis;
  await jitter(context);
  return context.forwards ? reload(context, pid) : basis;
}

/** Forwards the events that apply to the hot lane. The others are decided on a strongly read image: a duplicate still sends again. */
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
  await working.answerAgain(here);
  return 'done';
}

async function reload(context: EngineContext, pid: string): Promise<Basis> {
  const [head] = await context.options.store.load([pid], { consistent: true });
  return { head, live: undefined, strong: true };
}
