import { event, process, system } from 'tutti';
import { z } from 'zod';
import { identityOf } from '../../../../lib/core/identity.ts';
import { sha256 } from '../../../../lib/format/inbox-message.ts';
import { BULK, type BulkAct, type BulkJob } from '../../../../lib/contract/bulk.ts';
import type { Choices } from '../../world/choices.ts';
import type { Act, EndedRun, Expectation, Scenario } from '../scenario.ts';
import { judgeWatch, servedPost } from '../paused/paused-scenario.ts';
import { post, watch } from '../paused/paused-system.ts';

const MINUTE_MS = 60_000;
const SPAN_MS = 20 * MINUTE_MS;

const Jammed = event('jam.began', z.object({ id: z.string() }));
/** Its code is wrong, so each resume is refused. */
const jam = process('jam', { startOn: Jammed.byId(({ id }) => id) }, async (ctx) => {
  await ctx.sleep('1 minute');
  throw new TypeError('the code is wrong');
});
const Turned = event('turn.began', z.object({ id: z.string() }));
/** It begins again after its end. */
const turn = process('turn', { startOn: Turned.byId(({ id }) => id), onClosed: 'restart' }, (ctx) => ctx.sleep('10 minutes'));
const bulk = system('watches', { processes: [watch, jam, turn], services: [post] });

/**
 * Watches that bulk jobs pause, resume and cancel, beside events, timers, and operators that cancel a job at times. A turn ends and begins
 * again, so a job may come to another run than it names; and operators pause and resume it beside the job, so the job may change nothing.
 */
export const bulkScenario = (choices: Choices): Scenario => {
  const acts: Act[] = [];
  const expectations = new Map<string, Expectation>();
  const ids = Array.from({ length: choices.between(2, 6) }, (_, i) => `w${i + 1}`);
  for (const id of ids) {
    const atMs = choices.below(MINUTE_MS);
    const notes = choices.below(3);
    acts.push({ kind: 'publish', atMs, source: 'watch', type: 'watch.began', id: `${id}-began`, data: { id, notes } });
    const events = Array.from({ length: notes }, (_, note) => `${id}-note-${note}`);
    for (const each of events)
      acts.push({ kind: 'publish', atMs: atMs + choices.below(SPAN_MS), source: 'watch', type: 'watch.noted', id: each, data: { id } });
    const pid = `default#watch#${id}`;
    if (choices.chance(0.3)) acts.push({ kind: 'operate', atMs: atMs + choices.below(SPAN_MS), pid, opid: `${id}-ends`, act: 'terminate' });
    expectations.set(pid, { starts: [`${id}-began`], events, operated: [], sound: true, judge: (run) => judgeWatch(run, notes) });
  }
  const job = (name: string, act: BulkAct, { atMs, targets }: { readonly atMs: number; readonly targets?: BulkJob['targets'] }): void => {
    const watched = ids.filter(() => choices.chance(0.8));
    const all = targets ?? [['watch', watched] as const];
    const of = all.flatMap(([, each]) => each);
    if (of.length === 0) return;
    acts.push({ kind: 'bulk', atMs, id: name, act, targets: all, rate: choices.between(1, 3) });
    const pid = `default#${BULK}#${name}`;
    const isCancelled = choices.chance(0.2);
    if (isCancelled) acts.push({ kind: 'operate', atMs: atMs + choices.below(10_000), pid, opid: `${name}-cancel`, act: 'cancel' });
    expectations.set(pid, {
      starts: [name],
      events: [],
      operated: isCancelled ? ['cancel'] : [],
      sound: true,
      judge: (run) => judgeJob(run, of.length, isCancelled),
    });
  };
  const pausedAt = MINUTE_MS + choices.below(SPAN_MS);
  job('pausing', 'pause', { atMs: pausedAt });
  job('resuming', 'resume', { atMs: pausedAt + choices.below(SPAN_MS) });
  if (choices.chance(0.5)) job('ending', choices.one(['cancel', 'terminate'] as const), { atMs: choices.below(2 * SPAN_MS) });
  if (choices.chance(0.3)) {
    const pid = 'default#jam#j1';
    acts.push({ kind: 'publish', atMs: 0, source: 'jam', type: 'jam.began', id: 'j1-began', data: { id: 'j1' } });
    expectations.set(pid, { starts: ['j1-began'], events: [], operated: ['resume'], judge: () => [] });
    job('repairing', 'resume', { atMs: 2 * MINUTE_MS + choices.below(SPAN_MS), targets: [['jam', ['j1']]] });
  }
  if (choices.chance(0.5)) {
    const pid = 'default#turn#t1';
    const run = identityOf(sha256, { pid, event: 'turn.began', id: 't1-first' });
    const began = (id: string, atMs: number): void => {
      acts.push({ kind: 'publish', atMs, source: 'turn', type: 'turn.began', id, data: { id: 't1' } });
    };
    began('t1-first', 0);
    const atMs = MINUTE_MS + choices.below(5 * MINUTE_MS);
    const near = (): number => atMs + choices.below(10_000);
    const operate = (act: 'pause' | 'resume' | 'terminate', at: number): void => {
      acts.push({ kind: 'operate', atMs: at, pid, opid: `t1-${act}-${acts.length}`, act });
    };
    const restarts = choices.chance(0.5);
    if (restarts) {
      operate('terminate', near());
      began('t1-second', near() + 5_000);
    } else {
      operate('pause', near());
      operate('resume', near());
    }
    const act = choices.one(restarts ? (['cancel', 'terminate'] as const) : (['pause', 'resume'] as const));
    job('turning', act, { atMs: near(), targets: [['turn', ['t1'], [run]]] });
    operate('resume', 2 * SPAN_MS);
    const starts = restarts ? ['t1-first', 't1-second'] : ['t1-first'];
    expectations.set(pid, { starts, events: [], operated: ['pause', 'resume', 'terminate', 'cancel'], sound: true, judge: () => [] });
  }
  return { name: 'bulk', builds: [bulk], serve: servedPost, acts, expectations };
};

/** Every command has one result, and a job that was not cancelled has operated all. */
const judgeJob = ({ pid, status, entries, result }: EndedRun, of: number, isCancelled: boolean): string[] => {
  const issued = entries.filter(({ type }) => type === 'CommandIssued').length;
  const answered = entries.filter(({ type }) => type === 'CommandAnswered').length;
  const cancelledAt = entries.findIndex(({ type }) => type === 'CancelRequested');
  if (cancelledAt >= 0 && entries.slice(cancelledAt).some(({ type }) => type === 'CommandIssued'))
    return [`${pid} has issued an operation after it was cancelled`];
  const faults = issued === answered ? [] : [`${pid} has issued ${issued} operations, and has ${answered} results`];
  if (status === 'completed') {
    const { done, unchanged, failed } = result as { readonly done: number; readonly unchanged: number; readonly failed: number };
    if (done + unchanged + failed !== of) faults.push(`${pid} counts ${done}, ${unchanged} and ${failed} of ${of} instances`);
  } else if (!isCancelled) faults.push(`${pid} is ${status}, and was not cancelled`);
  return faults;
};
