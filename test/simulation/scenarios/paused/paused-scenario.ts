import { serve, type Served } from 'tutti/service';
import type { Choices } from '../../world/choices.ts';
import type { Act, EndedRun, Expectation, Scenario, Site } from '../scenario.ts';
import { post, SLEEP_MINUTES, watches } from './paused-system.ts';

const MINUTE_MS = 60_000;
const NOTES_MAX = 4;
const PAUSES_MAX = 3;
/** A pause, its resume, and the messages of both may fall into each part of a watch. */
const SPAN_MS = (SLEEP_MINUTES + 10) * MINUTE_MS;

/** Watches that operators pause and resume, at times twice, beside events, replies, timers and a cancel. */
export const pausedScenario = (choices: Choices): Scenario => {
  const acts: Act[] = [];
  const expectations = new Map<string, Expectation>();
  for (let count = choices.between(1, 4), i = 1; i <= count; i += 1) {
    const id = `w${i}`;
    const pid = `default#watch#${id}`;
    const atMs = choices.below(5 * MINUTE_MS);
    const notes = choices.below(NOTES_MAX + 1);
    acts.push({ kind: 'publish', atMs, source: 'watch', type: 'watch.began', id: `${id}-began`, data: { id, notes } });
    const events = Array.from({ length: notes }, (_, note) => `${id}-note-${note}`);
    for (const each of events)
      acts.push({ kind: 'publish', atMs: atMs + choices.below(SPAN_MS), source: 'watch', type: 'watch.noted', id: each, data: { id } });
    const operated: ('cancel' | 'terminate' | 'pause' | 'resume')[] = [];
    const operate = (act: (typeof operated)[number], delayMs: number): void => {
      acts.push({ kind: 'operate', atMs: atMs + delayMs, pid, opid: `${id}-${act}-${operated.length}`, act });
      operated.push(act);
    };
    for (let pauses = choices.between(1, PAUSES_MAX); pauses > 0; pauses -= 1) {
      const pausedAt = choices.chance(0.5) ? choices.below(5_000) : choices.below(SPAN_MS);
      operate('pause', pausedAt);
      operate('resume', pausedAt + (choices.chance(0.3) ? choices.below(2_000) : choices.below(SPAN_MS)));
    }
    if (choices.chance(0.2)) operate(choices.one(['cancel', 'terminate'] as const), choices.below(SPAN_MS));
    expectations.set(pid, { starts: [`${id}-began`], events, operated, sound: true, judge: (run) => judgeWatch(run, notes) });
  }
  return { name: 'paused', builds: [watches], serve: servedPost, acts, expectations };
};

/** A watch that has completed has read all its notes. */
export const judgeWatch = ({ pid, status, result, entries }: EndedRun, notes: number): string[] => {
  if (status !== 'completed') return [];
  const read = entries.filter(({ type }) => type === 'EventTaken').length;
  return read === notes && (result as { readonly notes: number }).notes === notes ? [] : [`${pid} read ${read} of ${notes} notes`];
};

/** The handlers of the post of a watch. */
export const servedPost = (site: Site): readonly Served[] => {
  const doing = (verb: 'take' | 'leave' | 'report') => async (shift: { readonly id: string; readonly notes: number }, task: Task) => {
    await site.pass();
    const { commandId, undoes } = task;
    site.effect({ commandId, command: `post.${verb}`, input: shift, ...(undoes !== undefined && { undoes }) });
    await site.pass();
  };
  return [serve(post, { take: doing('take'), leave: doing('leave'), report: doing('report') })];
};

interface Task {
  readonly commandId: string;
  readonly undoes?: string;
}
