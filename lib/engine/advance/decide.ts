import assert from 'node:assert/strict';
import { isOrchestratorError } from '../../contract/errors.ts';
import { NEWER, parseVersion, versionOf, withoutValues } from '../../contract/schema.ts';
import { ACTIVATION_MAX, goesOn } from '../../core/journal.ts';
import { replyToIssuer } from '../../core/engine-commands.ts';
import { type Answered, type Image, type RingEntry, openCommand } from '../../core/image.ts';
import type { Inbound, ReplyInbound, SignalInbound, StartInbound } from '../../core/inbound.ts';
import type { RecordedFact } from '../../core/journal-entry.ts';
import { remember, rememberSignal } from '../../core/signal-ring.ts';
import { arm, nextDue } from '../../core/timers.ts';
import { codeOf, type ProcessRun } from '../../core/run.ts';
import { lateOf } from '../../core/unresolved.ts';
import type { LiveInstance } from './live-instance.ts';
import { type Verdict, classify } from '../../core/classify.ts';
import { type Item, NO_DEFINITION, type Target } from '../admit/admission.ts';
import type { EngineContext } from '../engine-context.ts';
import { DEPLOY_SECONDS, isDeploying } from '../acknowledge/redelivery-delays.ts';

/**
 * Decides on one event whose verdict is `apply`, `reject`, `restart` or `queue`: applies its facts, one activation each. The code for operations,
 * keys, children and starts that wait is loaded at the first of their events.
 */
export async function decideEvent(live: LiveInstance, inbound: Inbound, verdict?: Verdict): Promise<void> {
  const { run } = live;
  run.carrier = { cause: inbound.key, messageId: inbound.messageId };
  run.hops = inbound.kind === 'tick' || inbound.kind === 'operate' ? 0 : inbound.hops;
  run.trace = inbound.trace ?? run.image.trace;
  const at = Math.max(inbound.at, run.image.clock);
  switch (inbound.kind) {
    case 'start':
      if (verdict === 'queue') await (await import('../on-demand.ts')).queueStart(live, inbound, at);
      else if (inbound.fork) await applyFork(live, inbound, inbound.fork, at);
      else if (inbound.parent)
        await (await import('../on-demand.ts')).applyChild(live, inbound, inbound.parent, { at, rejected: verdict === 'reject' });
      else await applyStart(live, inbound, at, verdict === 'reject');
      break;
    case 'signal':
      await applySignal(live, inbound, at);
      break;
    case 'key':
      await (await import('../on-demand.ts')).applyToKey(live, inbound, at);
      break;
    case 'reply':
      await applyReply(live, inbound, at);
      break;
    case 'operate':
      await (await import('../on-demand.ts')).applyOperation(live, inbound, at);
      break;
    case 'tick':
      if (run.image.tickAt === inbound.tickAt) delete run.image.tickAt;
      if (run.image.due === inbound.tickAt) delete run.image.due;
      run.image.clock = at;
      break;
  }
  // A paused instance fires no timer, and no tick wakes it.
  if (run.image.paused) return;
  // Including timers that the event itself has set: a sleep until a past instant is over at once.
  if (nextDue(live.run)) await applyDue(live, at);
  // `ctx.continueAsNew` replaces the run.
  if (!live.run.bug) arm(live.run);
}

function applyStart(live: LiveInstance, start: StartInbound, at: number, rejected: boolean): Promise<void> {
  const { image } = live.run;
  const { id, identity, source, event, data, time } = start;
  // A decider receives events, its first one included: their ids are in the ring of signals.
  const isAsync = live.run.definition.kind === 'async';
  const begins = live.run.position === 0;
  // The start gives its name to the run that it begins: only a further start is remembered.
  if (isAsync && !begins) remember(image.starts, identity);
  if (!isAsync && !rejected) rememberSignal(image, entryOf(start), at);
  if (rejected) return live.apply({ type: 'StartRejected', at, id, source });
  if (!begins) {
    if (isAsync) rememberSignal(image, entryOf(start), at);
    return live.apply({ type: 'EventReceived', at, event, id, source, time, data });
  }
  if (start.trace !== undefined) image.trace = start.trace;
  if (start.tags) image.tags = start.tags;
  return live.apply({
    type: 'ProcessStarted',
    at,
    definition: start.definition,
    ...codeOf(live.run.environment, start.definition),
    event,
    id,
    source,
    time,
    ...(start.subject !== undefined && { subject: start.subject }),
    data,
  });
}

/** A fork begins: the facts that follow its prefix, and the reply to its original. */
async function applyFork(live: LiveInstance, { planned, trace }: StartInbound, { commandId, hash }: Answered, at: number): Promise<void> {
  if (trace !== undefined) live.run.image.trace ??= trace;
  for (const fact of planned?.(at) ?? []) if (!live.run.bug) await live.apply(fact);
  replyToIssuer(live.run, { commandId, hash, outcome: 'completed' }, null);
}

function applySignal(live: LiveInstance, signal: SignalInbound, at: number): Promise<void> {
  const { id, event, source, time, data, keyed, dataversion } = signal;
  rememberSignal(live.run.image, entryOf(signal), at);
  return live.apply({
    type: 'EventReceived',
    at,
    event,
    id,
    source,
    time,
    ...(keyed !== undefined && { key: keyed }),
    ...(dataversion !== undefined && { dataversion }),
    data,
  });
}

function entryOf({ identity, time }: SignalInbound | StartInbound): RingEntry {
  return { id: identity, time: Date.parse(time) };
}

function applyReply(live: LiveInstance, reply: ReplyInbound, at: number): Promise<void> {
  const { run } = live;
  const { n, outcome, retryable, attempts } = reply;
  const tombstone = run.image.tombstones.find((each) => each.run === reply.run && each.n === n);
  const command = tombstone ?? openCommand(run.image, reply.run, n);
  const data = outcome === 'completed' && command ? parsedOutput(run, command.command, reply) : reply.data;
  if (run.bug) return Promise.resolve();
  const fact: RecordedFact = {
    type: 'CommandAnswered',
    at,
    n,
    outcome,
    ...(retryable && { retryable }),
    ...(attempts !== undefined && { attempts }),
    ...(tombstone && { late: lateOf(tombstone) }),
    ...(data !== null && { data }),
  };
  return live.apply(fact);
}

/** The engine parses the output again that the service has parsed. A reply that breaks the contract is not applied. */
function parsedOutput(run: ProcessRun, command: string, reply: ReplyInbound): ReplyInbound['data'] {
  const contract = run.environment.commands.get(command);
  if (!contract) return reply.data;
  try {
    const data = parseVersion(contract.output, reply.dataversion, reply.data, `${command} answered with`);
    assert(data !== NEWER, 'a reply that is newer than the contract is not decided on');
    return data;
  } catch (error) {
    if (!isOrchestratorError(error)) throw error;
    run.bug = { code: 'REPLY_INVALID', message: withoutValues(error) };
    return null;
  }
}

/**
 * Applies everything that is due at this process time, in order; each is an activation of its own. All timers and commands may be due at
 * once; timers that are set meanwhile and are due already are bounded, as one activation is.
 */
async function applyDue(live: LiveInstance, at: number): Promise<void> {
  const { timers, commands } = live.run.image;
  let allowed = ACTIVATION_MAX + timers.size + commands.size;
  for (let due = nextDue(live.run); due && !live.run.bug && !live.run.stuck; due = nextDue(live.run)) {
    allowed -= 1;
    if (allowed < 0) live.run.bug = { code: 'POISON', message: goesOn(live.run) };
    else await live.apply({ type: due.timer ? 'TimerFired' : 'AttemptTimedOut', at, n: due.n });
  }
}

/** Classifies the event. Sets in the item why it is refused, or when it is redelivered. */
export function verdictOn(context: EngineContext, pid: string, image: Image | undefined, item: Item): Verdict | Promise<Verdict> {
  const { inbound, reply, owned, definition } = item.target;
  if (reply && image && forged(context, image, inbound, reply)) return forbid(item);
  if (owned && image && forgedOwned(image, inbound, owned)) return forbid(item);
  if (reply && image && isNewer(context, image, inbound)) return waitForDeploy(context, pid, item);
  const verdict = classify(image, inbound, definition ?? NO_DEFINITION);
  if (!NEEDS_JOURNAL.has(verdict)) return verdict;
  return verdictByJournal(context, image, item, verdict);
}

/** Verdicts that may need the journal. */
const NEEDS_JOURNAL: ReadonlySet<Verdict | 'verify'> = new Set(['future', 'restart', 'queue', 'verify']);

async function verdictByJournal(
  context: EngineContext,
  image: Image | undefined,
  item: Item,
  verdict: ReturnType<typeof classify>,
): Promise<Verdict> {
  const { hasCommanded, verdictByJournal: byJournal } = await context.rare();
  const { reply } = item.target;
  // Accept a `future` reply only from a service that the instance has sent commands to: a spoofed reply could make the instance stuck.
  if (verdict === 'future' && reply && image && !(isSigned(context, reply) && (await hasCommanded(context, image, reply.source))))
    return forbid(item);
  return byJournal(context, image, item, verdict);
}

function forbid(item: Item): Verdict {
  const { pid, inbound, reply, owned } = item.target;
  const message = `The reply of ${reply?.source ?? owned?.owner} to command ${inbound.key} of ${pid} is spoofed: another owner has the command, or its data or token differs.`;
  item.refused = { code: 'FORBIDDEN', message };
  return 'park';
}

/** The service knows a newer version of the contract than this code: a deploy is in progress, or was forgotten. */
function waitForDeploy(context: EngineContext, pid: string, item: Item): Verdict {
  if (isDeploying(context, item.message)) {
    item.retryInSeconds = DEPLOY_SECONDS;
    return 'wait';
  }
  const message = `The reply ${item.target.inbound.key} to ${pid} has a newer version than the contract of this orchestrator.`;
  item.refused = { code: 'NEWER', message };
  return 'park';
}

/** A reply counts only from the service that owns the command, and only for the data of the command (docs/correctness.md#i12). */
export function forged(context: EngineContext, image: Image, inbound: Inbound, reply: NonNullable<Target['reply']>): boolean {
  if (inbound.kind !== 'reply') return false;
  const tombstone = image.tombstones.find((each) => each.run === inbound.run && each.n === inbound.n);
  const command = tombstone ?? openCommand(image, inbound.run, inbound.n);
  if (!command) return false;
  // The reply to an engine command comes by the inbox, never by the bus.
  if ('owner' in command && command.owner !== undefined) return true;
  const { hash = reply.commandhash } = command;
  if (reply.source !== context.environment.commands.get(command.command)?.service || reply.commandhash !== hash) return true;
  return !isSigned(context, reply, 'since' in command ? command.since : undefined);
}

/** An engine command is answered by its owner alone. Only the system's functions send such a reply, so it has no token. */
function forgedOwned({ run, commands }: Image, inbound: Inbound, { owner, hash }: NonNullable<Target['owned']>): boolean {
  const command = inbound.kind === 'reply' && inbound.run === run ? commands.get(inbound.n) : undefined;
  return command !== undefined && (command.owner !== owner || command.hash !== hash);
}

/**
 * Whether the sender of the reply has read the command, which only its service can: a publisher that spoofs the service may know all other
 * members.
 */
export function isSigned({ replyTokens }: EngineContext, reply: NonNullable<Target['reply']>, since?: number): boolean {
  if (replyTokens === undefined) return true;
  const { commandId: id, datahash, token } = reply;
  return replyTokens.isGenuine(token, { id, datahash, ...(since !== undefined && { since }) });
}

/** Whether a reply has a newer version of the output than this code knows. */
export function isNewer(context: EngineContext, image: Image, inbound: Inbound): boolean {
  if (inbound.kind !== 'reply' || inbound.outcome !== 'completed') return false;
  const tombstone = image.tombstones.find((each) => each.run === inbound.run && each.n === inbound.n);
  const command = tombstone ?? openCommand(image, inbound.run, inbound.n);
  const contract = command && context.environment.commands.get(command.command);
  return contract !== undefined && (inbound.dataversion ?? 1) > versionOf(contract.output);
}
