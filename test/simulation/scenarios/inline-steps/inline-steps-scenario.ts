import { isFact } from '../../../../lib/core/replay.ts';
import type { JournalEntry } from '../../../../lib/core/journal-entry.ts';
import type { Choices } from '../../world/choices.ts';
import type { Act, EndedRun, Expectation, Scenario } from '../scenario.ts';
import { builds, EDITIONS, jobs, Nudged, priceOf, type Seen } from './inline-steps-system.ts';

const MINUTE_MS = 60_000;
/** A runner gives a step back, and at last gives it up, while its build does not have it. */
const DEPLOYS_WITHIN_MS = [7 * MINUTE_MS, 90 * MINUTE_MS] as const;
const NUDGES_WITHIN_MS = [2_000, 2_000, 40 * MINUTE_MS] as const;

/**
 * Processes with steps of `ctx.run`, whose bodies capture variables that later activations change. Some worlds deploy while they run: a
 * runner meets journals of a newer version, and code that a journal contradicts.
 */
export const inlineStepsScenario = (choices: Choices): Scenario => {
  const acts: Act[] = [];
  const expectations = new Map<string, Expectation>();
  for (let count = choices.between(1, 4), i = 1; i <= count; i += 1) {
    const id = `j${i}`;
    const pid = `default#job#${id}`;
    const atMs = choices.below(5 * MINUTE_MS);
    const data = { id, legs: choices.between(1, 3), fails: choices.chance(0.4) };
    acts.push({ kind: 'publish', atMs, source: 'jobs', type: 'jobs.planned', id: `${id}-planned`, data });
    const events = Array.from({ length: choices.below(4) }, (_, nudge) => `${id}-nudge-${nudge}`);
    const nudgesWithin = choices.one(NUDGES_WITHIN_MS);
    for (const each of events)
      acts.push({ kind: 'publish', atMs: atMs + choices.below(nudgesWithin), source: 'jobs', type: 'jobs.nudged', id: each, data: { id } });
    const operated = choices.chance(0.2) ? (['cancel'] as const) : [];
    for (const act of operated) acts.push({ kind: 'operate', atMs: atMs + choices.below(MINUTE_MS), pid, opid: `${id}-operated`, act });
    expectations.set(pid, { starts: [`${id}-planned`], events, operated, sound: true, judge: (run) => judge(run, data) });
  }
  const deploys = choices.chance(0.4) ? builds.length - 1 : 0;
  const within = choices.one(DEPLOYS_WITHIN_MS);
  for (let deploy = 1; deploy <= deploys; deploy += 1) acts.push({ kind: 'deploy', atMs: choices.below(within) });
  return { name: 'inline-steps', builds: deploys > 0 ? builds : [jobs], steps: true, serve: () => [], acts, expectations };
};

const judge = (run: EndedRun, { id, legs, fails }: { readonly id: string; readonly legs: number; readonly fails: boolean }): string[] => {
  const wrong: string[] = [];
  const [started] = run.entries;
  const edition = started?.type === 'ProcessStarted' ? EDITIONS[started.definition] : undefined;
  for (const { commandId, undoes, input } of run.effects) {
    const seen = input as unknown as Seen;
    const { name, price } = seen;
    const path = pathOf(run.entries, undoes ?? commandId);
    const ended = path === undefined ? undefined : endedBefore(run.entries, path);
    if (path?.endsWith(`${name}:1`) !== true) wrong.push(`the step ${path} of ${run.pid} ran the body of ${name}`);
    if (seen.id !== id) wrong.push(`the step ${path} of ${run.pid} ran a body of ${seen.id}`);
    if (seen.edition !== edition) wrong.push(`the step ${path} of ${run.pid}, ${edition} edition, ran a body of the ${seen.edition} one`);
    if (seen.ended !== ended) wrong.push(`the body of ${name} of ${run.pid} saw ${seen.ended} ends: its activation had seen ${ended}`);
    if (undoes !== undefined && price !== priceOf(name)) wrong.push(`the undo of ${name} of ${run.pid} was given the price ${price}`);
  }
  if (run.status === 'completed') {
    const names = ['charge', ...['left', 'right'].flatMap((side) => Array.from({ length: legs }, (_, leg) => `${side} ${leg + 1}`))];
    const total = names.reduce((sum, name) => sum + priceOf(name), 0);
    if (fails) wrong.push(`${run.pid} has completed, although its code throws`);
    if ((run.result as { readonly total: number }).total !== total)
      wrong.push(`${run.pid} ended with ${JSON.stringify(run.result)}: its steps give ${total}`);
  }
  return wrong;
};

function pathOf(entries: readonly JournalEntry[], commandId: string): string | undefined {
  const n = Number(/\/(\d+)(?:~\d+)?$/.exec(commandId)?.[1]);
  const issued = entries.find((entry) => entry.type === 'CommandIssued' && entry.n === n);
  return issued && 'path' in issued ? issued.path : undefined;
}

/**
 * The ends of steps and the signals that the code had seen at the end of the activation that first issued the step. After the time-out of
 * its wait the code waits for no signal.
 */
function endedBefore(entries: readonly JournalEntry[], path: string): number {
  const issued = entries.findIndex((entry) => entry.type === 'CommandIssued' && entry.path === path);
  const next = entries.findIndex((entry, index) => index > issued && isFact(entry));
  const waits = new Set(entries.flatMap((entry) => (entry.type === 'TimerSet' && entry.path.startsWith(Nudged.type) ? [entry.n] : [])));
  let waiting = true;
  let ended = 0;
  for (const entry of next === -1 ? entries : entries.slice(0, next)) {
    if (entry.type === 'TimerFired' && waits.has(entry.n)) waiting = false;
    if (entry.type === 'EventReceived' && waiting) ended += 1;
    if (entry.type === 'CommandAnswered' && entry.outcome === 'completed') ended += 1;
  }
  return ended;
}
