import { describe, expect, test } from 'vitest';
import { BULK, bulkDefinition, type StartedBulkJob } from '../../lib/contract/bulk.ts';
import type { Json } from '../../lib/contract/schema.ts';
import { canonical } from '../../lib/contract/wire/json.ts';
import { BULK_OPEN_MAX } from '../../lib/core/bulk-job.ts';
import { newImage, type OpenCommand } from '../../lib/core/image.ts';
import type { JournalEntry, RecordedFact } from '../../lib/core/journal-entry.ts';
import { LiveInstance } from '../../lib/engine/advance/live-instance.ts';
import { sha256 } from '../../lib/format/inbox-message.ts';
import { parseEntry } from '../../lib/format/read-journal.ts';
import { frontEndOf } from '../../lib/process/front-end.ts';

const PID = `acme#${BULK}#job-1`;
const NOW = Date.parse('2026-01-01T00:00:00.000Z');
const environment = { system: 'trips', commands: new Map(), hash: sha256, canonical, tickThresholdMs: 0, checks: true };
const code = { definition: bulkDefinition, environment, frontEndOf };

/** A job in the kernel of production, without an engine. */
class Job {
  readonly live = new LiveInstance(code, newImage(PID, 'run', `${BULK}@1`, NOW));
  #at = NOW;

  static async of(count: number, over: Partial<StartedBulkJob> = {}): Promise<Job> {
    const ids = Array.from({ length: count }, (_, i) => `t-${i + 1}`);
    const data = {
      act: 'cancel',
      where: 'trip',
      targets: [['trip', ids]],
      rate: 2,
      reason: 'a storm',
      by: 'Ann',
      ...over,
    } as unknown as Json;
    const job = new Job();
    const started = {
      type: 'ProcessStarted',
      at: NOW,
      definition: `${BULK}@1`,
      event: `${BULK}.start`,
      id: 's',
      source: 'trips',
      time: '',
      data,
    } as const;
    await job.live.apply(started);
    return job;
  }

  get open(): readonly OpenCommand[] {
    return [...this.live.run.image.commands.values()];
  }

  get timers(): readonly number[] {
    return [...this.live.run.image.timers.values()].map(({ due }) => due - NOW);
  }

  get journal(): readonly JournalEntry[] {
    return this.live.run.image.tail.map(parseEntry);
  }

  get end(): unknown {
    const last = this.journal.at(-1);
    return last && 'path' in last && last.type.startsWith('Process') ? last : undefined;
  }

  async tells(fact: RecordedFact): Promise<void> {
    await this.live.apply(fact);
    if (this.live.run.bug) throw new Error(this.live.run.bug.message);
  }

  answers(n: number, outcome: 'completed' | 'failed' = 'completed', data: Json = { status: 'running' }): Promise<void> {
    return this.tells({ type: 'CommandAnswered', at: this.#at, n, outcome, data });
  }

  async fires(): Promise<void> {
    const [timer] = this.live.run.image.timers.values();
    this.#at = timer!.due;
    await this.tells({ type: 'TimerFired', at: this.#at, n: timer!.n });
  }

  cancels(): Promise<void> {
    return this.tells({ type: 'CancelRequested', at: this.#at, id: 'o', reason: 'enough', by: 'Bob' });
  }
}

describe('a bulk job', () => {
  test('issues as many commands a second as its rate, each to its own instance, with the operation', async () => {
    const job = await Job.of(5, { sender: 'AROA', clock: 'run', version: 2 });
    expect(job.open.map(({ owner, path }) => [owner, path])).toEqual([
      ['acme#trip#t-1', 'cancel:1'],
      ['acme#trip#t-2', 'cancel:2'],
    ]);
    expect(job.open[0]).toMatchObject({
      command: 'tutti.operate',
      mode: 'send',
      input: { act: 'cancel', reason: 'a storm', by: 'Ann', sender: 'AROA', clock: 'run', version: 2 },
    });
    expect(job.timers).toEqual([1_000]);
    await job.fires();
    expect(job.open).toHaveLength(4);
    await job.fires();
    expect(job.open).toHaveLength(5);
    expect(job.timers).toEqual([]);
  });

  test('names in each command the run of the preview, where the preview has shown one', async () => {
    const job = await Job.of(0, { targets: [['trip', ['a', 'b'], ['run-a', '']]] });
    expect(job.open.map(({ input }) => (input as { readonly run?: string }).run)).toEqual(['run-a', undefined]);
  });

  test('ends with the last reply, and counts its results', async () => {
    const job = await Job.of(3, { rate: 10 });
    await job.answers(1);
    await job.answers(2, 'failed', { type: 'CLOSED', message: 'it has ended', data: null });
    expect(job.end).toBeUndefined();
    await job.answers(3, 'completed', { status: 'running', unchanged: true });
    expect(job.end).toEqual({ type: 'ProcessCompleted', path: '', data: { done: 1, unchanged: 1, failed: 1 } });
  });

  test('has at most 50 open commands, and goes on a second after a reply', async () => {
    const job = await Job.of(60, { rate: 100 });
    expect(job.open).toHaveLength(BULK_OPEN_MAX);
    expect(job.timers).toEqual([]);
    await job.answers(1);
    await job.answers(2);
    expect(job.timers).toEqual([1_000]);
    await job.fires();
    expect(job.open).toHaveLength(BULK_OPEN_MAX);
    expect(job.timers).toEqual([]);
  });

  test('that is cancelled issues nothing more, and ends with the last reply to what it has sent', async () => {
    const job = await Job.of(5);
    await job.cancels();
    expect(job.end).toBeUndefined();
    await job.fires();
    await job.answers(1);
    expect(job.open).toHaveLength(1);
    expect(job.end).toBeUndefined();
    await job.answers(2);
    expect(job.end).toMatchObject({ type: 'ProcessCancelled', reason: 'requested', message: 'Cancelled by Bob: enough' });
    expect(job.journal.filter(({ type }) => type === 'CommandIssued')).toHaveLength(2);
  });

  test('that is cancelled without an open command ends at once, and decides nothing after its end', async () => {
    const job = await Job.of(3, { rate: 1 });
    await job.answers(1);
    await job.cancels();
    expect(job.end).toMatchObject({ type: 'ProcessCancelled' });
    const { length } = job.journal;
    await job.tells({ type: 'StartRejected', at: NOW, id: 'x', source: 'trips', parent: 'p' });
    expect(job.journal).toHaveLength(length + 1);
  });

  test('decides the same in a replay of its journal', async () => {
    const job = await Job.of(5);
    await job.answers(1);
    await job.fires();
    await job.tells({ type: 'AttemptTimedOut', at: NOW + 61_000, n: 2 });
    await job.answers(2, 'failed', { type: 'STUCK', message: 'it is stuck', data: null });
    const { image } = job.live.run;
    const replayed = await LiveInstance.replayed(code, image, job.journal);
    expect(replayed.run.bug).toBeUndefined();
    await replayed.apply({ type: 'TimerFired', at: NOW + 62_000, n: [...image.timers.keys()][0]! });
    expect([...replayed.run.image.commands.values()].map(({ owner }) => owner)).toEqual([
      'acme#trip#t-3',
      'acme#trip#t-4',
      'acme#trip#t-5',
    ]);
  });
});
