import type { CommandRecord } from '../../ports/idempotency-store.ts';
import type { ClaimVerdict } from './command-record.ts';
import type { Job } from './job.ts';
import type { Rule } from './next-step.ts';
import type { Ended } from './run-end.ts';
import type { Runs } from './run-limits.ts';
import type { RunnerDependencies } from './runner-dependencies.ts';

/** Most decisions on one delivery, one after each write that lost against another worker. */
export const CONFLICTS_MAX = 8;

/** A verdict whose write is complete. A claim of effect class `transaction` is written by the transaction itself. */
export type WrittenVerdict =
  | Exclude<ClaimVerdict, { kind: 'exhausted' | 'repeat' }>
  /** `runs`: the limits are used up, and the reply reports these runs. */
  | (Extract<ClaimVerdict, { kind: 'repeat' }> & { readonly runs?: Runs })
  | { readonly kind: 'lost' }
  /** The command may run if its limits allow it. */
  | { readonly kind: 'limited' }
  /** Each write lost against another worker. */
  | { readonly kind: 'outrun' };

export interface Decision {
  readonly verdict: WrittenVerdict;
  /** The record that the verdict is about. */
  readonly found: CommandRecord | undefined;
  /** The revision of the record after the write; 0 if there is no record. */
  readonly revision: number;
}

/**
 * Decides on a command and writes the decision. In: the record as it was read last, and a rule. Out: the verdict, written.
 * If the write loses against another worker, decides again on the record of that worker.
 */
export async function decideCommand(
  job: Job,
  { found, rule }: { readonly found: CommandRecord | undefined; readonly rule: Rule },
  deps: RunnerDependencies,
): Promise<Decision> {
  let record = found;
  for (let tries = 0; tries < CONFLICTS_MAX; tries++) {
    job.nonce = record?.nonce ?? job.delivery.nonce;
    const verdict = withReply(rule(record, job.delivery), job, deps);
    if (verdict.kind === 'run' && job.served?.limits !== undefined && job.admitted !== (record?.revision ?? 0)) {
      // A place is for the record as it was: another worker may have run the command at the time that is reserved.
      const kind = job.admitted === undefined ? 'limited' : 'outrun';
      return { verdict: { kind }, found: record, revision: 0 };
    }
    const write = writeOf(verdict, job);
    if (write === undefined) return { verdict, found: record, revision: record?.revision ?? 0 };
    const expected = record?.revision ?? 'absent';
    const written = await deps.store.write(job.command.id, write, expected);
    if (written.status === 'written') return { verdict, found: record, revision: expected === 'absent' ? 1 : expected + 1 };
    record = written.current;
  }
  return { verdict: { kind: 'outrun' }, found: record, revision: record?.revision ?? 0 };
}

/** The limits are used up without an effect: the failure is recorded as the reply, so that no later copy runs the command. */
function withReply(ended: Ended, { command }: Job, { replies }: RunnerDependencies): WrittenVerdict {
  if (ended.kind !== 'exhausted') return ended;
  const { runs } = ended;
  const reply = replies.exhausted(command, runs);
  return { kind: 'repeat', reply, runs, write: { state: 'FAILED', hash: command.datahash, reply } };
}

function writeOf(verdict: WrittenVerdict, { delivery }: Job) {
  if (!('write' in verdict) || (verdict.kind === 'run' && delivery.effect === 'transaction')) return undefined;
  return verdict.write;
}
