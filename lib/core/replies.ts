import { CommandExhausted, CommandFailed, type Failure } from '../contract/errors.ts';
import { SUBSCRIBE } from '../contract/keys.ts';
import { commandText, isOfStep } from '../contract/steps.ts';
import type { FailureData } from '../contract/wire/envelope.ts';
import { lastErrorOf, type LastError } from '../contract/wire/last-error.ts';
import type { Json } from '../contract/schema.ts';
import { deadlineOf, type OpenCommand, type Unknown } from './image.ts';
import { childFailure } from './children.ts';
import { callAgain, contractOf, undoItem } from './issue.ts';
import type { RecordedFact } from './journal-entry.ts';
import { decidedByLimit, journal } from './journal.ts';
import { backoffMs, isTriedAgain, runsUsed } from './retry.ts';
import { touch, type CallStep, type ProcessRun } from './run.ts';
import { subscribed } from './subscriptions.ts';
import { setTimer } from './timers.ts';
import { mayLose } from './undecided-races.ts';
import { isSkipped, startRequested, undoReplied, undoBeside, undoFailed } from './undoing.ts';
import { giveUp } from './unresolved.ts';

/** The reply to a command without a step. A decider has no steps, so its handler receives it. */
export interface UnawaitedReply {
  readonly command: string;
  readonly value: Json | Failure;
}

/** Applies the reply to an open command. Its output has been parsed. Returns the reply if no step awaits it. */
export function applyReply(run: ProcessRun, fact: Extract<RecordedFact, { type: 'CommandAnswered' }>): UnawaitedReply | undefined {
  const command = run.image.commands.get(fact.n);
  if (!command) return undefined;
  if (fact.outcome === 'deferred') {
    command.deferred = true;
    // While it is settling, it is sent again until its outcome is definite.
    if (!command.settling) command.due = Math.min(deadlineOf(command), run.image.clock + (command.heartbeatMs ?? Infinity));
    return undefined;
  }
  if (fact.outcome === 'unknown') return unknownOutcome(run, command, fact);
  run.image.commands.delete(fact.n);
  if (command.mode === 'undo') {
    if (fact.outcome === 'completed') undoReplied(run, command);
    else undoFailed(run, command, fact);
    return undefined;
  }
  const step = run.steps.get(fact.n);
  run.steps.delete(fact.n);
  return step?.kind === 'call' ? resolveStep(run, step, command, fact) : replyUnawaited(run, command, fact);
}

/**
 * Applies an unknown outcome: the service reports it, or sends no reply within its limits. Nothing is undone on a guess (S3).
 *
 * - An undo makes the instance stuck.
 * - A command of `ctx.send` is dropped, because nothing awaits it. A decider's handler receives `CommandExhausted`.
 * - A step that was cancelled or has lost a race is given up, and its process continues.
 * - A step without an undo, or whose contract has `onUnknown: 'continue'`, rejects with `CommandExhausted`.
 * - Any other step stays open. `nextOutcome` makes the instance stuck, unless the step may still lose a race.
 */
export function unknownOutcome(run: ProcessRun, command: OpenCommand, reply: UnknownReply): UnawaitedReply | undefined {
  const lastError = lastErrorOf(reply.data);
  const attempts = command.retries + (reply.attempts ?? (reply.outcome ? 1 : 0));
  command.unknown = { since: run.image.clock, attempts, ...(lastError && { lastError }) };
  command.due = Infinity;
  if (command.mode === 'undo') {
    run.stuck = { code: 'COMPENSATION', n: command.n, message: `${messageOfUnknown(command)} It undoes ${String(command.undoes)}.` };
    return undefined;
  }
  if (run.definition.kind === 'decider') {
    run.image.commands.delete(command.n);
    return { command: command.command, value: exhaustion(command, 'unknown', attempts, lastError) };
  }
  if (command.mode === 'send') {
    if (!reply.outcome) journal(run, { type: 'CommandGivenUp', n: command.n, path: command.path });
    run.image.commands.delete(command.n);
    return undefined;
  }
  giveUpStep(run, run.steps.get(command.n) as CallStep, command, command.unknown);
  return undefined;
}

/** The members of an `unknown` reply. All are absent if no reply came. */
type UnknownReply = Partial<Pick<Extract<RecordedFact, { type: 'CommandAnswered' }>, 'outcome' | 'attempts' | 'data'>>;

function giveUpStep(run: ProcessRun, step: CallStep, command: OpenCommand, { attempts, lastError }: Unknown): void {
  const isCancelled = command.settling === 'cancelled';
  const undoable = step.undoable && !step.detached;
  const goesOn = (): boolean => isCancelled || !undoable || contractOf(run, command.command).onUnknown === 'continue';
  if (!decidedByLimit(run, 'CommandGivenUp', command.path, goesOn)) return;
  giveUp(run, command, undoable);
  if (isCancelled) {
    leave(run, step);
    return;
  }
  end(step);
  run.outcomes.push({ kind: 'reject', step, failure: exhaustion(command, 'unknown', attempts, lastError) });
  touch(run, step.scope);
}

/** At the end of an activation: makes the instance stuck on an unknown outcome that its process cannot continue without. */
export function stickOnUnknown(run: ProcessRun): void {
  if (run.ended || run.stuck) return;
  for (const command of run.image.commands.values()) {
    const step = command.unknown && run.steps.get(command.n);
    if (!step || isSkipped(run, step.scope) || mayLose(run, step)) continue;
    run.stuck = { code: 'UNKNOWN_OUTCOME', n: command.n, message: messageOfUnknown(command) };
    return;
  }
}

function messageOfUnknown(command: OpenCommand): string {
  const { attempts, lastError } = command.unknown as Unknown;
  return exhaustion(command, 'unknown', attempts, lastError).message;
}

type ReplyFact = Extract<RecordedFact, { type: 'CommandAnswered' }>;

function resolveStep(run: ProcessRun, step: CallStep, command: OpenCommand, fact: ReplyFact): undefined {
  if (command.settling === 'cancelled') {
    endCancelled(run, step, command, fact);
    return;
  }
  if (fact.outcome === 'completed') {
    complete(run, step, command, fact);
    return;
  }
  if (isTriedAgain(run, command, fact, deadlineOf(command))) {
    retryLater(run, step, command, fact);
    return;
  }
  const failure = failureOf(command, fact);
  end(step);
  if (step.returnsFailure && failure.code === 'COMMAND_FAILED') run.outcomes.push({ kind: 'fulfil', step, value: failure });
  else run.outcomes.push({ kind: 'reject', step, failure });
  touch(run, step.scope);
}

function end(step: CallStep): void {
  step.status = 'settled';
  step.scope.open.delete(step);
}

function complete(run: ProcessRun, step: CallStep, command: OpenCommand, { data: output = null, adopted }: ReplyFact): void {
  const item = step.undoable && !step.detached ? undoItem(run, command, output, adopted) : undefined;
  step.item = item;
  if (item) step.scope.list.push(item);
  end(step);
  run.outcomes.push({ kind: 'fulfil', step, value: output });
  touch(run, step.scope);
}

/** Ends a step that was cancelled before. A success is undone beside the process; any other outcome needs no undo. */
function endCancelled(run: ProcessRun, step: CallStep, command: OpenCommand, fact: ReplyFact): void {
  if (fact.outcome === 'completed' && step.undoable) undoBeside(run, step.scope, [undoItem(run, command, fact.data ?? null)]);
  leave(run, step);
}

/** The scope no longer waits for the outcome of this step. */
function leave(run: ProcessRun, step: CallStep): void {
  step.scope.cleanups -= 1;
  startRequested(run, step.scope);
  touch(run, step.scope);
}

/** The failure is definite, so the next run gets a new number. Services without retries of their own rely on it. */
function retryLater(run: ProcessRun, step: CallStep, command: OpenCommand, fact: ReplyFact): void {
  const retries = runsUsed(command, fact);
  const pause = backoffMs(step.policy.retry, retries, `${run.image.run}/${command.n}`);
  const due = Math.min(run.image.clock + pause, deadlineOf(command));
  step.n = setTimer(run, { path: `${step.path}/retry`, due, purpose: 'retry' });
  step.retry = { retries, since: command.since };
  run.steps.set(step.n, step);
}

/** The pause before the next run is over. */
export function retryNow(run: ProcessRun, step: CallStep): void {
  const retry = step.retry as NonNullable<CallStep['retry']>;
  step.retry = undefined;
  callAgain(run, step, retry);
}

function failureOf(command: OpenCommand, fact: ReplyFact): Failure {
  if (command.owner !== undefined) return childFailure(command, fact);
  if (fact.outcome === 'cancelled') {
    return exhaustion(command, 'cancelled', command.retries + (fact.attempts ?? 0), lastErrorOf(fact.data));
  }
  if (fact.retryable) return exhaustion(command, 'failed', runsUsed(command, fact), lastErrorOf(fact.data));
  const { type, message, data } = fact.data as unknown as FailureData;
  const details = isOfStep(command.command) && { details: { step: command.path } };
  return new CommandFailed({ command: command.command, type, message, data, ...details });
}

function exhaustion(
  { command, path, input }: OpenCommand,
  outcome: CommandExhausted['outcome'],
  attempts: number,
  lastError: LastError | undefined,
): CommandExhausted {
  return new CommandExhausted({ command, named: commandText(command, path, input), attempts, outcome, ...(lastError && { lastError }) });
}

/** The reply to a command of `ctx.send` or of a decider. After a definite technical failure it is issued again, after a pause. */
function replyUnawaited(run: ProcessRun, command: OpenCommand, fact: ReplyFact): UnawaitedReply | undefined {
  if (command.command === SUBSCRIBE) {
    subscribed(run, command, fact);
    return undefined;
  }
  if (fact.outcome === 'completed') return { command: command.command, value: fact.data ?? null };
  if (!isTriedAgain(run, command, fact, deadlineOf(command))) return { command: command.command, value: failureOf(command, fact) };
  const retries = runsUsed(command, fact);
  const { retry } = contractOf(run, command.command);
  const due = run.image.clock + backoffMs(retry, retries, `${run.image.run}/${command.n}`);
  const n = setTimer(run, { path: `${command.path}/retry`, due, purpose: 'retry' });
  run.image.resends.set(n, { ...command, retries });
  return undefined;
}
