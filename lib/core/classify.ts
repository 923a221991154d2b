import type { Outcome } from '../contract/wire/envelope.ts';
import type { ProcessContract } from '../contract/runtime-contract.ts';
import { childVerdict } from './children.ts';
import { awaitsFork, FORK } from './forking.ts';
import { firstRun, isBegunBy, isClosed, openCommand, WAITING_MAX, type Image, type RingEntry } from './image.ts';
import type { Inbound, OperationInbound, ReplyInbound, SignalInbound, StartInbound, TickInbound } from './inbound.ts';
import { verdictOfKey } from './keys.ts';
import { resolvable } from './resolvable.ts';
import { mayBeForgotten, notedAs } from './signal-ring.ts';
import { holdsSubscription } from './subscriptions.ts';
import { waitingVerdict } from './waiting.ts';

/**
 * The verdict on an event against a head image (docs/protocol.md#verdicts). Only a strongly consistent image, or one that was just
 * committed, may give a verdict that writes nothing.
 *
 * early    no instance exists yet: buffer the event
 * apply    decide on the event
 * late     a reply to a tombstone that changes nothing
 * dup      the event was applied before
 * closed   the instance has ended
 * wrongRun the event belongs to another run
 * future   a reply to a command that the head has not issued yet: the table was restored or failed over
 * park     the instance is stuck: keep the event beside it
 * keep     the instance is paused: keep the event beside it
 * held     a start of a process that is paused: keep it
 * wait     a tick before its time, or a start that must wait for an undo
 * expire   the retention of the early buffer has ended
 * verify   the event may have left the ring of ids: look it up in the journal
 * reject   a start whose id is open
 * restart  a start that begins a new run over a closed one
 * queue    a start that waits for the end of the open run
 * note     an operation of a bulk job that changes nothing: remember it, so that no copy changes anything later
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
  | 'keep'
  | 'held'
  | 'wait'
  | 'expire'
  | 'verify'
  | 'reject'
  | 'restart'
  | 'queue'
  | 'note';

export function classify(image: Image | undefined, inbound: Inbound, definition: ProcessContract): Verdict {
  switch (inbound.kind) {
    case 'start':
      return ofStart(image, inbound, definition);
    case 'signal':
      return ofSignal(image, inbound);
    case 'key':
      return verdictOfKey(image, inbound);
    case 'reply':
      return image && image.status !== 'early' ? ofReply(image, inbound) : 'wrongRun';
    case 'tick':
      return image ? ofTick(image, inbound) : 'wrongRun';
    case 'operate':
      return image ? ofOperator(image, inbound) : 'closed';
  }
}

function ofStart(image: Image | undefined, start: StartInbound, definition: ProcessContract): Verdict {
  // An erased id begins no other run, so the removal cannot delete data of a later run.
  if (image?.erased !== undefined) return isKnownStart(image, start) || inRing(image.signals, start) ? 'dup' : 'closed';
  if (start.fork) return forkVerdict(image, start);
  if (start.parent) return childVerdict(image, start, start.parent, definition.onClosed);
  if (!image || image.status === 'early') return 'apply';
  if (definition.kind === 'decider' ? inRing(image.signals, start) : isKnownStart(image, start)) return 'dup';
  if (image.status === 'stuck') return 'park';
  const waits = waitingVerdict(image, start);
  if (waits !== undefined) return waits === 'restart' ? unlessUndoing(image) : waits;
  if (!isClosed(image.status)) {
    const policy = start.onOpen ?? definition.onOpen;
    if (policy === 'signal' && inRing(image.signals, start)) return 'dup';
    if (image.paused && policy !== 'attach') return 'keep';
    // A gate holds so many; the others come again.
    if (image.gate && (image.waiting?.length ?? 0) >= WAITING_MAX) return 'wait';
    if (policy === 'signal') return unlessForgotten(image, start, 'apply');
    if (policy === 'queue' || policy === 'replace') return 'queue';
    return policy === 'attach' ? 'dup' : 'reject';
  }
  const again = definition.onClosed === 'restart' || (definition.onClosed === 'restart-failed' && image.status !== 'completed');
  // The start may have been delivered as a signal while the instance was open.
  if (!again) return inRing(image.signals, start) ? 'dup' : unlessForgotten(image, start, 'closed');
  return unlessUndoing(image);
}

/** A new run would drop an undo that is sent or waits for its next attempt, and the reply of a fork. */
function unlessUndoing(image: Image): 'wait' | 'restart' {
  const { commands, resends } = image;
  if (awaitsFork(image)) return 'wait';
  return [...commands.values(), ...resends.values()].some((command) => command.mode === 'undo') ? 'wait' : 'restart';
}

/** The command of an original at its fork: it begins the run, unless another instance has the id. */
function forkVerdict(image: Image | undefined, start: StartInbound): Verdict {
  if (!image || image.status === 'early') return 'apply';
  if (isKnownStart(image, start)) return 'dup';
  return image.status === 'stuck' ? 'park' : 'closed';
}

function isKnownStart(image: Image, { identity }: StartInbound): boolean {
  return isBegunBy(image, identity) || image.starts.includes(identity);
}

function ofSignal(image: Image | undefined, signal: SignalInbound): Verdict {
  const isForwarded = signal.subscription !== undefined;
  if (!image) return isForwarded ? 'closed' : 'early';
  if (inRing(image.signals, signal)) return 'dup';
  // A key gets back what comes after the end of the subscription, also if another run has begun.
  if (isForwarded && !holdsSubscription(image, signal.subscription.run, signal.subscription.n))
    return unlessForgotten(image, signal, 'closed');
  if (image.status === 'early') return 'early';
  if (isClosed(image.status)) return unlessForgotten(image, signal, 'closed');
  if (image.status === 'stuck') return 'park';
  return image.paused ? 'keep' : unlessForgotten(image, signal, 'apply');
}

function unlessForgotten(image: Image, { time, at }: SignalInbound | StartInbound, verdict: 'apply' | 'closed'): Verdict {
  return mayBeForgotten(image, Date.parse(time), at) ? 'verify' : verdict;
}

function inRing(ring: readonly RingEntry[], { identity }: SignalInbound | StartInbound): boolean {
  return ring.some(({ id }) => id === identity);
}

/**
 * The rows of docs/protocol.md#verdicts; the first that fits counts.
 *
 * | row | head   | reply                                                                    | verdict                    |
 * | --- | ------ | ------------------------------------------------------------------------ | -------------------------- |
 * | 1   | any    | to a tombstone: `completed`, or definite and the tombstone is unresolved | `apply`, unless it is held  |
 * | 2   | any    | to a tombstone, any other                                                | `late`                     |
 * | 3   | any    | of another run, and no open command has moved from it under this number  | `wrongRun`                 |
 * | 4   | any    | to a command that is not open                                            | `future` from `seq`; `dup` |
 * | 5   | any    | `deferred` again without a heartbeat                                     | `dup`                      |
 * | 6   | any    | `unknown` again                                                          | `dup`                      |
 * | 7   | stuck  | any other                                                                | `park`                     |
 * | 8   | paused | any other                                                                | `keep`                     |
 * | 9   | closed | to a command of `ctx.send`, a detached one, or an engine command         | `closed`                   |
 * | 10  | any    | any other                                                                | `apply`                    |
 */
function ofReply(image: Image, reply: ReplyInbound): Verdict {
  const tombstone = image.tombstones.find((each) => each.run === reply.run && each.n === reply.n);
  if (tombstone) {
    const isDefinite = reply.outcome !== 'unknown' && reply.outcome !== 'deferred';
    if (reply.outcome !== 'completed' && !(tombstone.unresolved && isDefinite)) return 'late';
    return image.status === 'stuck' ? 'park' : image.paused ? 'keep' : 'apply';
  }
  const command = openCommand(image, reply.run, reply.n);
  if (!command && reply.run !== image.run) return 'wrongRun';
  if (!command) return reply.n >= image.seq ? 'future' : 'dup';
  if (reply.outcome === 'deferred' && command.deferred && command.heartbeatMs === undefined) return 'dup';
  // The refusal of a subscription: `resume` issues it under a new number.
  if (command.owner !== undefined && image.stuck?.n === reply.n) return 'dup';
  // If an `unknown` reply were applied again after a resume, the instance would get stuck again.
  if (reply.outcome === 'unknown' && (command.unknown || image.stuck?.n === reply.n)) return 'dup';
  if (image.status === 'stuck') return 'park';
  if (image.paused) return 'keep';
  // A fork answers after the end of its original.
  if (command.command === FORK) return 'apply';
  return isClosed(image.status) && (command.mode === 'send' || command.detached || command.owner !== undefined) ? 'closed' : 'apply';
}

function ofTick(image: Image, tick: TickInbound): Verdict {
  if (image.status === 'early') return tick.tickAt === image.due ? (tick.at < tick.tickAt ? 'wait' : 'expire') : 'dup';
  if (tick.run !== image.run) return 'wrongRun';
  if (tick.tickAt !== image.tickAt && tick.tickAt !== image.due) return 'dup';
  if (image.status === 'stuck') return 'park';
  return Math.max(tick.at, image.clock) < tick.tickAt ? 'wait' : 'apply';
}

function ofOperator(image: Image, operator: OperationInbound): Verdict {
  // The end of a hold resumes what the hold has paused, however often.
  if (operator.act === 'resume' && operator.hold !== undefined) return image.paused?.hold === operator.hold ? 'apply' : 'dup';
  if (image.starts.includes(operator.identity)) return 'dup';
  // The operation of a bulk job was refused: its reply says why, so it is not tried again.
  if (operator.answers && image.stuck?.refused === operator.id) return 'dup';
  if (notedAs(image, operator.identity) !== undefined) return 'dup';
  if (isOfEarlierRun(image, operator)) return 'closed';
  const verdict = onAct(image, operator);
  return verdict === 'dup' && operator.answers && isOpen(image) ? 'note' : verdict;
}

/** Whether the instance has begun another run since the preview of the bulk job. */
export function isOfEarlierRun(image: Image, { run }: OperationInbound): boolean {
  return run !== undefined && run !== firstRun(image);
}

function isOpen({ run, status }: Image): boolean {
  return run !== '' && status !== 'early' && !isClosed(status);
}

function onAct(image: Image, operator: OperationInbound): Verdict {
  switch (operator.act) {
    case 'resume':
      return image.status === 'stuck' || image.paused ? 'apply' : 'dup';
    case 'pause':
      if (isClosed(image.status) || image.status === 'early') return 'closed';
      return image.status === 'stuck' || image.paused ? 'dup' : 'apply';
    case 'move':
      if (isClosed(image.status) || image.status === 'early') return 'closed';
      if (image.definition.endsWith(`@${operator.version}`)) return 'dup';
      return image.status === 'stuck' ? 'park' : image.paused ? 'keep' : 'apply';
    case 'resolve':
      // A reply has come in the meantime, so nothing is left to resolve.
      if (!resolvable(image, operator.step ?? '')) return 'dup';
      return image.paused ? 'keep' : 'apply';
    case 'fork':
      return image.status === 'early' || image.run === '' || image.erased !== undefined ? 'closed' : 'apply';
    case 'erase':
      return image.status === 'early' ? 'closed' : image.erased === undefined ? 'apply' : 'dup';
    case 'cancel':
    case 'terminate':
      if (isClosed(image.status) || image.status === 'early') return 'closed';
      // The start could not be applied, so no run exists to cancel.
      if (operator.act === 'terminate' || image.run !== '') return 'apply';
      return operator.answers ? 'closed' : 'park';
  }
}

/**
 * The key of a reply. A `deferred` or `unknown` reply has a key of its own, since a final reply follows it. If both shared a key, a
 * reply would send again the command that an earlier reply had caused, and a stuck instance and its service would never stop.
 */
export function replyKey(run: string, n: number, outcome: Outcome): string {
  return outcome === 'deferred' || outcome === 'unknown' ? `r:${run}:${n}:${outcome}` : `r:${run}:${n}`;
}
