import assert from 'node:assert';
import { parse } from '../../contract/schema.ts';
import type { Clock } from '../../ports/clock.ts';
import type { CommandRecord } from '../../ports/idempotency-store.ts';
import { complete, defer, type RecordBody } from './command-record.ts';
import type { Job } from './job.ts';
import type { Replies } from './replies.ts';
import type { ServedCommand } from '../served.ts';
import type { RecordAccess } from '../store.ts';
import { isDeferred, type CommandTask } from '../task.ts';

/** The result of a committed transaction. */
export type Committed =
  | { readonly kind: 'conflict'; readonly current: CommandRecord | undefined }
  | { readonly kind: 'answered'; readonly reply: string }
  | { readonly kind: 'deferred' };

interface TransactionRun {
  readonly job: Job;
  readonly claim: RecordBody;
  /** The revision that the claim replaces. */
  readonly expected: number | 'absent';
  readonly task: CommandTask;
  /** The records inside the transaction. */
  readonly records: RecordAccess;
}

/**
 * Runs a command of effect class `transaction` inside a transaction of its store.
 * In: the claim to write and the revision that it replaces. Out: the reply or the deferral, written with the claim, or the conflicting
 * record. An error that this function throws must roll the transaction back.
 */
export async function runInTransaction(
  { job, claim, expected, task, records }: TransactionRun,
  deps: { readonly replies: Replies; readonly clock: Clock },
): Promise<Committed> {
  const served = job.served as ServedCommand;
  const { command, delivery } = job;
  const taken = await records.write(command.id, claim, expected);
  if (taken.status === 'conflict') return { kind: 'conflict', current: taken.current };
  const mine: CommandRecord = { ...claim, revision: expected === 'absent' ? 1 : expected + 1 };
  const output = await served.run(job.input, task);
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
