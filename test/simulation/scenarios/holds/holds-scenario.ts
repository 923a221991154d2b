import { serve, type Served } from 'tutti/service';
import { HOLDS_PID, type HoldScope } from '../../../../lib/contract/holds.ts';
import type { Choices } from '../../world/choices.ts';
import type { Act, EndedRun, Expectation, Scenario, Site } from '../scenario.ts';
import { judgeWatch, servedPost } from '../paused/paused-scenario.ts';
import { SLEEP_MINUTES } from '../paused/paused-system.ts';
import { bells, guards } from './holds-system.ts';

const MINUTE_MS = 60_000;
/** A hold may begin and end in each part of a watch. */
const SPAN_MS = (SLEEP_MINUTES + 10) * MINUTE_MS;
const NOTES_MAX = 3;

type Operated = 'cancel' | 'terminate' | 'pause' | 'resume';

/** Watches and alarms of two tenants beside holds of their processes and services, which operators meet with operations of their own. */
export const holdsScenario = (choices: Choices): Scenario => {
  const acts: Act[] = [];
  const expectations = new Map<string, Expectation>();
  const ends = holds(choices, acts);
  for (let count = choices.between(2, 6), i = 1; i <= count; i += 1) {
    const tenant = choices.chance(0.2) ? 'north' : 'default';
    const atMs = choices.chance(0.5) ? about(choices.one(ends), choices) : choices.below(SPAN_MS);
    const guard = { id: `g${i}`, tenant, atMs, ends };
    const { pid, starts, events, judge } = choices.chance(0.6) ? watched(guard, choices, acts) : alarmed(guard, choices, acts);
    const operated = choices.chance(0.5) ? operates(pid, [atMs, ...ends], choices, acts) : [];
    expectations.set(pid, { starts, events, operated, sound: true, judge });
  }
  neighbour(ends, choices, acts, expectations);
  const held = acts.flatMap((act) => (act.kind === 'hold' && !act.onlyHeld ? [act.opid] : []));
  expectations.set(HOLDS_PID, { starts: held, events: held, operated: [], endless: true, sound: true, judge: () => [] });
  return { name: 'holds', builds: [guards], serve: served, acts, holds: true, expectations };
};

/** An instance of another tenant whose events come as each hold ends: every worker has just read the holds then. */
const neighbour = (ends: readonly number[], choices: Choices, acts: Act[], expectations: Map<string, Expectation>): void => {
  const times = ends.flatMap((endMs) => Array.from({ length: choices.below(4) }, () => Math.max(1, endMs - choices.below(6_000))));
  const notes = times.length;
  const noted = { kind: 'publish', source: 'watch', tenant: 'north' } as const;
  acts.push({ ...noted, atMs: 0, type: 'watch.began', id: 'n-began', data: { id: 'n', notes } });
  const events = times.map((atMs, i) => {
    acts.push({ ...noted, atMs, type: 'watch.noted', id: `n-note-${i}`, data: { id: 'n' } });
    return `n-note-${i}`;
  });
  const judge = (run: EndedRun): readonly string[] => judgeWatch(run, notes);
  expectations.set('north#watch#n', { starts: ['n-began'], events, operated: [], sound: true, judge });
};

interface Guard {
  readonly id: string;
  readonly tenant: string;
  readonly atMs: number;
  /** The instants at which holds end. */
  readonly ends: readonly number[];
}

/** A worker knows a hold for some seconds longer than it lasts. */
const about = (endMs: number, choices: Choices): number => Math.max(0, endMs - 6_000 + choices.below(12_000));

/** Later than the start, at times as a hold ends. */
const later = ({ atMs, ends }: Guard, choices: Choices): number =>
  choices.chance(0.5) ? Math.max(atMs, about(choices.one(ends), choices)) : atMs + choices.below(SPAN_MS);

type Guarded = Pick<Expectation, 'starts' | 'events' | 'judge'> & { readonly pid: string };

const watched = (guard: Guard, choices: Choices, acts: Act[]): Guarded => {
  const { id, tenant, atMs } = guard;
  const notes = choices.below(NOTES_MAX + 1);
  const starts = [`${id}-began`];
  const events = Array.from({ length: notes }, (_, note) => `${id}-note-${note}`);
  for (const [i, each] of [...starts, ...events].entries()) {
    const [type, data] = i === 0 ? ['watch.began', { id, notes }] : ['watch.noted', { id }];
    acts.push({
      kind: 'publish',
      atMs: i === 0 ? atMs : later(guard, choices),
      source: 'watch',
      type,
      id: each,
      data,
      tenant,
    });
  }
  return { pid: `${tenant}#watch#${id}`, starts, events, judge: (run) => judgeWatch(run, notes) };
};

const alarmed = (guard: Guard, choices: Choices, acts: Act[]): Guarded => {
  const { id, tenant, atMs } = guard;
  const told = { kind: 'publish', source: 'bell', data: { id }, tenant } as const;
  acts.push({ ...told, atMs, type: 'bell.struck', id: `${id}-struck` });
  acts.push({ ...told, atMs: later(guard, choices), type: 'bell.heard', id: `${id}-heard` });
  return { pid: `${tenant}#alarm#${id}`, starts: [`${id}-struck`], events: [`${id}-heard`], judge: judgeAlarm };
};

/** An alarm that has completed has rung once. */
const judgeAlarm = ({ pid, status, standing, result }: EndedRun): string[] => {
  if (status !== 'completed') return [];
  const rings = standing.filter(({ command }) => command === 'bells.ring').length;
  return rings === 1 && (result as { readonly heard: boolean }).heard ? [] : [`${pid} has completed with ${rings} rings`];
};

const SCOPES: readonly HoldScope[] = [
  { tenant: 'default', process: 'watch' },
  { tenant: 'default', process: 'alarm' },
  { tenant: 'default', service: 'post' },
  { tenant: 'default', service: 'bells' },
];

/** Draws holds, some of one scope after the other, some at once. Returns the instants of their ends. */
const holds = (choices: Choices, acts: Act[]): readonly number[] => {
  const ends: number[] = [];
  for (let count = choices.between(1, 3), i = 1; i <= count; i += 1) {
    const scope = choices.one(SCOPES);
    const atMs = choices.below(choices.chance(0.3) ? MINUTE_MS : SPAN_MS);
    const endMs = atMs + choices.below(choices.one([SPAN_MS, MINUTE_MS, 2_000]));
    const clock = choices.chance(0.2) ? ('run' as const) : ('stop' as const);
    const refuses = choices.chance(0.4) ? ({ starts: 'reject' } as const) : {};
    acts.push({ kind: 'hold', atMs, opid: `h${i}-pause`, act: 'pause', scope, clock, ...refuses });
    acts.push({ kind: 'hold', atMs: endMs, opid: `h${i}-resume`, act: 'resume', scope });
    // The queue may deliver both in the other order, and a restored table may have lost the end.
    acts.push({ kind: 'hold', atMs: endMs + 2 * SPAN_MS, opid: `h${i}-resume-again`, act: 'resume', scope, onlyHeld: true });
    ends.push(endMs);
  }
  return ends;
};

/** An operator resumes an instance that a hold may have paused, pauses it about the end of the hold, or ends it. */
const operates = (pid: string, times: readonly number[], choices: Choices, acts: Act[]): readonly Operated[] => {
  const operated: Operated[] = [];
  const operate = (act: Operated, atMs: number): void => {
    acts.push({ kind: 'operate', atMs, pid, opid: `${pid}-${act}-${operated.length}`, act });
    operated.push(act);
  };
  const at = choices.one(times) + (choices.chance(0.5) ? choices.below(10_000) : choices.below(SPAN_MS));
  const drawn = choices.below(4);
  if (drawn === 3) operate(choices.one(['cancel', 'terminate'] as const), at);
  if (drawn === 1 || drawn === 2) operate('resume', at);
  if (drawn >= 2) {
    const pausedAt = at + choices.below(2_000);
    operate('pause', pausedAt);
    operate('resume', pausedAt + choices.below(SPAN_MS));
  }
  return operated;
};

const served = (site: Site): readonly Served[] => {
  const doing = (verb: 'ring' | 'still') => async (bell: { readonly id: string }, task: Task) => {
    await site.pass();
    const { commandId, undoes } = task;
    site.effect({ commandId, command: `bells.${verb}`, input: bell, ...(undoes !== undefined && { undoes }) });
    await site.pass();
  };
  return [...servedPost(site), serve(bells, { ring: doing('ring'), still: doing('still') })];
};

interface Task {
  readonly commandId: string;
  readonly undoes?: string;
}
