import type { FailureData } from '../../contract/wire/envelope.ts';
import { isOrchestratorError } from '../../contract/errors.ts';
import { parse, type Json, withoutValues } from '../../contract/schema.ts';
import { replyToIssuer } from '../../core/engine-commands.ts';
import { isClosed, type Answered, type Image, type Pause, type StuckReason } from '../../core/image.ts';
import { actIdentity } from '../../core/identity.ts';
import type { OperationInbound, Resolution } from '../../core/inbound.ts';
import type { RecordedFact } from '../../core/journal-entry.ts';
import { resolvable } from '../../core/resolvable.ts';
import { PAUSED } from '../../core/resuming.ts';
import { codeOf, type ProcessRun } from '../../core/run.ts';
import { note, remember } from '../../core/signal-ring.ts';
import { lateOf } from '../../core/unresolved.ts';
import { isHalted } from '../../core/undoing.ts';
import { encodeControl, encodeHead } from '../../format/head-codec.ts';
import type { Head } from '../../ports/process-store.ts';
import type { LiveInstance } from './live-instance.ts';

/** Decides on an operation. The reply to that of a bulk job is a pending send of the same commit. */
export async function applyOperation(live: LiveInstance, operator: OperationInbound, at: number): Promise<void> {
  await decideOperation(live, operator, at);
  const { run } = live;
  if (operator.answers && !run.bug)
    replyToIssuer(run, { ...operator.answers, outcome: 'completed' }, { status: run.stuck ? 'stuck' : run.image.status });
}

async function decideOperation(live: LiveInstance, operator: OperationInbound, at: number): Promise<void> {
  const { run } = live;
  const { id, identity, act, reason } = operator;
  const principal = principalOf(operator);
  remember(run.image.starts, identity);
  forgetRefused(run);
  // An earlier event of the group may have made it stuck.
  run.stuck = undefined;
  switch (act) {
    case 'terminate':
      delete run.image.stuck;
      delete run.image.paused;
      return live.apply({ type: 'TerminateRequested', at, id, reason, ...principal });
    case 'fork': {
      const facts = operator.planned?.(at) ?? [];
      if (facts.some((fact) => 'supersedes' in fact)) {
        delete run.image.stuck;
        delete run.image.paused;
      }
      for (const fact of facts) await live.apply(fact);
      return;
    }
    case 'erase':
      // erase.ts has decided on it, without the run.
      return;
    case 'pause':
      return live.apply({ type: 'Paused', at, id, reason, ...principal, clock: operator.clock ?? 'stop', ...held(operator) });
    case 'move': {
      const { definition } = run.image;
      return live.apply({ type: 'Moved', at, id, reason, definition, ...codeOf(run.environment, definition), ...principal });
    }
    case 'resume':
      if (run.image.paused) await endPause(live, operator, at);
      return run.image.stuck && operator.hold === undefined ? applyResume(live, operator, at) : undefined;
    case 'cancel': {
      // Undos are sent, and their replies applied.
      if (run.image.paused) await endPause(live, operator, at);
      const before = unstick(run);
      await live.apply({ type: 'CancelRequested', at, id, reason, ...principal });
      if (before && isHeld(live.run, before)) stickAgain(live.run, before);
      return;
    }
    case 'resolve': {
      const before = unstick(run);
      const wasClosed = isClosed(run.image.status);
      await applyResolution(live, operator, at);
      // If the resolution ends what the instance was stuck on, it runs again. Any other reason still needs an operator.
      const isOfCommand = before?.n !== undefined || before?.compensation !== undefined;
      const isOver = isOfCommand ? !isHeld(live.run, before) : !wasClosed && isClosed(live.run.image.status);
      if (before && !isOver) stickAgain(live.run, before);
    }
  }
}

/** An operation that got the instance stuck is noted before the reason is dropped: a copy of it is not tried again. */
function forgetRefused({ image, environment }: ProcessRun): void {
  const refused = image.stuck?.refused;
  if (refused !== undefined) note(image, actIdentity(environment.hash, image.pid, refused), 'refused');
}

/** Notes an operation of a bulk job that changes nothing. Its reply is a pending send of the same commit. */
export function noteOperation(image: Image, { identity, key: cause, messageId, answers, hops }: OperationInbound): void {
  note(image, identity, 'unchanged');
  image.pendingSends.push({
    n: 0,
    kind: 'reply',
    cause,
    messageId,
    at: image.clock,
    answers: { ...(answers as Answered), outcome: 'completed' },
    data: { status: image.status, unchanged: true },
    hops: hops + 1,
  });
}

/** The head of an instance that was not rebuilt, because only an operation was noted. */
export function notedHead(image: Image, version: number, writer: string): Head {
  Object.assign(image, { version, writer });
  return encodeHead(image, writer, encodeControl(image));
}

function held({ hold, since }: OperationInbound): { readonly hold?: string; readonly since?: number } {
  return { ...(hold !== undefined && { hold }), ...(since !== undefined && { since }) };
}

function principalOf({ by, sender }: OperationInbound): { readonly by: string; readonly sender?: string } {
  return {
    by,
    ...(sender !== undefined && { sender }),
  };
}

/** The clock of an instance stops or runs while it is paused: the entry has the time by which its timers move. */
async function endPause(live: LiveInstance, operator: OperationInbound, at: number): Promise<void> {
  const { clock, at: since } = live.run.image.paused as Pause;
  const pausedMs = clock === 'stop' ? at - since : 0;
  const { id, act, reason } = operator;
  await live.apply({
    type: 'Resumed',
    at,
    id,
    ...principalOf(operator),
    code: PAUSED,
    ...(act === 'resume' && { reason }),
    ...(pausedMs > 0 && { pausedMs }),
  });
}

function applyResume(live: LiveInstance, operator: OperationInbound, at: number): Promise<void> {
  const { id, reason, skip, version } = operator;
  const { code = 'POISON', n, definite, compensation } = unstick(live.run) ?? {};
  return live.apply({
    type: 'Resumed',
    at,
    id,
    ...principalOf(operator),
    code,
    reason,
    ...(version !== undefined && { definition: live.run.image.definition }),
    ...(n !== undefined && { n }),
    ...(definite && { definite }),
    ...(compensation !== undefined && { compensation }),
    ...(skip !== undefined && { skip }),
  });
}

/** Restores the status that the instance had before it got stuck. Returns the reason. */
function unstick({ image }: ProcessRun): StuckReason | undefined {
  const { stuck } = image;
  if (!stuck) return undefined;
  delete image.stuck;
  image.status = stuck.was === undefined || stuck.was === 'early' ? 'running' : stuck.was;
  return stuck;
}

/** Whether the command or the compensation that it was stuck on still needs an operator. */
function isHeld(run: ProcessRun, { n, compensation }: StuckReason): boolean {
  return n !== undefined ? run.image.commands.get(n)?.due === Infinity : compensation !== undefined && isHalted(run, compensation);
}

function stickAgain(run: ProcessRun, { was: _was, refused: _refused, ...reason }: StuckReason): void {
  run.stuck ??= reason;
}

/** Journals the outcome that an operator found out as the reply of the command, with principal and reason. */
async function applyResolution(live: LiveInstance, operator: OperationInbound, at: number): Promise<void> {
  const { run } = live;
  const { id, reason, step = '' } = operator;
  const { n, run: of, command } = resolvable(run.image, step) as NonNullable<ReturnType<typeof resolvable>>;
  const tombstone = run.image.tombstones.find((each) => each.run === of && each.n === n);
  const reply = replyOf(run, command, operator.resolution as Resolution);
  if (!reply) return;
  await live.apply({
    type: 'CommandAnswered',
    at,
    n,
    ...reply,
    ...(tombstone && { late: lateOf(tombstone) }),
    resolved: { id, ...principalOf(operator), reason },
  });
}

type ResolvedReply = Pick<Extract<RecordedFact, { type: 'CommandAnswered' }>, 'outcome' | 'data'>;

/** A failure that the contract does not declare means that the command had no effect. */
function replyOf(run: ProcessRun, command: string, resolution: Resolution): ResolvedReply | undefined {
  const contract = run.environment.commands.get(command);
  try {
    if ('output' in resolution) {
      const data = contract ? parse(contract.output, resolution.output, `${command} was resolved with`) : resolution.output;
      return { outcome: 'completed', ...(data !== null && { data }) };
    }
    const { type, message, data } = resolution.failure;
    const declared = contract && Object.hasOwn(contract.errors, type) ? contract.errors[type] : undefined;
    if (!declared) return { outcome: 'cancelled', data: { type, message, data } satisfies FailureData as unknown as Json };
    const parsed = parse(declared, data, `${command} was resolved as failed with ${type}, with`);
    return { outcome: 'failed', data: { type, message, data: parsed } };
  } catch (error) {
    if (!isOrchestratorError(error)) throw error;
    run.bug = { code: 'DATA_INVALID', message: withoutValues(error) };
    return undefined;
  }
}
