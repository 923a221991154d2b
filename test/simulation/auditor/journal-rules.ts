import { identityOf } from '../../../lib/core/identity.ts';
import { sha256 } from '../../../lib/format/inbox-message.ts';
import { isFact } from '../../../lib/core/replay.ts';
import { runAfter } from '../../../lib/core/continuing.ts';
import { SCHEDULE_DEFINED } from '../../../lib/contract/schedule-instance.ts';
import { SUBSCRIBE } from '../../../lib/contract/keys.ts';
import { RETURNED } from '../../../lib/core/keys.ts';
import { apartOf, copyName, isProtocolOfKeys } from './key-names.ts';
import { canonical } from '../../../lib/contract/wire/json.ts';
import type { Continues, JournalEntry } from '../../../lib/core/journal-entry.ts';
import { startIdentity } from './contracts.ts';
import { checkAdopted, checkBegunByOriginal, checkForked, checkReceivedAgain, checkUndoneByFork, firstOfOriginal } from './forks.ts';
import type { JournalContext } from './journal-context.ts';
import { checkAnswerIsAuthentic, checkEventIsAuthentic, checkOperatorIsAuthentic } from './authenticity.ts';
import type { InstancePicture, RunPicture } from './instance-picture.ts';

type Entry<Type extends JournalEntry['type']> = Extract<JournalEntry, { type: Type }>;

/** I4, I5, I7, I10, I11 and I12 for the entries that a commit has appended. */
export const checkEntries = (context: JournalContext, first: number): void => {
  const { run, report, picture } = context;
  const touched = new Set<number>();
  let clock = context.before?.clock ?? -Infinity;
  for (let index = first; index < run.entries.length; index += 1) {
    const entry = run.entries[index] as JournalEntry;
    if (isFact(entry)) {
      if (entry.at < clock) report('I11', `process time of ${picture.pid}/${run.run} went back to ${entry.at} at entry ${index}`);
      clock = entry.at;
    }
    checkEntry(context, entry, index, touched);
    if ('n' in entry && entry.n !== undefined) touched.add(entry.n);
  }
};

const checkEntry = (context: JournalContext, entry: JournalEntry, index: number, touched: ReadonlySet<number>): void => {
  const { run } = context;
  checkPaused(context, entry);
  switch (entry.type) {
    case 'ProcessStarted':
      checkStart(context, entry, index);
      break;
    case 'EventReceived':
      run.ids.add(entry.id);
      noteReturn(run, entry);
      if (entry.moved) break;
      checkHeardOnce(context, entry);
      if (entry.forked) checkReceivedAgain(context, entry);
      else checkEventIsAuthentic(context, entry);
      break;
    case 'StartRejected':
    case 'StartQueued':
      run.ids.add(entry.id);
      checkEventIsAuthentic(context, entry);
      break;
    case 'CancelRequested':
    case 'TerminateRequested':
    case 'Paused':
    case 'Moved':
    case 'Resumed':
    case 'ForkRequested':
      checkResumedOnce(context, entry);
      run.ids.add(entry.id);
      // An operator has asked for the hold, not for the pause of this instance: hold-rules.ts checks it.
      if (!('hold' in entry && entry.hold !== undefined)) checkOperatorIsAuthentic(context, entry);
      notePause(run, entry);
      break;
    case 'Forked':
      checkForked(context, entry, index);
      break;
    case 'CommandAnswered':
      if (entry.resolved) run.ids.add(entry.resolved.id);
      checkAnswer(context, entry);
      break;
    case 'CommandIssued':
      checkIssue(context, entry);
      break;
    case 'CommandGivenUp':
      if (entry.unresolved) run.unresolved.add(entry.n);
      break;
    case 'TimerSet':
      run.timers.set(entry.n, entry.due);
      break;
    case 'TimerFired':
      checkFired(context, entry);
      break;
    case 'AttemptTimedOut':
      if (!touched.has(entry.n)) checkTimedOut(context, entry);
      break;
    default:
  }
};

/** Timers keep the time that they have left while the clock of a paused instance stops. A fork ends the original that it supersedes. */
const notePause = (run: RunPicture, entry: JournalEntry): void => {
  if (entry.type === 'Paused') run.paused = entry;
  else if (run.paused && (entry.type === 'Resumed' || entry.type === 'TerminateRequested' || entry.type === 'ForkRequested')) {
    const { at, since = at, clock } = run.paused;
    run.paused = undefined;
    if (clock === 'stop') for (const [n, due] of run.timers) run.timers.set(n, due + entry.at - since);
  }
};

/** I4: a resume that is delivered again does not end a later pause. */
const checkResumedOnce = ({ picture, run, report }: JournalContext, entry: JournalEntry): void => {
  if (entry.type === 'Resumed' && entry.code === 'PAUSED' && run.ids.has(entry.id) && !picture.disturbed)
    report('I4', `${entry.id} has ended two pauses of ${picture.pid}`);
};

/** I8: nothing is decided while an instance is paused. */
const checkPaused = ({ picture, run, report }: JournalContext, { type }: JournalEntry): void => {
  if (run.paused && type !== 'Resumed' && type !== 'TerminateRequested' && type !== 'ForkRequested')
    report('I8', `${picture.pid}/${run.run} is paused, and ${type} is journaled`);
};

/** A copy that came back to its key. The data of a large event are stored apart, so only the subscription is known of that. */
const noteReturn = (run: RunPicture, { event, id, data }: Entry<'EventReceived'>): void => {
  if (event !== RETURNED) return;
  const of = data as { readonly event: string; readonly id: string; readonly round?: number } | undefined;
  run.ids.add(of ? copyName({ ...of, subscription: id, event: { type: of.event, id: of.id } }) : apartOf(id));
};

/** I4: an event is applied once to an instance, even if it was buffered twice before the start, or an earlier run has received it. */
const checkHeardOnce = ({ picture, run, report }: JournalContext, { event, id, source }: Entry<'EventReceived'>): void => {
  // One subscription may return many events, and a late duplicate may add it again.
  if (isProtocolOfKeys(event, source) || isListing(event, id)) return;
  const said = `${event} ${id}`;
  if (!picture.disturbed && [...picture.runs.values()].some(({ heard }) => heard.has(said)))
    report('I4', `${said} was applied twice to ${picture.pid}`);
  run.heard.add(said);
};

/** I7: a run takes its name from its start, and its journal begins with it. */
const checkStart = (context: JournalContext, entry: Entry<'ProcessStarted'>, index: number): void => {
  const { run, picture, report } = context;
  run.ids.add(entry.id);
  if (index !== 0) report('I7', `${picture.pid}/${run.run} was started a second time, by ${entry.id}`);
  const { continues } = entry;
  if (continues) {
    checkContinued(context, continues);
    return;
  }
  if (run.fork) {
    checkForkFromStart(context, entry, index);
    return;
  }
  const name = entry.parent === undefined ? runBegunBy(picture.pid, entry) : startIdentity(picture.pid, entry.parent);
  if (name !== run.run) report('I7', `run ${run.run} of ${picture.pid} was begun by ${entry.id}, whose run has another name`);
  checkEventIsAuthentic(context, entry);
};

/** I7: a fork without a prefix begins as its original did, with the input of the operator, if there is one. */
const checkForkFromStart = (context: JournalContext, entry: Entry<'ProcessStarted'>, index: number): void => {
  const { run, picture, report } = context;
  checkBegunByOriginal(context, entry.id, index);
  const first = firstOfOriginal(context);
  if (!first || !run.fork || 'dataref' in first || 'dataref' in entry) return;
  const { edited, input } = run.fork.input;
  const data = edited === undefined ? first.data : input;
  if (first.source !== entry.source || canonical(data ?? null) !== canonical(entry.data ?? null))
    report('I7', `the fork ${picture.pid}/${run.run} has begun with other data than was asked for`);
};

const runBegunBy = (pid: string, { event, id, time }: Entry<'ProcessStarted'>): string => {
  if (event === SUBSCRIBE) return identityOf(sha256, { pid, event: '#subscribe', id });
  return identityOf(sha256, { pid, event, id: isListing(event, id) ? `${id} ${time}` : id });
};

/** A schedule that the code lists begins again with the same times after its end. */
const isListing = (event: string, id: string): boolean => event === SCHEDULE_DEFINED && id.startsWith('listed:');

/** I4, I6, I7: a run continues the run before it, which ended so, and has its unread events, in order. */
const checkContinued = ({ run, picture, report }: JournalContext, continues: Continues): void => {
  const where = `${picture.pid}/${run.run}`;
  for (const { n, due } of continues.timers ?? []) run.timers.set(n, due);
  const before = picture.runs.get(continues.run);
  if (picture.disturbed) return;
  const last = before?.entries.at(-1);
  if (last?.type !== 'RunContinued' || last.run !== run.run || runAfter(sha256, picture.pid, continues.run) !== run.run)
    report('I7', `${where} says that it continues ${continues.run}, which did not end so`);
  const moved = run.entries.flatMap((entry) => (entry.type === 'EventReceived' && entry.moved ? [entry.id] : []));
  const unread = unreadOf(before?.entries ?? []);
  if (moved.join() !== unread.join())
    report('I6', `${where} begins with the unread events ${moved.join() || 'none'}, and the run before left ${unread.join() || 'none'}`);
};

const unreadOf = (entries: readonly JournalEntry[]): string[] => {
  const unread = new Set<string>();
  for (const entry of entries)
    if (entry.type === 'EventReceived' || entry.type === 'EventPutBack') unread.add(entry.id);
    else if (entry.type === 'EventTaken') unread.delete(entry.id);
  return entries.flatMap((entry) => (entry.type === 'EventReceived' && unread.has(entry.id) ? [entry.id] : []));
};

/** The run that has issued a command: the run itself, or a run that it continues, because numbers go on. */
const issuerOf = ({ runs }: InstancePicture, run: RunPicture, n: number): RunPicture => {
  for (let at: RunPicture | undefined = run; at; at = continuedBy(runs, at)) if (at.issued.has(n)) return at;
  return run;
};

const continuedBy = (runs: InstancePicture['runs'], { entries: [began] }: RunPicture): RunPicture | undefined =>
  began?.type === 'ProcessStarted' && began.continues ? runs.get(began.continues.run) : undefined;

/**
 * I4: a step issues another command only after a definite failure of the one before. I10: only a command that is known to be completed is
 * undone.
 */
const checkIssue = ({ picture, run, contracts, owners, report }: JournalContext, entry: Entry<'CommandIssued'>): void => {
  const id = `${picture.pid}/${run.run}/${entry.n}`;
  if (run.issued.has(entry.n)) report('I4', `${id} was issued twice`);
  run.issued.set(entry.n, { command: entry.command, hash: entry.hash, ...(entry.owner !== undefined && { owner: entry.owner }) });
  // A decider has no steps: its paths count within one call.
  if (contracts.definition(run.definition)?.kind !== 'decider') {
    const others = run.byPath.get(entry.path) ?? [];
    for (const n of others)
      if (!isDefiniteFailure(run.answers.get(n)?.at(-1)))
        report('I4', `${id} is one more command of the step ${entry.path}, and ${n} may have succeeded`);
    run.byPath.set(entry.path, [...others, entry.n]);
  }
  if (entry.undoes === undefined) return;
  if (!isKnownToBeDone(picture, entry.undoes)) report('I10', `${id} undoes ${entry.undoes}, which is not known to be done`);
  if (!picture.disturbed) owners.undoes(picture.pid, entry.undoes, report);
};

const isDefiniteFailure = (outcome: string | undefined): boolean => outcome === 'failed' || outcome === 'cancelled';

const isKnownToBeDone = ({ pid, runs, disturbed }: InstancePicture, commandId: string): boolean => {
  const [owner, run = '', n] = commandId.split('/');
  if (owner !== pid) return disturbed || [...runs.values()].some(({ adopted }) => adopted.has(commandId));
  const of = runs.get(run);
  return disturbed || of?.late.has(Number(n)) === true || of?.answers.get(Number(n))?.includes('completed') === true;
};

/** I5: one answer decides; a late success is journaled once more, as late. */
const checkAnswer = (context: JournalContext, entry: Entry<'CommandAnswered'>): void => {
  const { picture, run, report } = context;
  const of = entry.late ? picture.runs.get(entry.late.run) : issuerOf(picture, run, entry.n);
  const id = `${picture.pid}/${entry.late?.run ?? of?.run ?? run.run}/${entry.n}`;
  if (!of?.issued.has(entry.n) && !picture.disturbed) report('I5', `${id} was answered, but never issued`);
  if (entry.fork !== undefined) checkUndoneByFork(context, entry);
  if (entry.adopted === undefined) checkAnswerIsAuthentic(context, entry, of);
  else if (!entry.late) checkAdopted(context, entry);
  if (!of || entry.outcome === 'deferred' || entry.outcome === 'unknown') return;
  of.unresolved.delete(entry.n);
  if (entry.late) {
    // After a restore a success may be late again: the lost suffix held the first late answer.
    if (of.late.has(entry.n) && !picture.disturbed) report('I5', `${id} was late twice`);
    of.late.add(entry.n);
    return;
  }
  context.forkRequests.replied(picture.pid, of, entry, context.at);
  const answers = of.answers.get(entry.n) ?? [];
  if (answers.length > 0) report('I5', `${id} has two outcomes: ${answers.join(', ')}, and ${entry.outcome}`);
  of.answers.set(entry.n, [...answers, entry.outcome]);
};

/** I11: no timer fires early. */
const checkFired = ({ picture, run, report }: JournalContext, { n, at }: Entry<'TimerFired'>): void => {
  const due = run.timers.get(n);
  if (due === undefined) report('I11', `timer ${n} of ${picture.pid}/${run.run} fired, but was never set`);
  else if (at < due) report('I11', `timer ${n} of ${picture.pid}/${run.run} fired at ${at}, ${due - at} ms early`);
};

/** I11: no attempt times out early. */
const checkTimedOut = ({ picture, run, before, report }: JournalContext, { n, at }: Entry<'AttemptTimedOut'>): void => {
  const due = before?.commands.get(n)?.due;
  if (due !== undefined && at < due) report('I11', `an attempt of ${picture.pid}/${run.run}/${n} timed out at ${at}, ${due - at} ms early`);
};
