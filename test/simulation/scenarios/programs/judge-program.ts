import type { Json } from '../../../../lib/contract/wire/json.ts';
import type { JournalEntry } from '../../../../lib/core/journal-entry.ts';
import type { EndedRun } from '../scenario.ts';
import { effectProblems, optOutProblems } from './judge-effects.ts';
import type { Program, Sleep } from './program.ts';
import { Story } from './story.ts';
import { NO_LIMIT, Walk, type Limit, type Settled, type Trail } from './walk.ts';

/** Returns the violations in the end of a run of `run-program`, given its program. */
export const judgeProgram = (program: Program, run: EndedRun): readonly string[] => {
  const story = new Story(run.entries);
  const [started] = run.entries;
  if (started?.type !== 'ProcessStarted') return ['the journal does not begin with the start'];
  const version = Number(started.definition.split('@')[1]);
  const walk = new Walk(story, {
    commandId: (n) => `${run.pid}/${run.run}/${n}`,
    disturbed: run.disturbed,
    ended: ENDED.includes(run.status),
  });
  const closed = run.entries.findIndex(({ type }) => ENDS.includes(type));
  const last: Sleep | undefined = version === 2 ? { kind: 'sleep', for: '1 second' } : undefined;
  const outcome = walk.process(program, limitOf(story), closed < 0 ? undefined : closed, last);
  return [
    ...walk.trail.problems,
    ...(walk.trail.misused ? misuseProblems(run) : statusProblems(run, story, outcome, version)),
    ...ghostProblems(run, walk.trail),
    ...signalProblems(story, walk.trail),
    ...optOutProblems(program, run),
    ...(isRestored(run) ? [] : effectProblems(run, story, walk.trail)),
  ];
};

/**
 * Whether its table was restored. The journal then lacks what the run did since the backup, so it does not explain the effects that stand.
 */
const isRestored = ({ disturbed, entries, effects, pid, run }: EndedRun): boolean => {
  if (!disturbed) return false;
  const issued = new Set(entries.flatMap((entry) => (entry.type === 'CommandIssued' ? [`${pid}/${run}/${entry.n}`] : [])));
  return !entries.some(({ type }) => type === 'Resumed') || effects.some(({ commandId }) => !issued.has(commandId));
};

const ENDED: readonly EndedRun['status'][] = ['completed', 'failed', 'cancelled'];
const ENDS: readonly JournalEntry['type'][] = ['ProcessCompleted', 'ProcessFailed', 'ProcessCancelled'];

/** The earlier of two limits: a cancel, or the deadline of the process. */
const limitOf = (story: Story): Limit => {
  const [cancel] = story.every('CancelRequested');
  const requested = cancel ? { at: cancel.index, failure: 'cancelled:requested' } : NO_LIMIT;
  const deadline = story.first('TimerSet', 'timeout');
  const over = deadline && story.fired(deadline.n);
  return over && over.index < requested.at ? { at: over.index, failure: 'cancelled:timeout' } : requested;
};

/** A bug of the process does not end the instance, which waits for an operator. */
const misuseProblems = ({ status }: EndedRun): string[] =>
  status === 'stuck' || status === 'terminated' ? [] : [`it is ${status}, though its process made a step that no process may make`];

const statusProblems = (run: EndedRun, story: Story, outcome: Settled, version: number): string[] => {
  switch (run.status) {
    case 'early':
    case 'running':
      return run.disturbed ? [] : [`it is still ${run.status}`];
    case 'stuck':
      return run.disturbed || isUnknown(story) ? [] : ['it is stuck, though each answer is known'];
    case 'terminated':
      return story.every('TerminateRequested').length > 0 ? [] : ['it is terminated without a request to terminate'];
    case 'completed':
      return outcomeProblems('completed', outcome, equal(run.result, { version, values: outcome.value ?? [] }), run.result);
    case 'failed':
      return outcomeProblems('failed', outcome, failureSaid(run) === outcome.failure, failureSaid(run));
    case 'cancelled':
      return outcomeProblems('cancelled', outcome, cancelSaid(run) === outcome.failure, cancelSaid(run));
  }
};

/**
 * Whether the outcome of a command is unknown, which needs an operator. A resume asks the service again, and the answer may be unknown
 * again.
 */
const isUnknown = (story: Story): boolean => story.every('CommandIssued').some(({ n }) => story.unknown(n));

const outcomeProblems = (status: EndedRun['status'], outcome: Settled, same: boolean, said: Json | undefined): string[] => {
  const expected =
    outcome.at === Infinity ? 'running' : outcome.failure === undefined ? 'completed' : isCancel(outcome.failure) ? 'cancelled' : 'failed';
  if (expected !== status)
    return [`it ${status} (${JSON.stringify(said)}); expected: ${expected} (${JSON.stringify(outcome.failure ?? outcome.value)})`];
  if (same) return [];
  return [`it ${status} with ${JSON.stringify(said)}; expected: ${JSON.stringify(outcome.failure ?? outcome.value)}`];
};

const isCancel = (failure: string): boolean => failure.startsWith('cancelled:');
const equal = (a: unknown, b: unknown): boolean => JSON.stringify(sorted(a)) === JSON.stringify(sorted(b));
const sorted = (of: unknown): unknown =>
  typeof of === 'object' && of !== null && !Array.isArray(of) ? Object.entries(of).toSorted(([a], [b]) => (a < b ? -1 : 1)) : of;

interface FailureSaid {
  readonly code?: string;
  readonly type?: string;
  readonly data?: { readonly label?: string; readonly data?: { readonly label?: string } };
  readonly details?: { readonly cause?: FailureSaid };
}

const failureSaid = (run: EndedRun): string => {
  const entry = run.entries.find(({ type }) => type === 'ProcessFailed') as { data?: FailureSaid } | undefined;
  const failure = entry?.data;
  if (failure?.type === 'Thrown') return `thrown:${failure.data?.label}`;
  const cause = failure?.details?.cause;
  return cause?.code === 'COMMAND_EXHAUSTED' ? 'exhausted' : `refused:${(cause?.data?.data ?? cause?.data)?.label}`;
};

const cancelSaid = (run: EndedRun): string => {
  const entry = run.entries.find(({ type }) => type === 'ProcessCancelled');
  return `cancelled:${entry?.type === 'ProcessCancelled' ? entry.reason : ''}`;
};

/** The program must account for each entry of these types. Any other entry of them is a ghost. */
const CAUSED: ReadonlySet<string> = new Set<JournalEntry['type']>([
  'BranchWon',
  'CommandIssued',
  'CompensationRegistered',
  'CompensationStarted',
  'DispatchRefused',
  'EventPublished',
  'EventPutBack',
  'EventTaken',
  'Pivoted',
  'ScopeOpened',
  'StepDetached',
  'Tagged',
  'TimerSet',
  'UndoRequested',
]);

const ghostProblems = (run: EndedRun, trail: Trail): string[] =>
  run.entries.flatMap((entry, index) => {
    if (!CAUSED.has(entry.type) || trail.accounted.has(index) || !('path' in entry)) return [];
    if (entry.path.endsWith('/retry') || entry.path.startsWith('late/') || entry.path === 'timeout') return [];
    if (entry.type === 'EventPublished' && entry.event === 'programs.start-rejected') return [];
    return [`${entry.type} ${entry.path} is in the journal, but not in the program`];
  });

/** Each event is read once, in order of arrival. A wait passes over no event that it could read. */
const signalProblems = (story: Story, trail: Trail): string[] => {
  const received = story.every('EventReceived');
  const moves = [...story.every('EventTaken'), ...story.every('EventPutBack')].toSorted((a, b) => a.index - b.index);
  const lastMove = (id: string, before: number) => moves.findLast((move) => move.id === id && move.index < before);
  return trail.waits.flatMap(({ signals, path, from, until, before = until, id }) => {
    const names = signals.map((signal) => `programs.${signal}`);
    const next = received.find(
      ({ event, index, id }) => names.includes(event) && index < before && lastMove(id, until)?.type !== 'EventTaken',
    );
    if (next?.id !== id) return [`${path} got ${id ?? 'nothing'}, though ${next?.id ?? 'nothing'} was there`];
    if (next && !story.atOnce(Math.max(from, next.index, lastMove(next.id, until)?.index ?? 0), until)) return [`${path} got ${id} late`];
    return [];
  });
};
