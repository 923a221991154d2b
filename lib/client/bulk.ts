import {
  BULK,
  BULK_INSTANCES_MAX,
  BULK_RATE_MAX,
  OPERATE,
  type BulkAct,
  type OperateOutput,
  type StartedBulkJob,
} from '../contract/bulk.ts';
import { ClientError, ContractError } from '../contract/errors.ts';
import type { FailureData } from '../contract/wire/envelope.ts';
import { parsePid, tenantOf, type InstanceKey } from '../contract/wire/process-id.ts';
import { isClosed, type PauseClock } from '../core/image.ts';
import type { JournalEntry } from '../core/journal-entry.ts';
import { firstRunOf } from '../format/head-codec.ts';
import type { Head } from '../ports/process-store.ts';
import { principalOf, type Reach } from './connection.ts';
import { pausedOf, type Paused, type Status } from './describe.ts';
import { namesOf, pidOf, requireHead } from './instance.ts';
import { instanceSummary, matchingHeads } from './list.ts';
import { newMessageId } from './message-id.ts';
import { readHeadJournal } from './operations/journal-view.ts';
import { performOperation } from './perform-operation.ts';
import { ENGINE_TIMEOUT_MS, notTaken, sendRequest } from './request.ts';
import { waitForHead } from './wait.ts';

/** An operation on the instances that a filter finds. */
export interface BulkRequest {
  readonly act: BulkAct;
  /** Terms such as `process:book-trip tag.region=eu` (docs/operations.md#filters). */
  readonly where: string;
  /** With `pause`. @default 'stop' */
  readonly clock?: PauseClock;
  /** With `resume`: the version of the process on which stuck instances go on. */
  readonly version?: number;
}

/** One of the instances that a job would operate. */
export interface BulkSample {
  readonly process: string;
  readonly id: string;
  readonly status: Status;
  readonly why: string;
  /** The effect of the operation on it. */
  readonly would: string;
}

/** The instances that a filter has found, by their ids and runs: a job operates exactly these, and no run that begins later. */
export interface BulkPreview extends BulkRequest {
  /** Instances that the operation would change. */
  readonly count: number;
  /** Instances that match and that the operation would not change, such as ended ones: they are no part of the job. */
  readonly unchanged: number;
  /** More than 2,000 would be changed: these are the newest 2,000. */
  readonly more?: true;
  /** The newest 20. */
  readonly samples: readonly BulkSample[];
  readonly targets: StartedBulkJob['targets'];
}

/** A job and its progress. */
export interface BulkDescription {
  readonly id: string;
  readonly act: BulkAct;
  readonly where: string;
  readonly reason: string;
  /** The principal that started it. */
  readonly by: string;
  readonly started: Date;
  /** Its own status: `running` until each instance has its result. */
  readonly status: Status;
  readonly paused?: Paused;
  /** Instances of the job. */
  readonly of: number;
  readonly done: number;
  readonly unchanged: number;
  readonly failed: number;
  /** Operations that are sent and have no result yet. */
  readonly open: number;
}

/** The result for one instance. `left`: its operation is not sent yet, or never, if the job was cancelled. */
export interface BulkResult {
  readonly process: string;
  readonly id: string;
  readonly result: 'done' | 'unchanged' | 'failed' | 'open' | 'left';
  /** Its status after the operation. */
  readonly status?: string;
  /** Why it failed: `NOT_FOUND`, `CLOSED` (also if another run has begun since the preview) or `STUCK`, and a sentence. */
  readonly failure?: { readonly code: string; readonly message: string };
}

/** Operations on many instances of the client's tenant. */
export interface Bulk {
  /** Finds the instances, and says what the operation would do. Nothing is done. Throws `DATA_INVALID` for a filter that cannot be read. */
  preview(request: BulkRequest): Promise<BulkPreview>;
  /**
   * Begins a job on the instances of a preview. The job is an instance of the system, so it goes on without this client; each operation is
   * journaled at its instance with the principal and the reason. Throws `NOT_FOUND` if the preview is of no instance.
   */
  start(preview: BulkPreview, options: { readonly reason: string; readonly perSecond?: number }): Promise<{ id: string }>;
  describe(id: string): Promise<BulkDescription>;
  /** The result of each instance, in the order of the job. */
  results(id: string): AsyncIterable<BulkResult>;
  /** The jobs, the newest first. The index is eventually consistent; `describe` reads consistently. */
  list(): AsyncIterable<BulkDescription>;
  /** Sends no further operation until `resume`. */
  pause(id: string, reason: string): Promise<void>;
  resume(id: string, reason?: string): Promise<void>;
  /** Ends the job. Its results stay, and the operations that it has sent take effect. */
  cancel(id: string, reason: string): Promise<void>;
}

const SAMPLES_MAX = 20;
const PER_SECOND = 10;

export async function previewBulk(reach: Reach, request: BulkRequest): Promise<BulkPreview> {
  const found = new Map<string, readonly [process: string, ids: string[], runs: string[]]>();
  const samples: BulkSample[] = [];
  let [count, unchanged, more] = [0, 0, false];
  for await (const head of matchingHeads(reach, { where: request.where })) {
    const { process, id } = namesOf(head.pid);
    if (process.startsWith('tutti--')) continue;
    const { would, changes } = effectOn(head, request.act);
    if (!changes) {
      unchanged += 1;
      continue;
    }
    if (count === BULK_INSTANCES_MAX) {
      more = true;
      break;
    }
    count += 1;
    const [, ids, runs] = found.get(process) ?? [process, [], []];
    found.set(process, [process, ids, runs]);
    ids.push(id);
    runs.push(firstRunOf(head));
    if (samples.length < SAMPLES_MAX)
      samples.push({ process, id, status: head.status as Status, why: instanceSummary(reach, head).why, would });
  }
  return { ...request, count, unchanged, ...(more && { more }), samples, targets: [...found.values()] };
}

/** The effect of an operation on an instance, by the rules of lib/core/classify.ts. */
function effectOn({ status, run, paused }: Head, act: BulkAct): { readonly would: string; readonly changes: boolean } {
  if (isClosed(status)) return nothing(`it has ended as ${status}`);
  switch (act) {
    case 'cancel':
      return status === 'stuck' && run === '' ? nothing('its start is stuck') : does('undo what was done, then end it');
    case 'terminate':
      return does('end it at once, and undo nothing');
    case 'pause':
      if (status === 'stuck') return nothing('it is stuck');
      return paused === undefined ? does('pause it') : nothing('it is paused');
    case 'resume':
      return status === 'stuck' || paused !== undefined ? does('resume it') : nothing('it is neither stuck nor paused');
  }
}

function does(would: string): { readonly would: string; readonly changes: true } {
  return { would, changes: true };
}

function nothing(because: string): { readonly would: string; readonly changes: false } {
  return { would: `nothing: ${because}`, changes: false };
}

export async function startBulk(
  reach: Reach,
  { act, where, clock, version, targets }: BulkPreview,
  { reason, perSecond = PER_SECOND }: Parameters<Bulk['start']>[1],
): Promise<{ id: string }> {
  if (targets.length === 0)
    throw new ClientError(
      'NOT_FOUND',
      `The filter ${JSON.stringify(where)} finds no instance that ${act} would change: expected at least one.`,
    );
  if (!(Number.isSafeInteger(perSecond) && perSecond >= 1 && perSecond <= BULK_RATE_MAX))
    throw new ContractError(
      'DATA_INVALID',
      `The bulk job got ${perSecond} operations a second: expected a whole number from 1 to ${BULK_RATE_MAX}.`,
    );
  const { ports } = reach;
  const now = ports.clock.now();
  const id = ports.newId?.(now) ?? newMessageId(now);
  const pid = jobPid(reach, id);
  const job = { act, where, targets, rate: perSecond, ...(clock && { clock }), ...(version !== undefined && { version }) };
  const sent = { opid: id, tenant: tenantOf(reach), id, job, reason, by: await principalOf(ports), time: new Date(now).toISOString() };
  await sendRequest(ports, { tutti: 'bulk', ...sent }, BULK);
  await waitForHead(ports, pid, {
    look: (head) => (head && head.status !== 'early' ? true : undefined),
    timeoutMs: ENGINE_TIMEOUT_MS,
    timedOut: () => notTaken(`The bulk job ${id}`),
  });
  await ports.durable();
  return { id };
}

export async function describeBulk(reach: Reach, id: string): Promise<BulkDescription> {
  return descriptionOf(reach, await jobHead(reach, id));
}

export async function* listBulk(reach: Reach): AsyncGenerator<BulkDescription, void, undefined> {
  for await (const head of reach.ports.index.list({ tenant: tenantOf(reach), process: BULK })) yield await descriptionOf(reach, head);
}

export async function actOnBulk(
  reach: Reach,
  id: string,
  operation: { readonly act: 'pause' | 'resume' | 'cancel'; readonly reason: string },
): Promise<void> {
  await jobHead(reach, id);
  await performOperation(reach, { process: BULK, id }, operation);
}

async function descriptionOf(reach: Reach, head: Head): Promise<BulkDescription> {
  const { job, results } = await readJob(reach, head);
  const { act, where, reason, by } = job;
  const paused = pausedOf(head, {});
  const count = (result: BulkResult['result']): number => results.filter((each) => each.result === result).length;
  return {
    id: namesOf(head.pid).id,
    act,
    where,
    reason,
    by,
    started: new Date(head.startedAt),
    status: head.status as Status,
    ...(paused && { paused }),
    of: results.length,
    done: count('done'),
    unchanged: count('unchanged'),
    failed: count('failed'),
    open: count('open'),
  };
}

export async function* bulkResults(reach: Reach, id: string): AsyncGenerator<BulkResult, void, undefined> {
  yield* (await readJob(reach, await jobHead(reach, id))).results;
}

/** The journal of a job is its list of results: one command for each instance, and one reply. */
async function readJob(reach: Reach, head: Head): Promise<{ readonly job: StartedBulkJob; readonly results: readonly BulkResult[] }> {
  const entries = await readHeadJournal(reach.ports, head);
  const [first] = entries;
  if (first?.type !== 'ProcessStarted') throw noJob(namesOf(head.pid).id);
  const job = first.data as unknown as StartedBulkJob;
  const found = new Map<string, BulkResult>();
  for (const [process, ids] of job.targets) for (const id of ids) found.set(`${process}#${id}`, { process, id, result: 'left' });
  const owners = new Map<number, string>();
  for (const entry of entries) {
    if (entry.type === 'CommandIssued' && entry.command === OPERATE) {
      const { process, id } = parsePid(entry.owner ?? '') as InstanceKey;
      owners.set(entry.n, `${process}#${id}`);
      found.set(`${process}#${id}`, { process, id, result: 'open' });
    }
    const of = entry.type === 'CommandAnswered' ? owners.get(entry.n) : undefined;
    if (of !== undefined && entry.type === 'CommandAnswered') found.set(of, { ...(found.get(of) as BulkResult), ...resultOf(entry) });
  }
  return { job, results: [...found.values()] };
}

function resultOf({
  outcome,
  data,
}: Extract<JournalEntry, { type: 'CommandAnswered' }>): Pick<BulkResult, 'result' | 'status' | 'failure'> {
  if (outcome !== 'completed') {
    const { type = outcome, message = '' } = (data ?? {}) as Partial<FailureData>;
    return { result: 'failed', failure: { code: type, message } };
  }
  const { status, unchanged } = data as unknown as OperateOutput;
  return { result: unchanged ? 'unchanged' : 'done', status };
}

function jobPid(reach: Reach, id: string): string {
  return pidOf(reach, { process: BULK, id });
}

async function jobHead(reach: Reach, id: string): Promise<Head> {
  try {
    return await requireHead(reach.ports, jobPid(reach, id));
  } catch (error) {
    throw (error as { readonly code?: unknown }).code === 'NOT_FOUND' ? noJob(id) : error;
  }
}

function noJob(id: string): ClientError {
  return new ClientError('NOT_FOUND', `There is no bulk job ${JSON.stringify(id)}: expected the id of one that was started.`, {
    remedy: 'List the jobs with tutti bulk list.',
  });
}
