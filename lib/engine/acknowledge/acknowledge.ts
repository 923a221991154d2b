import { EARLY_EVENTS_MAX, type StuckReason } from '../../core/image.ts';
import type { SignalInbound, StartInbound } from '../../core/inbound.ts';
import type { ReceivedMessage, VisibilityChange } from '../../ports/message-queue.ts';
import type { HandledMessage, Item } from '../admit/admission.ts';
import { verdictOn } from '../advance/decide.ts';
import { parkEarly } from '../advance/early-events.ts';
import type { EngineContext } from '../engine-context.ts';
import { idAt, parkMessage } from './park.ts';
import { DEPLOY_SECONDS, faultSeconds, isDeploying, noteFault } from './redelivery-delays.ts';

/** The `AdvanceResult` of a batch while it is filled. */
export interface Acknowledged {
  readonly acknowledge: string[];
  readonly giveBack: VisibilityChange[];
}

/** The end of an event: its message may be deleted, or is redelivered after so many seconds. */
type Settlement = 'acknowledge' | { readonly retryInSeconds: number };

/**
 * Input: a message whose events were decided and whose dispatches were sent. Output: its receipt handle in `result`, to delete or to release.
 * Trunk: settle each event, by its refusal or its verdict (get-stuck.ts stops an instance, park.ts parks, redrive.ts redrives). A message is deleted
 * only when every instance that it concerns is done with it (docs/protocol.md#acknowledge).
 */
export async function acknowledge(context: EngineContext, delivery: HandledMessage, result: Acknowledged): Promise<void> {
  const { message } = delivery;
  let seconds = delivery.retryInSeconds;
  try {
    for (const item of delivery.items) {
      const settled = await settle(context, item);
      if (context.instrumentation) (await import('../on-demand.ts')).observeItem(context, item, settled !== 'acknowledge');
      if (settled !== 'acknowledge') seconds = Math.max(seconds ?? 0, settled.retryInSeconds);
      else if (item.pausedBy !== undefined && !(await isHeldOrReleased(context, item.target.pid, item.pausedBy)))
        seconds = Math.max(seconds ?? 0, faultSeconds(context, message));
    }
  } catch (error) {
    noteFault(context, error);
    seconds = faultSeconds(context, message);
  }
  if (seconds === undefined) result.acknowledge.push(message.receiptHandle);
  else result.giveBack.push({ receiptHandle: message.receiptHandle, seconds });
}

/** Acknowledges a message whose events are all done, as most are. Returns false for any other, which is left to `acknowledge`. */
export function acknowledgeDone({ message, items, retryInSeconds }: HandledMessage, result: Acknowledged): boolean {
  if (retryInSeconds !== undefined || !items.every(isDone)) return false;
  result.acknowledge.push(message.receiptHandle);
  return true;
}

/** Whether nothing is left to do for an event: its dispatches were sent, and no other event was kept because of it. */
function isDone({ verdict, refused, retryInSeconds, pausedBy, erasedAt, redrives, target }: Item): boolean {
  const isHeld = refused !== undefined || retryInSeconds !== undefined || pausedBy !== undefined;
  const isLeft = isHeld || redrives || erasedAt !== undefined || target.ends !== undefined;
  return !isLeft && (verdict === 'apply' || verdict === 'dup');
}

/** An instance that a hold has paused is released here if the hold is over. */
async function isHeldOrReleased(context: EngineContext, pid: string, hold: string): Promise<boolean> {
  return (await import('../on-demand.ts')).releaseUnlessHeld(context, pid, hold);
}

const APPLIED_AFTER_RESUME = 'The instance is stuck; the event is applied after it is resumed.';
const APPLIED_AFTER_PAUSE = 'The instance is paused; the event is applied after it is resumed.';

async function settle(context: EngineContext, item: Item): Promise<Settlement> {
  if (item.retryInSeconds !== undefined) return { retryInSeconds: item.retryInSeconds };
  if (item.forwarded) return 'acknowledge';
  const { message, target, refused } = item;
  if (refused) return settleRefused(context, item, refused);
  if (item.erasedAt !== undefined) {
    const retryInSeconds = await (await import('../on-demand.ts')).removeErased(context, item, item.erasedAt);
    if (retryInSeconds !== undefined) return { retryInSeconds };
  }
  switch (item.verdict) {
    case 'early':
      return buffer(context, item);
    case 'park': {
      const { parkBesideStuck } = await import('../on-demand.ts');
      if (await parkBesideStuck(context, message, { pid: target.pid, reason: 'STUCK', detail: APPLIED_AFTER_RESUME })) return 'acknowledge';
      return { retryInSeconds: faultSeconds(context, message) };
    }
    case 'keep': {
      const { parkBesideStuck } = await import('../on-demand.ts');
      if (await parkBesideStuck(context, message, { pid: target.pid, reason: 'PAUSED', detail: APPLIED_AFTER_PAUSE })) return 'acknowledge';
      return { retryInSeconds: faultSeconds(context, message) };
    }
    case 'held':
      return acknowledgeIf(await (await import('../on-demand.ts')).parkHeld(context, item), faultSeconds(context, message));
    case 'future':
      return stop(context, item, {
        code: 'FORK',
        message: `${target.inbound.key} replies to a command that this head has not issued yet: it was restored, or failed over.`,
      });
    case 'wait':
      return { retryInSeconds: waitSeconds(context, item) };
    case 'expire':
      return expire(context, item);
    case 'closed':
      await acknowledgeLate(context, item);
      return 'acknowledge';
    default:
      if (target.ends && !(await (await import('../on-demand.ts')).sendRelease(context, target.ends)))
        return { retryInSeconds: faultSeconds(context, message) };
      if (!item.redrives || (await (await import('../on-demand.ts')).redrive(context, target.pid))) return 'acknowledge';
      return { retryInSeconds: faultSeconds(context, message) };
  }
}

function acknowledgeIf(isDone: boolean, retryInSeconds: number): Settlement {
  return isDone ? 'acknowledge' : { retryInSeconds };
}

const TOO_MANY_STARTS = 'TOO_MANY_STARTS';

/** Reason → code under which the message alone is parked; its instance goes on. A client looks for `REFUSED` and reports it to its user. */
const PARKED_AS: ReadonlyMap<string, string> = new Map([
  ['FORBIDDEN', 'FORBIDDEN'],
  ['START_TOO_OLD', 'START_TOO_OLD'],
  [TOO_MANY_STARTS, TOO_MANY_STARTS],
  ['NEWER', 'NEWER'],
  ['DATA_INVALID', 'REFUSED'],
  ['NOT_ERASED', 'REFUSED'],
]);

/** Deliveries of an event whose code throws, before its instance gets stuck: the fault may be transient. */
const POISON_DELIVERIES_MAX = 3;

/** Reason → seconds until a redelivery, while a retry may help; undefined once it may not. */
const RETRIED = new Map<string, (context: EngineContext, message: ReceivedMessage) => number | undefined>([
  ['STATE_FORMAT', (context, message) => (isDeploying(context, message) ? DEPLOY_SECONDS : undefined)],
  ['UNSENT', faultSeconds],
  ['UNKNOWN_VERSION', (_, { receiveCount }) => (receiveCount < POISON_DELIVERIES_MAX ? 30 : undefined)],
  ['POISON', ({ options }, { receiveCount }) => (receiveCount < POISON_DELIVERIES_MAX && !options.checks ? receiveCount : undefined)],
]);

/** A run that cannot move goes on as it is. Its client reports the reason. */
function isMove(inbound: Item['target']['inbound']): boolean {
  return inbound.kind === 'operate' && inbound.act === 'move';
}

/** Parks the message, refuses the operation, retries, or stops the instance, in this order. */
async function settleRefused(context: EngineContext, item: Item, reason: StuckReason): Promise<Settlement> {
  const { message, target } = item;
  // A deploy is in progress: a worker of the newer build may take the event, or the operation. A move names its version, and is refused.
  if (reason.newer && !isMove(target.inbound) && isDeploying(context, message)) return { retryInSeconds: DEPLOY_SECONDS };
  // A burst of starts waits for the next minutes.
  if (reason.code === TOO_MANY_STARTS && isDeploying(context, message)) return { retryInSeconds: DEPLOY_SECONDS };
  const isUnmoved = isMove(target.inbound) && reason.code !== 'DISPATCH';
  const parkedAs = isUnmoved ? 'REFUSED' : PARKED_AS.get(reason.code);
  if (parkedAs !== undefined) {
    const detail = isUnmoved ? `${reason.code}: ${reason.message}` : reason.message;
    await parkMessage(context.options, message, { pid: target.pid, reason: parkedAs, detail });
    return 'acknowledge';
  }
  // An operation whose sends failed is parked as any event is: the next `resume` sends them.
  if (target.inbound.kind === 'operate' && reason.code !== 'DISPATCH' && reason.code !== 'UNSENT') {
    const { refuseOperation } = await import('../on-demand.ts');
    const isWritten = await refuseOperation(context, { message, target, reason, verdictOn });
    // The redelivery of the operation of a bulk job finds the reason in the head, and replies with it.
    return acknowledgeIf(isWritten && !(target.inbound.answers && reason.code !== 'STATE_FORMAT'), 1);
  }
  const retryInSeconds = RETRIED.get(reason.code)?.(context, message);
  return retryInSeconds === undefined ? stop(context, item, reason) : { retryInSeconds };
}

/** The instance gets stuck. An event that does not apply any more is redelivered: as a duplicate it repeats its sends, and is acknowledged. */
async function stop(context: EngineContext, { message, target }: Item, reason: StuckReason): Promise<Settlement> {
  const { getStuck } = await import('../on-demand.ts');
  switch (await getStuck(context, { message, target, reason, verdictOn })) {
    case 'kept':
      return 'acknowledge';
    case 'again':
      return { retryInSeconds: faultSeconds(context, message) };
    case 'passed':
      return { retryInSeconds: 0 };
  }
}

function waitSeconds(context: EngineContext, { target }: Item): number {
  const { inbound } = target;
  return inbound.kind === 'tick' ? Math.max(1, Math.min(43_200, Math.ceil((inbound.tickAt - context.options.clock.now()) / 1000))) : 30;
}

/** There is no instance yet: the event waits for it, at most as long as the definition says. */
async function buffer(context: EngineContext, { message, target }: Item): Promise<Settlement> {
  const expiresAt = context.options.clock.now() + (target.definition?.earlyMs ?? 0);
  const result = await context.options.store.buffer({ pid: target.pid, body: message.body, max: EARLY_EVENTS_MAX, expiresAt });
  if (result.status === 'started') return { retryInSeconds: 0 };
  if (result.status === 'full')
    await parkMessage(context.options, message, {
      pid: target.pid,
      reason: 'EARLY_OVERFLOW',
      detail: `More than ${EARLY_EVENTS_MAX} events came before the instance.`,
    });
  return 'acknowledge';
}

/** The instance was not started in time: its early events are parked, and the buffer is emptied. */
async function expire(context: EngineContext, { message, target }: Item): Promise<Settlement> {
  const { store } = context.options;
  const [head] = await store.load([target.pid], { consistent: true });
  if (head?.status !== 'early') return 'acknowledge';
  await parkEarly(context, message, { pid: target.pid, early: head.early ?? [], detail: 'Its instance was not started in time.' });
  const { due: _due, ...rest } = head;
  const emptied = await store.commit(
    { ...rest, version: head.version + 1, writer: context.nextWriter(), early: [] },
    { kind: 'early', version: head.version },
  );
  return acknowledgeIf(emptied.status === 'committed', 0);
}

/**
 * An event came after the end of its instance. It is parked for a while under the event's own id, so a redelivered event is parked once. A
 * process with `late: 'ignore'` drops it; a notice counts it, so that it costs no write.
 */
async function acknowledgeLate(context: EngineContext, { message, target }: Item): Promise<void> {
  const { pid, inbound, definition, byClient, ofKey } = target;
  // A reply and an operation are no events; a client that starts an instance reads its head.
  if ((inbound.kind !== 'signal' && inbound.kind !== 'start') || byClient || isOfParent(inbound)) return;
  // It goes back to its key.
  if (ofKey) return;
  if (definition?.late === 'ignore') return context.options.onNotice?.({ kind: 'ignored', reason: 'CLOSED', pid });
  await parkMessage(context.options, message, {
    pid,
    id: lateId(inbound),
    reason: 'CLOSED',
    detail: `${inbound.event} ${inbound.id} came after the instance had ended.`,
  });
}

/** A parent receives a reply about a child whose id is taken, and an original about its fork. */
function isOfParent(inbound: SignalInbound | StartInbound): boolean {
  return inbound.kind === 'start' && (inbound.parent ?? inbound.fork) !== undefined;
}

function lateId(inbound: SignalInbound | StartInbound): string {
  return idAt(Math.max(0, Date.parse(inbound.time)), inbound.identity);
}
