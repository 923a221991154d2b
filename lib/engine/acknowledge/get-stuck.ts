import type { Verdict } from '../../core/classify.ts';
import type { Image, StuckReason } from '../../core/image.ts';
import type { ReceivedMessage } from '../../ports/message-queue.ts';
import type { Head } from '../../ports/process-store.ts';
import { type Item, type Target, decidesOn, newItem } from '../admit/admission.ts';
import { definitionName } from '../../contract/catalogue.ts';
import { expectation } from '../advance/live-instance.ts';
import type { EngineContext } from '../engine-context.ts';
import { parkMessage, parkedId, shortText } from './park.ts';
import { redrive } from './redrive.ts';
import { decodeHead, formatFault } from '../../format/head-codec.ts';

const TRIES_MAX = 3;

/**
 * Result of a refused event (docs/protocol.md#stuck). `kept`: parked, acknowledge the message. `again`: redeliver it. `passed`: the event
 * does not apply any more.
 */
export type Refused = 'kept' | 'again' | 'passed';

/** An event that cannot be applied, and why. */
export interface RefusedEvent {
  readonly message: ReceivedMessage;
  readonly target: Target;
  readonly reason: StuckReason;
  /** `verdictOn` of advance/decide.ts, which loads this file on demand. */
  readonly verdictOn: (context: EngineContext, pid: string, image: Image | undefined, item: Item) => Promise<Verdict> | Verdict;
}

/**
 * Makes the instance stuck: its control state stays, and the event is parked beside it. Only while the event still applies: the head is
 * read again, because a commit since then may have taken a reply to the same command, or ended the instance (test/models/parking.pml,
 * GET_STUCK_OVERWRITES). An invalid reply that does not apply any more is parked all the same, so that an operator sees it.
 */
export async function getStuck(context: EngineContext, refused: RefusedEvent): Promise<Refused> {
  const { message, target, reason } = refused;
  const { store } = context.options;
  for (let tries = 0; tries < TRIES_MAX; tries += 1) {
    const [head] = await store.load([target.pid], { consistent: true });
    const refusal = await refusalOn(context, head, refused);
    if (refusal === 'passed') {
      if (reason.code === 'REPLY_INVALID')
        await parkMessage(context.options, message, { pid: target.pid, reason: 'REPLY_INVALID', detail: reason.message });
      return 'passed';
    }
    if (refusal === 'park') break;
    const stuck = stuckHead(context, target, head, reason);
    const result = await store.commit(stuck, expectation(head));
    if (result.status === 'conflict') continue;
    if (head && formatFault(head) === undefined) context.options.tracer?.ended(decodeHead(stuck));
    context.options.onNotice?.({ kind: 'stuck', reason: reason.code, pid: target.pid, detail: reason.message });
    break;
  }
  return (await parkBesideStuck(context, message, { pid: target.pid, reason: 'STUCK', detail: reason.message })) ? 'kept' : 'again';
}

/**
 * Ends an operation that could not be applied: the stuck head keeps the reason. The operation is not parked, since a later `resume` is a
 * new operation. Returns whether the reason is written; an operation that does not apply any more is redelivered, as a duplicate.
 */
export async function refuseOperation(context: EngineContext, operation: RefusedEvent): Promise<boolean> {
  const { target, reason } = operation;
  const { store } = context.options;
  const [head] = await store.load([target.pid], { consistent: true });
  if (!head) return true;
  if ((await refusalOn(context, head, operation)) !== 'stop') return false;
  const before = head.status === 'stuck' && head.why !== undefined ? (JSON.parse(head.why) as StuckReason) : undefined;
  const { due: _due, ...rest } = head;
  const refused = target.inbound.kind === 'operate' ? target.inbound.id : undefined;
  const why = JSON.stringify({ ...before, ...short(reason), was: before?.was ?? head.status, refused });
  const stuck: Head = { ...rest, status: 'stuck', version: head.version + 1, writer: context.nextWriter(), why };
  return (await store.commit(stuck, expectation(head))).status === 'committed';
}

/**
 * Parks, then reads the head again: a `resume` in between may have read the parked events before this one was stored. Then this event is
 * redriven at once, because no later operation would do it; test/models/parking.pml, -DREDRIVE_SELF, shows that nothing is lost by it.
 * Returns whether the message may be acknowledged.
 */
export async function parkBesideStuck(
  context: EngineContext,
  message: ReceivedMessage,
  parked: { readonly pid: string; readonly reason: string; readonly detail: string },
): Promise<boolean> {
  const { parking, store } = context.options;
  const { pid } = parked;
  const id = parkedId(message);
  await parkMessage(context.options, message, { ...parked, id });
  const [head] = await store.load([pid], { consistent: true });
  if (head?.status === 'stuck' || head?.paused !== undefined) return true;
  await redrive(context, pid, [id]);
  // A redelivery decides on an event that could not be redriven.
  return (await parking.parked(pid, [id])).length === 0;
}

function short({ newer: _newer, ...reason }: StuckReason): StuckReason {
  return { ...reason, message: shortText(reason.message) };
}

function stuckHead(context: EngineContext, target: Target, head: Head | undefined, reason: StuckReason): Head {
  const writer = context.nextWriter();
  if (head) {
    const { due: _due, ...rest } = head;
    const why = JSON.stringify({ ...short(reason), was: head.status });
    // A stuck early buffer has no due time; its events wait for `resume`.
    return { ...rest, version: head.version + 1, writer, status: 'stuck', why };
  }
  const at = target.inbound.at;
  return {
    pid: target.pid,
    version: 1,
    writer,
    run: '',
    status: 'stuck',
    definition: target.definition ? definitionName(target.definition) : '',
    clock: at,
    control: '',
    tail: [],
    tailFrom: 0,
    startedAt: at,
    why: JSON.stringify({ ...short(reason), was: 'early' }),
    early: [],
  };
}

/** `stop`: the event stops its instance. `park`: the instance is stuck already. `passed`: the event does not apply to this head. */
export type Refusal = 'stop' | 'park' | 'passed';

/**
 * Classifies a refused event again, on a strongly read head: since the refusal, another event of the batch or another worker may have ended
 * its command or its instance.
 */
export async function refusalOn(
  context: EngineContext,
  head: Head | undefined,
  { message, target, reason, verdictOn }: RefusedEvent,
): Promise<Refusal> {
  if (reason.code === 'STATE_FORMAT') return ofUnreadable(head, target);
  const image = head && decodeHead(head);
  // The event is in the head already; its sends fail as long as it is there.
  if (reason.code === 'DISPATCH') {
    if (image?.status === 'stuck') return 'park';
    const isLeft = image !== undefined && holdsCausedBy(image, target.inbound.key);
    return isLeft ? 'stop' : 'passed';
  }
  const item = newItem(message, target);
  item.verdict = await verdictOn(context, target.pid, image, item);
  if (item.refused) return 'passed';
  if (item.verdict === 'park') return 'park';
  if (image?.status === 'stuck' && item.verdict === 'future') return 'park';
  const stops = reason.code === 'FORK' ? item.verdict === 'future' : decidesOn(item);
  return stops ? 'stop' : 'passed';
}

/** Another build may have written the head again, in a readable format. An operation is refused also if the instance is stuck. */
function ofUnreadable(head: Head | undefined, { inbound }: Target): Refusal {
  if (!head || formatFault(head) === undefined) return 'passed';
  return head.status === 'stuck' && inbound.kind !== 'operate' ? 'park' : 'stop';
}

/** Reads no data: a large input is not in the head. */
function holdsCausedBy({ commands, pendingSends: fires }: Image, key: string): boolean {
  return [...commands.values(), ...fires].some(({ cause }) => cause === key);
}
