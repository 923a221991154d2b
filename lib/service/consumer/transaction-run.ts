import assert from 'node:assert';
import type { CommandFailed } from '../../contract/errors.ts';
import { parse } from '../../contract/schema.ts';
import type { CommandRecord } from '../../ports/idempotency-store.ts';
import { afterDeferral, afterUnanswered } from './after-run.ts';
import { answeredRecord, complete, defer, type RecordBody } from './command-record.ts';
import { failureData, isDeclared } from './declared-failure.ts';
import { createTask, type Job } from './job.ts';
import { decideAgain, replyWith, type NextStep } from './next-step.ts';
import { watchTime } from './run-time.ts';
import type { RunnerDependencies } from './runner-dependencies.ts';
import type { ServedCommand } from '../served.ts';
import type { RecordAccess, TransactionalRecords } from '../store.ts';
import { isDeferred } from '../task.ts';

interface TransactionClaim {
  /** The record that the transaction writes before it runs the handler. */
  readonly claim: RecordBody;
  /** The record that the claim replaces. */
  readonly found: CommandRecord | undefined;
}

/** The result of a committed transaction. */
type Committed =
  | { readonly kind: 'conflict'; readonly current: CommandRecord | undefined }
  | { readonly kind: 'answered'; readonly reply: string }
  | { readonly kind: 'deferred' };

/**
 * Runs the handler of a command of effect class `transaction`. In: the claim, which is not written yet. Out: the reply, or the decision after
 * a conflict or a run without a reply. Trunk: `transact` → `commitRun` → the reply; an error rolls all writes back.
 */
export async function runTransaction(job: Job, { claim, found }: TransactionClaim, deps: RunnerDependencies): Promise<NextStep> {
  const transactional = deps.transactional as TransactionalRecords;
  const expected = found?.revision ?? 'absent';
  job.found = found;
  let committed: Committed;
  try {
    // A transaction cannot be taken from the handler that uses it, so the timeout only aborts the signal.
    watchTime(job.flight, job.delivery.policy.timeoutMs, deps.clock);
    committed = await transactional.transact((tx, records) => commitRun(job, { claim, expected, tx, records }, deps));
  } catch (error) {
    return isDeclared(error, job) ? recordFailure(job, error, deps) : afterUnanswered(job, error, deps);
  }
  switch (committed.kind) {
    case 'conflict':
      return decideAgain(committed.current);
    case 'answered':
      return replyWith(committed.reply);
    case 'deferred':
      return afterDeferral(job, deps);
  }
}

/** The handler's writes are rolled back, so its declared error is recorded in a write of its own. */
async function recordFailure(job: Job, error: CommandFailed, { store, replies }: RunnerDependencies): Promise<NextStep> {
  const { command, found } = job;
  const reply = found?.early ?? (await replies.failed(command, failureData(error, job)));
  const written = await store.write(command.id, answeredRecord(command.datahash, reply), found?.revision ?? 'absent');
  return written.status === 'written' ? replyWith(reply) : decideAgain(written.current);
}

interface OpenTransaction {
  readonly claim: RecordBody;
  /** The revision that the claim replaces. */
  readonly expected: number | 'absent';
  /** The transaction of the store. */
  readonly tx: unknown;
  /** The records inside the transaction. */
  readonly records: RecordAccess;
}

/** Runs inside the transaction: writes the claim, runs the handler, writes its reply or deferral. Throws to roll the transaction back. */
async function commitRun(job: Job, { claim, expected, tx, records }: OpenTransaction, deps: RunnerDependencies): Promise<Committed> {
  const served = job.served as ServedCommand;
  const { command, delivery } = job;
  const taken = await records.write(command.id, claim, expected);
  if (taken.status === 'conflict') return { kind: 'conflict', current: taken.current };
  const mine: CommandRecord = { ...claim, revision: expected === 'absent' ? 1 : expected + 1 };
  const output = await served.run(job.input, createTask(job, deps.service, tx));
  const fenced = isDeferred(output)
    ? defer(mine, delivery.token, deps.clock.now())
    : complete(
        mine,
        delivery.token,
        'DONE',
        await deps.replies.completed(command, served, parse(served.contract.output, output, served.outputWhat)),
      );
  assert(fenced.kind === 'write', "a claim made in this transaction is this transaction's own");
  const written = await records.write(command.id, fenced.write, mine.revision);
  // No other worker sees the claim before the commit. A store where this write conflicts has no transactions.
  assert.equal(written.status, 'written', `the record of ${command.id} changed inside its own transaction`);
  return fenced.reply === undefined ? { kind: 'deferred' } : { kind: 'answered', reply: fenced.reply };
}
