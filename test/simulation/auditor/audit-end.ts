import { parsePid } from '../../../lib/contract/wire/process-id.ts';
import { identityOf } from '../../../lib/core/identity.ts';
import { headsOfAll } from '../../../lib/client/list.ts';
import { SUBSCRIBE } from '../../../lib/contract/keys.ts';
import { isClosed } from '../../../lib/core/image.ts';
import { FORK } from '../../../lib/core/forking.ts';
import type { JournalEntry, Origin } from '../../../lib/core/journal-entry.ts';
import { sha256 } from '../../../lib/format/inbox-message.ts';
import type { Head } from '../../../lib/ports/process-store.ts';
import type { ParkedEvent } from '../../../lib/ports/parking-store.ts';
import type { Json } from '../../../lib/contract/schema.ts';
import type { Effect, EndedRun, Expectation } from '../scenarios/scenario.ts';
import { earliestWakeUp } from './armed.ts';
import { checkCompensation, checkEffects } from './compensation.ts';
import { Contracts } from './contracts.ts';
import type { Evidence } from './evidence.ts';
import { namesOf } from './forks.ts';
import { hasClosed, keptInstance, type KeptInstance, type KeptRun } from './kept-instance.ts';
import type { Told } from './told.ts';
import { Violations, type Report } from './violations.ts';

interface EndContext {
  readonly evidence: Evidence;
  readonly told: Told;
  readonly contracts: Contracts;
  /** Events that are parked without an instance. */
  readonly unplaced: readonly ParkedEvent[];
  readonly listed: ReadonlyMap<string, Head>;
  readonly effects: ReadonlyMap<string, Effect>;
  /** Ids of the commands whose effect was taken back. */
  readonly undone: ReadonlySet<string>;
  readonly report: Report;
}

const DUE_MAX = 1_000;

/**
 * Reports which invariants do not hold at rest, and which instances did not end as expected. It reads through ports alone, so it also
 * audits a deployment; facts that only an observer has (`told`) are not checked there.
 */
export const auditEnd = async (
  evidence: Evidence,
  expectations: ReadonlyMap<string, Expectation>,
  told: Told,
): Promise<readonly string[]> => {
  const violations = new Violations();
  const context = await contextOf(evidence, told, violations.report);
  await checkRest(context);
  for (const [pid, expectation] of expectations) await checkInstance(context, pid, expectation);
  return violations.all;
};

const contextOf = async (evidence: Evidence, told: Told, report: Report): Promise<EndContext> => {
  const listed = new Map<string, Head>();
  for await (const head of headsOfAll(evidence.index, {})) listed.set(head.pid, head);
  const effects = new Map(evidence.effects.map((effect) => [effect.commandId, effect]));
  const undone = new Set(evidence.effects.flatMap(({ undoes }) => (undoes === undefined ? [] : [undoes])));
  const unplaced = await evidence.parking.parked('');
  return { evidence, told, contracts: new Contracts(told.builds), unplaced, listed, effects, undone, report };
};

/** I8 and I11: no message is left, and nothing is due. */
const checkRest = async ({ evidence, report }: EndContext): Promise<void> => {
  for (const [queue, count] of evidence.left) if (count > 0) report('I8', `${count} messages are left in ${queue}`);
  const due = await evidence.index.due(evidence.now, DUE_MAX);
  const heads = await evidence.store.load(
    due.map(({ pid }) => pid),
    { consistent: true },
  );
  // The index may lag behind: the head decides.
  for (const head of heads)
    if (head?.due !== undefined && head.due <= evidence.now) report('I11', `${head.pid} was due at ${head.due}, and was not woken`);
};

const checkInstance = async (context: EndContext, pid: string, expectation: Expectation): Promise<void> => {
  const { evidence, told, report } = context;
  const instance = await keptInstance(evidence, pid, [...runsBegunBy(context, pid, expectation), ...(told.runsOf?.(pid) ?? [])], report);
  const disturbed = told.isDisturbed?.(pid) ?? false;
  if (!disturbed) {
    checkStarts(context, instance, expectation);
    await checkEvents(context, instance, expectation);
    for (const run of instance.runs) checkRun(context, run, expectation);
  }
  checkProgress(context, instance, expectation, disturbed);
  if (!disturbed) checkWaiting(context, instance);
  const last = instance.runs.at(-1);
  // After a restore, effects of the lost suffix exist beside repeated effects with other ids. Only the rules above still hold.
  if (!last || disturbed) return;
  for (const fault of expectation.judge(endedRun(context, last))) reportJudged(report, last, fault);
};

/** I6, I7: each start that waited has begun after those before it, or was rejected, once its instance has ended. */
const checkWaiting = ({ report }: EndContext, { pid, runs, head }: KeptInstance): void => {
  const entries = runs.flatMap((run) => run.entries);
  const idsOf = (type: JournalEntry['type']): string[] => entries.flatMap((entry) => (entry.type === type ? idsIn(entry) : []));
  const rejected = idsOf('StartRejected');
  const queued = idsOf('StartQueued').filter((id) => !rejected.includes(id));
  const began = idsOf('ProcessStarted');
  for (const id of rejected.filter((each) => began.includes(each))) report('I4', `${id} was rejected by ${pid}, and began a run`);
  const twice = idsOf('StartQueued').filter((id, index, all) => all.indexOf(id) < index);
  for (const id of twice) report('I4', `${id} waits twice for the end of ${pid}`);
  let waiting: string[] = [];
  for (const entry of entries)
    if (entry.type === 'StartQueued') waiting.push(entry.id);
    else if (entry.type === 'StartRejected') waiting = waiting.filter((id) => id !== entry.id);
    else if (entry.type === 'ProcessStarted' && waiting.length > 0) {
      if (entry.id !== waiting[0]) report('I6', `${entry.id} has overtaken ${waiting[0]}, which waited for the end of ${pid}`);
      waiting = waiting.filter((id) => id !== entry.id);
    }
  if (head === undefined || !isClosed(head.status)) return;
  for (const id of queued.filter((each) => !began.includes(each))) report('I6', `${id} waited for the end of ${pid}, and never began`);
};

/** The runs that its starts have begun, for each type that a start may have had. */
const runsBegunBy = ({ contracts }: EndContext, pid: string, { starts }: Expectation): string[] => {
  const types = contracts.startTypes(parsePid(pid)?.process ?? '');
  return starts.flatMap((id) => types.map((event) => identityOf(sha256, { pid, event, id })));
};

/** A judge may name the invariant that does not hold. */
const reportJudged = (report: Report, { pid, run }: KeptRun, fault: string): void => {
  const [, invariant = 'judged', what = fault] = /^(I\d+): (.*)$/s.exec(fault) ?? [];
  report(invariant, what.includes(pid) ? what : `${pid}/${run}: ${what}`);
};

/** I7: each run was begun once, by its own start. */
const checkStarts = ({ report }: EndContext, { pid, runs }: KeptInstance, { starts, events, endless }: Expectation): void => {
  const began = runs.flatMap(({ entries }) =>
    entries.flatMap((entry) =>
      entry.type === 'ProcessStarted' && !isBegunByAnother(entry) && entry.event !== SUBSCRIBE ? [entry.id] : [],
    ),
  );
  if (began.length > runs.length)
    report('I7', `${pid} has ${runs.length} runs, and was started ${began.length} times: ${began.join(', ')}`);
  for (const id of new Set(began)) {
    // A schedule that the code lists begins again after its end.
    if (began.filter((each) => each === id).length > 1 && !isListing(id)) report('I7', `${pid} was started twice by ${id}`);
    if (!starts.includes(id) && !(endless && events.includes(id))) report('I7', `${pid} was started by ${id}, which was never sent to it`);
  }
};

/** A parent begins its child by a command, and an original its fork; the rules of the journal check both. */
const isBegunByAnother = ({ continues, parent, named }: Extract<JournalEntry, { type: 'ProcessStarted' }>): boolean =>
  continues !== undefined || parent !== undefined || named !== undefined;

/** I6: each event was applied, rejected or parked. An instance that has closed journals nothing more, so its events are not checked. */
const checkEvents = async (context: EndContext, instance: KeptInstance, { starts, events, begunByAnother }: Expectation): Promise<void> => {
  const { evidence, told, unplaced, report } = context;
  const { pid, head } = instance;
  // A build may be replaced before it has listed its schedules.
  const wanted = [...starts, ...events].filter((id) => !isListing(id));
  if (wanted.length === 0 || (begunByAnother && head === undefined)) return;
  const held = new Set(instance.runs.flatMap(({ entries }) => entries.flatMap(idsIn)));
  const open = wanted.filter((id) => !held.has(id));
  if (open.length === 0) return;
  const kept = [...(await evidence.parking.parked(pid)), ...unplaced].map(({ body }) => body).concat(head?.early ?? []);
  for (const id of open) {
    if (kept.some((body) => body.includes(id))) continue;
    // A further start of an open instance attaches, if its definition says so.
    const hasEnded = hasClosed(instance) || told.wasClosed?.(pid) === true || told.wasRetired?.(pid) === true;
    if (hasEnded || (starts.includes(id) && instance.runs.length > 0)) continue;
    report('I6', `${id} for ${pid} is nowhere: ${head === undefined ? 'there is no head' : `its head is ${head.status}`}`);
  }
};

/** The start of a schedule that the code lists. */
const isListing = (id: string): boolean => id.startsWith('listed:');

const idsIn = (entry: JournalEntry): readonly string[] => ('id' in entry ? [entry.id] : []);

/** Reasons that no fault of the environment explains: only the code, or a restore. */
const UNEXPLAINED = /^(NONDETERMINISM|FORK|SIZE|DISPATCH|REPLY_INVALID|UNKNOWN_VERSION|PAYLOAD_MISSING)$/;

/** I8: an instance has ended, or is stuck with a reason and in the list. */
const checkProgress = (
  context: EndContext,
  { pid, head, image }: KeptInstance,
  { endless, sound }: Expectation,
  disturbed: boolean,
): void => {
  const {
    evidence: { now },
    told,
    listed,
    report,
  } = context;
  if (!head) return;
  if (head.status === 'early') {
    if ((head.early ?? []).length > 0 && (head.due ?? Infinity) <= now)
      report('I8', `the early buffer of ${pid} expired at ${head.due}, and is not empty`);
    return;
  }
  const row = listed.get(pid);
  if (row?.status !== head.status) report('I8', `${pid} is ${head.status}, and the list says ${row?.status ?? 'nothing of it'}`);
  if (head.status === 'stuck') {
    const code = reasonOf(head);
    if (code === undefined) report('I8', `${pid} is stuck without a reason: ${head.why ?? ''}`);
    else if (code === 'POISON' && sound) report('I8', `${pid} is stuck, though its process has no bug: ${head.why}`);
    else if (UNEXPLAINED.test(code) && !disturbed && !(code === 'REPLY_INVALID' && told.wasContradicted?.(pid) === true))
      report(code === 'NONDETERMINISM' ? 'I9' : 'I8', `${pid} is stuck: ${head.why}`);
    return;
  }
  const earliest = image ? earliestWakeUp(image) : Infinity;
  // An instance may wait indefinitely for an event that a restore has lost, or that has expired before its start, but not for a time or an answer.
  const waitsForLost = (disturbed || told.wasRefused?.(pid) === true) && earliest === Infinity;
  if (!isClosed(head.status) && !endless && !waitsForLost)
    report('I8', `${pid} is ${head.status}, and never ends: ${head.control.slice(0, 300)}`);
  if (earliest <= now) report('I11', `${pid} waits for ${earliest}, which is past`);
  // An undo of a closed run is open until its answer comes.
  for (const command of image?.commands.values() ?? [])
    if (command.mode === 'undo') report('I8', `${pid} is ${head.status}, and its undo ${command.n} (${command.command}) is not answered`);
    // A fork that could not begin yet is stuck.
    else if (command.command === FORK && listed.get(command.owner ?? '')?.status !== 'stuck' && !disturbed)
      report('I8', `${pid} is ${head.status}, and its fork ${command.owner} has not replied`);
};

const reasonOf = ({ why }: Head): string | undefined => {
  const { code } = JSON.parse(why ?? '{}') as { readonly code?: string };
  return code === '' ? undefined : code;
};

const checkRun = (context: EndContext, run: KeptRun, { optsOut = false }: Expectation): void => {
  const { contracts, effects, undone, report } = context;
  checkSent(context, run);
  checkTimers(run, report);
  if (!optsOut) checkCompensation(run, contracts, report);
  checkEffects(run, effects, undone, report);
};

/** I2: an issued command was sent, unless it was dropped before. I5: it has one outcome. */
const checkSent = ({ told, effects, report }: EndContext, { pid, run, entries }: KeptRun): void => {
  const outcomes = new Map<number, number>();
  // An outage of its queue may last longer than the limits of a command.
  const abandoned = new Set(
    entries.flatMap((entry) => (entry.type === 'CommandAbandoned' || entry.type === 'CommandGivenUp' ? [entry.n] : [])),
  );
  // An instance that ends drops the sends that nothing awaits. A terminated instance drops all sends, including those of its own message, and
  // so does one that its fork supersedes.
  const terminated = entries.some((entry) => entry.type === 'TerminateRequested' || (entry.type === 'ForkRequested' && entry.supersedes));
  const detached = new Set(entries.flatMap((entry) => (entry.type === 'StepDetached' ? [entry.path] : [])));
  const answered = new Set(entries.flatMap((entry) => (entry.type === 'CommandAnswered' && !entry.late ? [entry.n] : [])));
  const names = namesOf(entries, { pid, run });
  for (const [at, entry] of entries.entries()) {
    const of = names[at] as Origin;
    if (entry.type === 'CommandAnswered' && !entry.late && entry.outcome !== 'deferred' && entry.outcome !== 'unknown')
      outcomes.set(entry.n, (outcomes.get(entry.n) ?? 0) + 1);
    if (entry.type === 'CommandIssued') {
      // A call that is open at the end of a prefix is sent under an id of the fork.
      const id = `${of.pid}/${of.run}/${entry.n}`;
      const sent =
        terminated ||
        detached.has(entry.path) ||
        answered.has(entry.n) ||
        abandoned.has(entry.n) ||
        effects.has(id) ||
        entry.owner !== undefined ||
        [id, `${pid}/${run}/${entry.n}`].some((each) => told.wasSent?.(each) !== false);
      if (!sent) report('I2', `${id} (${entry.command}) was never sent`);
    }
    if (entry.type === 'EventPublished' && told.wasPublished?.(`${of.pid}/${of.run}/${entry.n}`) === false)
      report('I2', `${of.pid}/${of.run}/${entry.n} (${entry.event}) was never published`);
  }
  for (const [n, count] of outcomes) if (count > 1) report('I5', `${pid}/${run}/${n} has ${count} outcomes`);
};

/** I11: no timer has fired early. */
const checkTimers = ({ pid, run, entries }: KeptRun, report: Report): void => {
  const due = new Map<number, number>();
  for (const entry of entries) {
    if (entry.type === 'TimerSet') due.set(entry.n, entry.due);
    if (entry.type === 'Resumed' || entry.type === 'Forked') for (const [n, at] of due) due.set(n, at + (entry.pausedMs ?? 0));
    if (entry.type === 'TimerFired' && entry.at < (due.get(entry.n) ?? Infinity))
      report('I11', `timer ${entry.n} of ${pid}/${run} fired early, at ${entry.at}`);
  }
};

/** `standing`: the effects that were not undone and are not undos themselves. */
const endedRun = ({ effects, undone, told }: EndContext, { pid, run, status, entries }: KeptRun): EndedRun => {
  const own = [...effects.values()].filter(({ commandId }) => commandId.startsWith(`${pid}/${run}/`));
  const disturbed = told.mayHaveLostPatience?.(pid) ?? entries.some(({ type }) => type === 'Resumed');
  const completed = entries.find((entry) => entry.type === 'ProcessCompleted');
  const result = completed && { result: (completed as { readonly data?: Json }).data ?? null };
  const standing = own.filter(({ commandId, undoes }) => undoes === undefined && !undone.has(commandId));
  return { pid, run, status, entries, effects: own, standing, disturbed, ...result };
};
