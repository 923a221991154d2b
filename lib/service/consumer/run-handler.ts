import { isOrchestratorError } from '../../contract/errors.ts';
import { parse, type Json } from '../../contract/schema.ts';
import { afterUnanswered, recordAnswer, recordDeferral } from './after-run.ts';
import type { RecordBody } from './command-record.ts';
import { failureData, isDeclared } from './declared-failure.ts';
import { createTask, type Job } from './job.ts';
import type { NextStep } from './next-step.ts';
import { OVERDUE, watchTime } from './run-time.ts';
import type { RunnerDependencies } from './runner-dependencies.ts';
import type { ServedCommand } from '../served.ts';
import { isDeferred } from '../task.ts';

interface Claim {
  /** The record as this worker wrote it. */
  readonly claim: RecordBody;
  /** Its revision; 0 if the record has an early reply. */
  readonly revision: number;
}

type CallEnd = { readonly output: unknown } | { readonly thrown: unknown };

interface Answer {
  readonly state: 'DONE' | 'FAILED';
  /** The output, or the data of a declared error. */
  readonly data: Json;
}

/**
 * Runs the handler of a claimed command outside of a transaction. In: this worker's claim. Out: the recorded reply, or the decision after
 * a run without a reply. Trunk: `callHandler` → `readEnd` → build the reply → `recordAnswer` (lib/service/consumer/after-run.ts).
 */
export async function runHandler(job: Job, { claim, revision }: Claim, deps: RunnerDependencies): Promise<NextStep> {
  const { flight, delivery } = job;
  flight.token = delivery.token;
  flight.claim = claim;
  flight.revision = revision;
  if (delivery.effect === 'once') await deps.store.durable();
  const end = await callHandler(job, deps);
  // From here on a heartbeat could only conflict with the write of the reply.
  flight.token = '';
  const answer = readEnd(job, end);
  if (answer === 'deferred') return recordDeferral(job, deps);
  if ('thrown' in answer) return afterUnanswered(job, answer.thrown, deps);
  let reply: string;
  try {
    const built = buildAnswer(job, answer, deps);
    reply = typeof built === 'string' ? built : await built;
  } catch (error) {
    // If the payload store fails, the message is redelivered.
    if (!isOrchestratorError(error) || error.code !== 'DATA_TOO_LARGE') throw error;
    return afterUnanswered(job, error, deps);
  }
  return recordAnswer(job, { state: answer.state, reply }, deps);
}

/** Resolves when the handler has ended, or at the end of its time. */
function callHandler(job: Job, deps: RunnerDependencies): Promise<CallEnd> {
  const served = job.served as ServedCommand;
  return new Promise((resolve) => {
    const failed = (thrown: unknown): void => resolve({ thrown });
    watchTime(job.flight, job.delivery.policy.timeoutMs, deps.clock, () => failed(OVERDUE));
    try {
      const output: unknown = served.run(job.input, createTask(job, deps.service), job.prepared);
      Promise.resolve(output).then((value) => resolve({ output: value }), failed);
    } catch (thrown) {
      failed(thrown);
    }
  });
}

/** Returns `thrown` for a run without a reply: it exceeded its timeout, threw an undeclared error, or its data breaks the contract. */
function readEnd(job: Job, end: CallEnd): Answer | 'deferred' | { readonly thrown: unknown } {
  const { contract, outputWhat } = job.served as ServedCommand;
  try {
    if ('thrown' in end) return isDeclared(end.thrown, job) ? { state: 'FAILED', data: failureData(end.thrown, job) } : end;
    return isDeferred(end.output) ? 'deferred' : { state: 'DONE', data: parse(contract.output, end.output, outputWhat) };
  } catch (thrown) {
    return { thrown };
  }
}

function buildAnswer({ command, served }: Job, { state, data }: Answer, { replies }: RunnerDependencies): string | Promise<string> {
  return state === 'DONE' ? replies.completed(command, served as ServedCommand, data) : replies.failed(command, data);
}
