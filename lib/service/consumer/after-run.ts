import { thrownText } from '../../contract/wire/thrown-text.ts';
import type { CommandRecord } from '../../ports/idempotency-store.ts';
import { complete, defer, type Fenced } from './command-record.ts';
import { CONFLICTS_MAX } from './decide-command.ts';
import type { Job } from './job.ts';
import { decideAgain, endAsLost, endWith, noticeOn, replyWith, type NextStep } from './next-step.ts';
import { endCancel, endRun, endTransaction } from './run-end.ts';
import { lastErrorFrom, runEndOf } from './run-error.ts';
import { OVERDUE } from './run-time.ts';
import type { RunnerDependencies } from './runner-dependencies.ts';
import type { ServedCommand } from '../served.ts';
import { isRetryAfter } from '../task.ts';

/**
 * Records the reply of a handler that ran under this worker's lease. In: the reply. Out: the reply to publish: this one, or the early
 * reply of the record (R6).
 */
export async function recordAnswer(
  job: Job,
  { state, reply }: { readonly state: 'DONE' | 'FAILED'; readonly reply: string },
  deps: RunnerDependencies,
): Promise<NextStep> {
  const { flight, command, delivery } = job;
  const written = await deps.store.write(command.id, { state, hash: command.datahash, reply }, flight.revision);
  if (written.status === 'written') {
    const type = state === 'DONE' ? (job.served as ServedCommand).completedType : `${command.type}.failed`;
    return { ...replyWith(reply), type };
  }
  const fenced = await writeFenced(job, written.current, (record) => complete(record, delivery.token, state, reply), deps);
  return fenced.kind === 'lost' ? endAsLost(job, deps.report) : replyWith(fenced.reply ?? reply);
}

/** Records that the handler has deferred its command. Out: the reply `deferred`, or the early reply of the record. */
export async function recordDeferral(job: Job, deps: RunnerDependencies): Promise<NextStep> {
  const { command, delivery } = job;
  const current = await deps.store.read(command.id);
  const fenced = await writeFenced(job, current, (record) => defer(record, delivery.token, deps.clock.now()), deps);
  if (fenced.kind === 'lost') return endAsLost(job, deps.report);
  return fenced.reply === undefined ? afterDeferral(job, deps) : replyWith(fenced.reply);
}

/** A settling delivery needs a definite outcome, so after a deferral it decides again, on the record DEFERRED. */
export async function afterDeferral({ command, delivery }: Job, { store, replies }: RunnerDependencies): Promise<NextStep> {
  if (delivery.settling) return decideAgain(await store.read(command.id));
  return replyWith(replies.bare(command, 'deferred'));
}

/** Decides after a run without a reply: pause and run again, or end the command. `thrown`: its error, or `OVERDUE`. */
export async function afterUnanswered(job: Job, thrown: unknown, { store, clock, report }: RunnerDependencies): Promise<NextStep> {
  const { flight, command, delivery } = job;
  if (flight.lost) return endWith('leave');
  const end = runEndOf(thrown, flight);
  // A handler that ends because its signal aborted did not fail.
  const heeded = flight.stopping || (flight.settled && (end.how === 'not-done' || flight.abort.caused(thrown)));
  if (isRetryAfter(thrown) && thrown.key)
    await flight.place?.rest(clock.now() + thrown.delayMs).catch((cause: unknown) => {
      // The command itself waits by its record.
      report(noticeOn(job, 'fault', `The key of ${command.type} does not rest: ${thrownText(cause)}`, cause));
    });
  // A handler that ignores the end of its time may still run: its place lapses, and is not freed.
  if (thrown === OVERDUE) flight.place = undefined;
  if (thrown === OVERDUE) report(noticeOn(job, 'handler-failed', end.error.message));
  else if (!heeded) report(noticeOn(job, 'handler-failed', thrownText(thrown), thrown));
  job.delivery = { ...delivery, now: clock.now() };
  if (delivery.effect === 'transaction') return decideAgain(job.found, (record, at) => endTransaction(record, at, end));
  const { claim, revision } = flight;
  const known = claim === undefined || revision === 0 ? await store.read(command.id) : { ...claim, revision };
  return decideAgain(known, (record, at) => endRun(record, at, end));
}

/** Decides after a `cancel` that threw: it runs again after a pause. */
export async function afterFailedCancel(job: Job, thrown: unknown, { store, clock, report }: RunnerDependencies): Promise<NextStep> {
  report(noticeOn(job, 'handler-failed', thrownText(thrown), thrown));
  job.delivery = { ...job.delivery, now: clock.now() };
  return decideAgain(await store.read(job.command.id), (record, at) => endCancel(record, at, lastErrorFrom(thrown)));
}

type FencedRule = (record: CommandRecord | undefined) => Fenced;

/** Writes under this worker's fencing token, again after each concurrent write. */
async function writeFenced(job: Job, current: CommandRecord | undefined, rule: FencedRule, deps: RunnerDependencies): Promise<Fenced> {
  let record = current;
  for (let tries = 0; tries < CONFLICTS_MAX; tries++) {
    const fenced = rule(record);
    if (fenced.kind === 'lost') return fenced;
    const written = await deps.store.write(job.command.id, fenced.write, (record as CommandRecord).revision);
    if (written.status === 'written') return fenced;
    record = written.current;
  }
  return { kind: 'lost' };
}
