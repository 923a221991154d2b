import type { ProcessContract } from '../contract/runtime-contract.ts';
import { isClosed, type Image, type RingEntry } from './image.ts';
import type { Inbound, OperationInbound, ReplyInbound, SignalInbound, StartInbound, TickInbound } from './inbound.ts';
import { resolvable } from './resolvable.ts';
import { mayBeForgotten } from './signal-ring.ts';

/**
 * The verdict on an event against a head image (docs/protocol.md#verdicts). Only a strongly consistent image, or one that was just
 * committed, may give a verdict that writes nothing.
 *
 * early   there is no instance yet: buffer it            apply   decide on it
 * late    the command is a tombstone, and it changes nothing
 * dup     it was applied before                          closed  the instance has ended
 * wrongRun it belongs to another run                     future  the head is older than what it answers: restored or failed over
 * park    the instance is stuck: keep the event beside it
 * wait    a tick before its time                         expire  the early buffer's time has come
 * verify  too old for the ring of ids: the journal knows reject  a start of an id that is open
 * restart a start over a closed run
 */
export type Verdict =
  | 'early'
  | 'apply'
  | 'late'
  | 'dup'
  | 'closed'
  | 'wrongRun'
  | 'future'
  | 'park'
  | 'wait'
  | 'expire'
  | 'verify'
  | 'reject'
  | 'restart';

export const classify = (image: Image | undefined, inbound: Inbound, definition: ProcessContract): Verdict => {
  switch (inbound.kind) {
    case 'start':
      return ofStart(image, inbound, definition);
    case 'signal':
      return ofSignal(image, inbound);
    case 'reply':
      return image && image.status !== 'early' ? ofReply(image, inbound) : 'wrongRun';
    case 'tick':
      return image ? ofTick(image, inbound) : 'wrongRun';
    case 'operate':
      return image ? ofOperator(image, inbound) : 'closed';
  }
};

const ofStart = (image: Image | undefined, start: StartInbound, definition: ProcessContract): Verdict => {
  if (!image || image.status === 'early') return 'apply';
  if (definition.kind === 'decider' ? inRing(image.signals, start) : isKnownStart(image, start)) return 'dup';
  if (image.status === 'stuck') return 'park';
  if (!isClosed(image.status)) {
    const policy = start.onOpen ?? definition.onOpen;
    if (policy === 'signal') return inRing(image.signals, start) ? 'dup' : unlessForgotten(image, start, 'apply');
    return policy === 'attach' ? 'dup' : 'reject';
  }
  const again = definition.onClosed === 'restart' || (definition.onClosed === 'restart-failed' && image.status !== 'completed');
  // It may have been handed over while the instance was open.
  if (!again) return inRing(image.signals, start) ? 'dup' : unlessForgotten(image, start, 'closed');
  // An undo is out, or waits between two tries: a new run would drop it.
  return [...image.commands.values(), ...image.resends.values()].some((command) => command.mode === 'undo') ? 'wait' : 'restart';
};

const isKnownStart = (image: Image, { identity }: StartInbound): boolean => image.run === identity || image.starts.includes(identity);

const ofSignal = (image: Image | undefined, signal: SignalInbound): Verdict => {
  if (!image || image.status === 'early') return 'early';
  if (inRing(image.signals, signal)) return 'dup';
  if (isClosed(image.status)) return unlessForgotten(image, signal, 'closed');
  if (image.status === 'stuck') return 'park';
  return unlessForgotten(image, signal, 'apply');
};

const unlessForgotten = (image: Image, { time, at }: SignalInbound | StartInbound, verdict: 'apply' | 'closed'): Verdict =>
  mayBeForgotten(image, Date.parse(time), at) ? 'verify' : verdict;

const inRing = (ring: readonly RingEntry[], { identity }: SignalInbound | StartInbound): boolean => ring.some(({ id }) => id === identity);

const ofReply = (image: Image, reply: ReplyInbound): Verdict => {
  const tombstone = image.tombstones.find((each) => each.run === reply.run && each.n === reply.n);
  if (tombstone) {
    const isDefinite = reply.outcome !== 'unknown' && reply.outcome !== 'deferred';
    if (reply.outcome !== 'completed' && !(tombstone.unresolved && isDefinite)) return 'late';
    return image.status === 'stuck' ? 'park' : 'apply';
  }
  if (reply.run !== image.run) return 'wrongRun';
  const command = image.commands.get(reply.n);
  if (!command) return reply.n >= image.seq ? 'future' : 'dup';
  if (reply.outcome === 'deferred' && command.deferred && command.heartbeatMs === undefined) return 'dup';
  // It is unknown already, or the instance is stuck on just that: said again after a resume, it would be stuck again.
  if (reply.outcome === 'unknown' && (command.unknown || image.stuck?.n === reply.n)) return 'dup';
  if (image.status === 'stuck') return 'park';
  return isClosed(image.status) && command.mode === 'send' ? 'closed' : 'apply';
};

const ofTick = (image: Image, tick: TickInbound): Verdict => {
  if (image.status === 'early') return tick.tickAt === image.due ? (tick.at < tick.tickAt ? 'wait' : 'expire') : 'dup';
  if (tick.run !== image.run) return 'wrongRun';
  if (tick.tickAt !== image.tickAt && tick.tickAt !== image.due) return 'dup';
  if (image.status === 'stuck') return 'park';
  return Math.max(tick.at, image.clock) < tick.tickAt ? 'wait' : 'apply';
};

const ofOperator = (image: Image, operator: OperationInbound): Verdict => {
  if (image.starts.includes(operator.identity)) return 'dup';
  switch (operator.act) {
    case 'resume':
      return image.status === 'stuck' ? 'apply' : 'dup';
    case 'resolve':
      // It was answered meanwhile, so nothing is left to resolve.
      return resolvable(image, operator.step ?? '') ? 'apply' : 'dup';
    case 'cancel':
    case 'terminate':
      if (isClosed(image.status) || image.status === 'early') return 'closed';
      // A start that could not be applied has left nothing that could be cancelled.
      return operator.act === 'cancel' && image.run === '' ? 'park' : 'apply';
  }
};
