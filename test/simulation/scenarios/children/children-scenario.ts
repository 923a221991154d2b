import { serve, type Served } from 'tutti/service';
import type { JournalEntry } from '../../../../lib/core/journal-entry.ts';
import type { Choices } from '../../world/choices.ts';
import type { Act, EndedRun, Expectation, Scenario, Site } from '../scenario.ts';
import { bench, MODES, toys, type Part, type Way } from './children-system.ts';

const MINUTE_MS = 60_000;
/** A child that is still stuck then holds its parent: an operator terminates it. */
const GIVEN_UP_MS = 40 * 86_400_000;

/**
 * Parents with up to four children: awaited, raced, detached and mapped. Parents are started twice, cancelled, terminated and run again;
 * some name one child. No child may run on without a parent, and each outcome must be that of its child.
 */
export const childrenScenario = (choices: Choices): Scenario => {
  const acts: Act[] = [];
  const parents = new Map<string, Expectation>();
  const children = new Map<string, Expectation>();
  const ends = new Map<string, EndedRun>();
  for (let count = choices.between(1, 3), i = 1; i <= count; i += 1) toyOf(`t${i}`, { choices, acts, parents, children, ends });
  // The judge of a parent reads the ends of its children.
  return { name: 'children', builds: [toys], serve: served, acts, expectations: new Map([...children, ...parents]) };
};

interface Drawing {
  readonly choices: Choices;
  readonly acts: Act[];
  readonly parents: Map<string, Expectation>;
  readonly children: Map<string, Expectation>;
  readonly ends: Map<string, EndedRun>;
}

const toyOf = (id: string, { choices, acts, parents, children, ends }: Drawing): void => {
  const pid = `default#toy#${id}`;
  const mode = choices.one(MODES);
  // A child that never ends needs a parent that gives it up.
  const ways: readonly Way[] = mode === 'race' ? ['makes', 'waits', 'sleeps', 'fails'] : ['makes', 'sleeps', 'fails'];
  const parts = Array.from({ length: choices.between(1, 4) }, (_, i): Part => {
    const shared = choices.chance(0.2) && mode !== 'race';
    return { id: shared ? 'shared' : `${id}-${i + 1}`, way: choices.one(ways), seconds: choices.below(600) };
  });
  const data = { mode, seconds: choices.below(300), parts };
  const starts: string[] = [];
  const operated: Expectation['operated'][number][] = [];
  let atMs = choices.below(2 * MINUTE_MS);
  for (let runs = choices.chance(0.3) ? 2 : 1, run = 1; run <= runs; run += 1) {
    const start = { kind: 'start', process: 'toy', id, startid: `${id}-start-${run}`, data } as const;
    starts.push(start.startid);
    acts.push({ ...start, atMs });
    if (choices.chance(0.3)) acts.push({ ...start, atMs: atMs + choices.below(MINUTE_MS) });
    if (choices.chance(0.3)) {
      // A terminated parent leaves its children as they are, so none of them may be endless.
      const act = mode === 'race' || choices.chance(0.7) ? 'cancel' : 'terminate';
      operated.push(act);
      acts.push({
        kind: 'operate',
        atMs: atMs + choices.below(choices.chance(0.5) ? 2_000 : 5 * MINUTE_MS),
        pid,
        opid: `${id}-${act}-${run}`,
        act,
      });
    }
    atMs += choices.below(30 * MINUTE_MS);
  }
  for (const each of parts) {
    const child = `default#part#${each.id}`;
    const judge = (run: EndedRun): readonly string[] => {
      ends.set(child, run);
      return [];
    };
    if (!children.has(child)) acts.push({ kind: 'operate', atMs: GIVEN_UP_MS, pid: child, opid: `${each.id}-terminate`, act: 'terminate' });
    children.set(child, { starts: [], events: [], begunByAnother: true, operated: ['terminate'], judge });
  }
  parents.set(pid, { starts, events: [], operated, judge: (run) => judgeParent(run, ends) });
};

/** Each answer is the end of the child whose run this command has begun, and no child is left open by a parent that waits for it. */
const judgeParent = ({ pid, run, status, entries, disturbed }: EndedRun, ends: ReadonlyMap<string, EndedRun>): readonly string[] => {
  const wrong = wrongAnswers({ pid, run, entries }, ends);
  const detached = new Set(entries.flatMap((entry) => (entry.type === 'StepDetached' ? [entry.path] : [])));
  const isTerminated = entries.some(({ type }) => type === 'TerminateRequested');
  for (const entry of entries) {
    if (entry.type !== 'CommandIssued' || entry.owner === undefined) continue;
    const answered = entries.find((each) => each.type === 'CommandAnswered' && each.n === entry.n);
    const child = ends.get(entry.owner);
    const isAwaited = !detached.has(entry.path) && !isTerminated && status !== 'stuck';
    if (isAwaited && answered === undefined && !disturbed) wrong.push(`I8: ${pid} is ${status}, and has not waited for ${entry.owner}`);
    if (detached.has(entry.path) && !child) wrong.push(`I2: the detached child ${entry.owner} of ${pid} has never begun`);
  }
  return wrong;
};

/** The answers of children that are not the ends of their runs. */
export const wrongAnswers = (
  { pid, run, entries }: Pick<EndedRun, 'pid' | 'run' | 'entries'>,
  ends: ReadonlyMap<string, EndedRun>,
): string[] => {
  const wrong: string[] = [];
  for (const entry of entries) {
    if (entry.type !== 'CommandIssued' || entry.owner === undefined) continue;
    const id = `${pid}/${run}/${entry.n}`;
    const answered = entries.find((each) => each.type === 'CommandAnswered' && each.n === entry.n);
    const child = ends.get(entry.owner);
    const isOwn = child?.entries.some((each) => isBegunBy(each, id)) === true;
    if (answered?.type === 'CommandAnswered' && isOwn && child && answered.outcome !== outcomeOf(child) && !child.disturbed)
      wrong.push(`I5: ${id} was answered ${answered.outcome}, and its child ${entry.owner} is ${child.status}`);
  }
  return wrong;
};

const isBegunBy = (entry: JournalEntry, commandId: string): boolean =>
  (entry.type === 'ProcessStarted' && entry.parent === commandId) || (entry.type === 'CancelRequested' && entry.id === commandId);

const outcomeOf = ({ status }: EndedRun): string => (status === 'terminated' ? 'failed' : status);

const served = (site: Site): readonly Served[] => [
  serve(bench, {
    make: async ({ part }, { commandId }) => {
      await site.pass();
      site.effect({ commandId, command: 'bench.make', input: { part } });
      await site.pass();
      return { made: part };
    },
    unmake: async ({ part }, { commandId, undoes }) => {
      await site.pass();
      site.effect({ commandId, command: 'bench.unmake', input: { part }, ...(undoes !== undefined && { undoes }) });
      await site.pass();
    },
  }),
];
