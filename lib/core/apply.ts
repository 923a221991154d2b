import { Cancelled } from '../contract/errors.ts';
import { isWindowed } from '../contract/gate.ts';
import { type Json, type Schema, parseStored, versionOf } from '../contract/schema.ts';
import { count, journal } from './journal.ts';
import { applyReply, retryNow, stickOnUnknown, type UnawaitedReply } from './replies.ts';
import { attemptTimedOut } from './attempts.ts';
import { issuePublish } from './effects.ts';
import { arrived, hasTimeout, takeOver } from './continuing.ts';
import { endProcess, terminate } from './ending.ts';
import { forkReplied, goOn, requestFork } from './forking.ts';
import { issueUndo, sendUnderNewNumber, undoItem } from './issue.ts';
import type { OpenCommand } from './image.ts';
import type { RecordedFact } from './journal-entry.ts';
import { pause, resume } from './resuming.ts';
import { cancelScope, closeScopes } from './scopes.ts';
import {
  type CallStep,
  type FrontEndOutcome,
  originOf,
  type ProcessRun,
  type Signal,
  type SleepStep,
  type WaitStep,
  touch,
} from './run.ts';
import { setTimer } from './timers.ts';
import { undoAgain } from './undoing.ts';
import { endWait, loopOver, receiveSignal } from './waits.ts';

/** The input of a decider's handler for a fact that is not an event: a reply or a timer. */
export type HandlerInput = UnawaitedReply | { readonly timer: string };

/**
 * The main file of the kernel. Input: a run and a fact that `classify.ts` admitted. Output: the changed run, its new journal entries, and
 * outcomes, which the front end takes from `nextOutcome` one at a time.
 *
 * Trunk: `replies.ts`, `attempts.ts`, `waits.ts`, `timers.ts` and `resuming.ts` apply the facts; the front end calls `issue.ts`,
 * `effects.ts`, `scopes.ts` and `undo-request.ts`; `scopes.ts` closes scopes with `undoing.ts` and `ending.ts`.
 */
export function applyFact(run: ProcessRun, fact: RecordedFact): HandlerInput | undefined {
  run.image.clock = Math.max(run.image.clock, fact.at);
  journal(run, fact);
  switch (fact.type) {
    case 'ProcessStarted':
      run.origin = fact.origin;
      run.named = fact.named;
      if (fact.continues) takeOver(run, fact.continues);
      if (run.arriving === 0) run.outcomes.push({ kind: 'begin' });
      if (run.definition.timeoutMs !== undefined && !(fact.continues && hasTimeout(run)))
        setTimer(run, { path: 'timeout', due: run.image.clock + run.definition.timeoutMs, purpose: 'process' });
      return undefined;
    case 'EventReceived':
      if (run.definition.kind === 'async') receiveSignal(run, signalOf(run, fact));
      if (fact.moved) arrived(run);
      return undefined;
    case 'CommandAnswered':
      if (fact.late) return applyLateReply(run, fact, fact.late);
      if (run.image.forks) forkReplied(run, fact);
      return applyReply(run, fact);
    case 'AttemptTimedOut':
      return attemptTimedOut(run, fact.n);
    case 'TimerFired':
      return fireTimer(run, fact.n);
    case 'CancelRequested': {
      const cancelled = new Cancelled({ reason: 'requested', message: `Cancelled by ${fact.by}: ${fact.reason}` });
      // The first entry of a child whose parent gave it up before it had begun.
      if (run.position === 1) endProcess(run, cancelled, undefined);
      else if (run.definition.kind === 'async') cancelScope(run, run.root, cancelled);
      return undefined;
    }
    case 'TerminateRequested':
      terminate(run, fact.reason);
      return undefined;
    case 'ForkRequested':
      requestFork(run, fact);
      return undefined;
    case 'Forked':
      goOn(run, fact);
      return undefined;
    case 'Paused':
      pause(run, fact);
      return undefined;
    case 'Moved':
      return undefined;
    case 'StartRejected':
      // The parent of a child receives a reply.
      if (fact.parent !== undefined) return undefined;
      issuePublish(run, run.root, `${run.environment.system}.start-rejected`, {
        data: { process: run.definition.name, pid: run.image.pid, startid: fact.id, reason: fact.reason ?? 'open' },
      });
      return undefined;
    case 'StartQueued':
      return undefined;
    case 'Resumed':
      resume(run, fact);
      return undefined;
  }
}

/** The next outcome for the front end. Scopes that are ready to close are closed here and nowhere else. */
export function nextOutcome(run: ProcessRun): FrontEndOutcome | undefined {
  closeScopes(run);
  const outcome = run.outcomes.shift();
  if (outcome) count(run, 'outcomes');
  else stickOnUnknown(run);
  return outcome;
}

function fireTimer(run: ProcessRun, n: number): HandlerInput | undefined {
  const timer = run.image.timers.get(n);
  if (!timer) return undefined;
  run.image.timers.delete(n);
  const step = run.steps.get(n);
  run.steps.delete(n);
  switch (timer.purpose) {
    case 'named':
      return { timer: timer.path };
    case 'process':
      cancelScope(run, run.root, new Cancelled({ reason: 'timeout' }));
      return undefined;
    case 'undo-retry':
    case 'retry':
      if (step) retryNow(run, step as CallStep);
      else tryAgain(run, n);
      return undefined;
    case 'wait':
    case 'sleep':
      timeOver(run, step as WaitStep | SleepStep);
      return undefined;
  }
}

/** The next attempt of a command that no step awaits: an undo, or a command of `ctx.send`. */
function tryAgain(run: ProcessRun, n: number): void {
  const before = run.image.resends.get(n) as OpenCommand;
  run.image.resends.delete(n);
  if (before.mode === 'undo') undoAgain(run, before, n);
  else sendUnderNewNumber(run, before);
}

function signalOf(run: ProcessRun, { event, id, source, time, data, key }: Extract<RecordedFact, { type: 'EventReceived' }>): Signal {
  return { event, id, source, time, data: data as Json, key, order: run.position };
}

function timeOver(run: ProcessRun, step: WaitStep | SleepStep): void {
  if (step.kind === 'wait') endWait(run, step);
  else {
    step.firedAt = run.position;
    loopOver(run, step);
  }
  step.status = 'settled';
  step.scope.open.delete(step);
  run.outcomes.push({ kind: 'fulfil', step, value: undefined });
  touch(run, step.scope);
}

/**
 * Applies a reply to a tombstone: the process has continued without that command. A success is undone, even after the end of the process
 * (S3). Any other definite reply removes the tombstone, and with it the unknown outcome.
 */
function applyLateReply(
  run: ProcessRun,
  fact: Extract<RecordedFact, { type: 'CommandAnswered' }>,
  late: NonNullable<typeof fact.late>,
): undefined {
  run.image.tombstones = run.image.tombstones.filter((tombstone) => tombstone.run !== late.run || tombstone.n !== fact.n);
  if (fact.outcome !== 'completed') return;
  const id = `${originOf(run).pid}/${late.run}/${fact.n}`;
  issueUndo(run, undoItem(run, { ...late, n: fact.n, path: `late/${id}` }, fact.data ?? null, fact.adopted ?? id));
}

/**
 * Converts a fact to the newest version of its contract, the only one that the types of user code know. A live fact has been parsed by that
 * version, and its entry records the number. An entry of an earlier build is upcast at each replay, because the journal keeps the received
 * data. Data that the contract no longer accepts stays as it is.
 */
export function asNewestVersion(run: ProcessRun, fact: RecordedFact): RecordedFact {
  const schema = schemaOf(run, fact);
  const newest = schema ? versionOf(schema) : 1;
  if (!schema || !('data' in fact) || newest === 1) return fact;
  if (!run.expected) return { ...fact, dataversion: newest };
  // Version 1 is not written, and older builds wrote none at all: `parseStored` then takes the oldest version that fits.
  if ((fact.dataversion ?? 1) >= newest) return fact;
  const { data, dataversion } = fact;
  // The starts of one window.
  if (Array.isArray(data) && isWindowed(run.definition))
    return { ...fact, data: data.map((each) => parseStored(schema, each as Json, dataversion)) };
  return { ...fact, data: parseStored(schema, data, dataversion) };
}

function schemaOf(run: ProcessRun, fact: RecordedFact): Schema | undefined {
  switch (fact.type) {
    case 'ProcessStarted':
    case 'EventReceived':
      return eventSchema(run, fact.event);
    case 'CommandAnswered': {
      if (fact.outcome !== 'completed') return undefined;
      const command = fact.late?.command ?? run.image.commands.get(fact.n)?.command;
      return run.environment.commands.get(command ?? '')?.output;
    }
    default:
      return undefined;
  }
}

/** The schema of an event. The start of a process without `startOn` has the schema of its input. */
function eventSchema({ definition }: ProcessRun, type: string): Schema | undefined {
  const correlation = [...definition.startOn, ...definition.receives].find(({ event }) => event.type === type);
  return correlation ? correlation.event.data : definition.input;
}
