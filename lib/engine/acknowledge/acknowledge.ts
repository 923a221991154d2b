import { EARLY_EVENTS_MAX, type StuckReason } from '../../core/image.ts';
import type { ReceivedMessage, VisibilityChange } from '../../ports/message-queue.ts';
import { parkEarly } from '../advance/early-events.ts';
import type { EngineContext } from '../engine-context.ts';
import { getStuck, parkBesideStuck, refuseOperation } from './get-stuck.ts';
import type { Item } from '../advance/item.ts';
import { acknowledgeLate } from './late-event.ts';
import { parkMessage, redrive } from './park.ts';
import { DEPLOY_SECONDS, faultSeconds, isDeploying, noteFault } from './redelivery-delays.ts';

/** Deliveries of an event whose code throws, before its instance is stuck: the fault may be a passing one. */
const POISON_DELIVERIES_MAX = 3;

/** Reasons that concern the message alone: it is parked, and its instance goes on. */
const PARKED: ReadonlySet<string> = new Set(['FORBIDDEN', 'START_TOO_OLD', 'NEWER']);

/** A message and the events that it is for the instances that it concerns. */
export interface HandledMessage {
  readonly message: ReceivedMessage;
  readonly items: readonly Item[];
  /** Decided without an instance: parked, or given back. */
  giveBackSeconds: number | undefined;
}

/** What becomes of a batch: `AdvanceResult`, under way. */
export interface Acknowledged {
  readonly acknowledge: string[];
  readonly giveBack: VisibilityChange[];
}

/** A message vanishes only when every instance that it concerns is done with it (docs/protocol.md#acknowledge). */
export async function acknowledge(context: EngineContext, delivery: HandledMessage, result: Acknowledged): Promise<void> {
  const { message } = delivery;
  let seconds = delivery.giveBackSeconds;
  try {
    for (const item of delivery.items) {
      const again = await settleItem(context, item);
      if (again !== undefined) seconds = Math.max(seconds ?? 0, again);
    }
  } catch (error) {
    noteFault(context, error);
    seconds = faultSeconds(context, message);
  }
  if (seconds === undefined) result.acknowledge.push(message.receiptHandle);
  else result.giveBack.push({ receiptHandle: message.receiptHandle, seconds });
}

/** Returns in how many seconds the event must come again; undefined when it is done. */
async function settleItem(context: EngineContext, item: Item): Promise<number | undefined> {
  if (item.giveBackSeconds !== undefined) return item.giveBackSeconds;
  if (item.forwarded) return undefined;
  const { message, target, refused } = item;
  if (refused) return settleRefused(context, item, refused);
  switch (item.verdict) {
    case 'early':
      return buffer(context, item);
    case 'park':
      return (await parkBesideStuck(
        context,
        message,
        target.pid,
        'STUCK',
        'The instance is stuck; the event is applied after it is resumed.',
      ))
        ? undefined
        : faultSeconds(context, message);
    case 'future':
      return stop(context, item, {
        code: 'FORK',
        message: `${target.inbound.key} answers what this head has not asked yet: it was restored, or failed over.`,
      });
    case 'wait':
      return waitSeconds(context, item);
    case 'expire':
      return expire(context, item);
    case 'closed':
      await acknowledgeLate(context, item);
      return undefined;
    default:
      if (item.redrives) return (await redrive(context, target.pid)) ? undefined : faultSeconds(context, message);
      return undefined;
  }
}

async function settleRefused(context: EngineContext, item: Item, reason: NonNullable<Item['refused']>): Promise<number | undefined> {
  const { message, target } = item;
  if (PARKED.has(reason.code)) {
    await parkMessage(context.options, message, { pid: target.pid, reason: reason.code, detail: reason.message });
    return undefined;
  }
  if (reason.code === 'STATE_FORMAT' && target.inbound.kind !== 'operate' && isDeploying(context, message)) return DEPLOY_SECONDS;
  // What a person resolves a command with: the client looks for it, and tells its user.
  if (reason.code === 'DATA_INVALID') {
    await parkMessage(context.options, message, { pid: target.pid, reason: 'REFUSED', detail: reason.message });
    return undefined;
  }
  // What was decided and only not sent is parked as any event is: the next `resume` sends it.
  if (target.inbound.kind === 'operate' && reason.code !== 'DISPATCH')
    return (await refuseOperation(context, message, target, reason)) ? undefined : 1;
  if (reason.code === 'UNSENT') return faultSeconds(context, message);
  if (reason.code === 'UNKNOWN_VERSION' && message.receiveCount < POISON_DELIVERIES_MAX) return 30;
  if (reason.code === 'POISON' && message.receiveCount < POISON_DELIVERIES_MAX && !context.options.checks) return message.receiveCount;
  return stop(context, item, reason);
}

/** An event that does not apply any more comes again: as a duplicate it sends again what it may have caused, and is then acknowledged. */
async function stop(context: EngineContext, { message, target }: Item, reason: StuckReason): Promise<number | undefined> {
  const refused = await getStuck(context, message, target, reason);
  if (refused === 'kept') return undefined;
  return refused === 'again' ? faultSeconds(context, message) : 0;
}

function waitSeconds(context: EngineContext, { target }: Item): number {
  const { inbound } = target;
  return inbound.kind === 'tick' ? Math.max(1, Math.min(43_200, Math.ceil((inbound.tickAt - context.options.clock.now()) / 1000))) : 30;
}

/** There is no instance yet: the event waits for it, and no longer than the definition says. */
async function buffer(context: EngineContext, { message, target }: Item): Promise<number | undefined> {
  const expiresAt = context.options.clock.now() + (target.definition?.earlyMs ?? 0);
  const result = await context.options.store.buffer({ pid: target.pid, body: message.body, max: EARLY_EVENTS_MAX, expiresAt });
  if (result.status === 'started') return 0;
  if (result.status === 'full')
    await parkMessage(context.options, message, {
      pid: target.pid,
      reason: 'EARLY_OVERFLOW',
      detail: `More than ${EARLY_EVENTS_MAX} events came before the instance.`,
    });
  return undefined;
}

/** The instance never came: what waited for it is parked, and the buffer is emptied. */
async function expire(context: EngineContext, { message, target }: Item): Promise<number | undefined> {
  const { store } = context.options;
  const [head] = await store.load([target.pid], { consistent: true });
  if (head?.status !== 'early') return undefined;
  await parkEarly(context, message, target.pid, head.early ?? [], 'Its instance was not started in time.');
  const { due: _due, ...rest } = head;
  const emptied = await store.commit(
    { ...rest, version: head.version + 1, writer: context.nextWriter(), early: [] },
    { kind: 'early', version: head.version },
  );
  return emptied.status === 'committed' ? undefined : 0;
}
