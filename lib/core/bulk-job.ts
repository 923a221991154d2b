import { OPERATE, type OperateInput, type OperateOutput, type StartedBulkJob } from '../contract/bulk.ts';
import { Cancelled } from '../contract/errors.ts';
import { ANYTHING } from '../contract/schedule-instance.ts';
import { tenantOfPid } from '../contract/wire/process-id.ts';
import { issueEngineCommand } from './engine-commands.ts';
import { endProcess } from './ending.ts';
import type { FrontEnd } from './front-end.ts';
import { sending } from './journal.ts';
import type { RecordedFact } from './journal-entry.ts';
import type { ProcessRun } from './run.ts';
import { setNamedTimer } from './timers.ts';

/** Operations that wait for their reply at a time. */
export const BULK_OPEN_MAX = 50;
const TIMER = 'next';
const SECOND_MS = 1_000;

/**
 * The reducer of a bulk job (docs/protocol.md#bulk). Input: a fact of its instance. Output: engine commands to the instances of its list, at
 * most `rate` of them a second. Its state is made again from the journal, so nothing of the list is written twice.
 *
 * B1 Each instance of the list gets one command, whose id makes its operation happen once.
 * B2 The job ends when every command that it has issued is answered. A cancelled job issues no further command.
 * B3 The result of an instance is the entry `CommandAnswered` of its command.
 * B4 Each command names the run that the preview has shown, so no later run of its instance is operated.
 */
export class BulkJobFrontEnd implements FrontEnd {
  readonly #run: ProcessRun;
  #job: StartedBulkJob | undefined;
  #targets: readonly Target[] = [];
  #issued = 0;
  readonly #counts = { done: 0, unchanged: 0, failed: 0 };
  #cancelled: Cancelled | undefined;

  constructor(run: ProcessRun) {
    this.#run = run;
  }

  advance(fact: RecordedFact): Promise<void> {
    if (!this.#run.ended) this.#apply(fact);
    return Promise.resolve();
  }

  #apply(fact: RecordedFact): void {
    switch (fact.type) {
      case 'ProcessStarted':
        this.#job = fact.data as unknown as StartedBulkJob;
        this.#targets = targetsOf(tenantOfPid(this.#run.image.pid), this.#job);
        return this.#issueNext();
      case 'TimerFired':
        return this.#issueNext();
      case 'CommandAnswered':
        return this.#answered(fact);
      case 'CancelRequested':
        this.#cancelled = new Cancelled({ reason: 'requested', message: `Cancelled by ${fact.by}: ${fact.reason}` });
        return this.#endIfDone();
      default:
        return undefined;
    }
  }

  #issueNext(): void {
    if (this.#cancelled) return;
    const { rate } = this.#job as StartedBulkJob;
    const until = Math.min(this.#targets.length, this.#issued + Math.min(rate, BULK_OPEN_MAX - this.#open));
    while (this.#issued < until) this.#issue(this.#targets[this.#issued] as Target);
    this.#wake();
  }

  #issue({ owner, run }: Target): void {
    const { act, reason, by, sender, clock, version } = this.#job as StartedBulkJob;
    this.#issued += 1;
    const value: OperateInput = {
      act,
      reason,
      by,
      ...(sender !== undefined && { sender }),
      ...(clock !== undefined && { clock }),
      ...(version !== undefined && { version }),
      ...(run !== '' && { run }),
    };
    const path = `${act}:${this.#issued}`;
    const input = sending(this.#run, 'CommandIssued', path, { schema: ANYTHING, value, what: 'an operation was sent with' });
    issueEngineCommand(this.#run, { name: OPERATE, owner, path, input, mode: 'send' });
  }

  /** A full window has no timer: the next reply sets it. */
  #wake(): void {
    if (this.#issued < this.#targets.length && this.#open < BULK_OPEN_MAX)
      setNamedTimer(this.#run, TIMER, this.#run.image.clock + SECOND_MS, false);
  }

  #answered({ outcome, data }: Extract<RecordedFact, { type: 'CommandAnswered' }>): void {
    const unchanged = (data as OperateOutput | undefined)?.unchanged;
    this.#counts[outcome !== 'completed' ? 'failed' : unchanged ? 'unchanged' : 'done'] += 1;
    if (!this.#cancelled) this.#wake();
    this.#endIfDone();
  }

  #endIfDone(): void {
    if (this.#open > 0) return;
    if (this.#cancelled) endProcess(this.#run, this.#cancelled, undefined);
    else if (this.#issued === this.#targets.length) endProcess(this.#run, undefined, { ...this.#counts });
  }

  get #open(): number {
    const { done, unchanged, failed } = this.#counts;
    return this.#issued - done - unchanged - failed;
  }
}

/** An instance of the list, and the run that the preview has shown. */
interface Target {
  readonly owner: string;
  readonly run: string;
}

function targetsOf(tenant: string, { targets }: StartedBulkJob): readonly Target[] {
  return targets.flatMap(([process, ids, runs]) => ids.map((id, at) => ({ owner: `${tenant}#${process}#${id}`, run: runs?.[at] ?? '' })));
}
