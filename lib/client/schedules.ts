import { SCHEDULES, SCHEDULE_DEFINED, occurrenceId } from '../contract/schedule-instance.ts';
import { ClientError, ContractError } from '../contract/errors.ts';
import { instantOf } from '../contract/instant.ts';
import { processContract, type AnyProcess, type StartOf } from '../contract/process-contract.ts';
import { SCHEDULED_MAX, scheduleSpec, type ScheduleTimes } from '../contract/schedule.ts';
import type { CatchUp, Overlap } from '../contract/runtime-contract.ts';
import { parse, type Json } from '../contract/schema.ts';
import { buildPid, tenantOf } from '../contract/wire/process-id.ts';
import { identityOf } from '../core/identity.ts';
import { isClosed } from '../core/image.ts';
import type { Result } from '../core/journal-entry.ts';
import { type ScheduleState } from '../core/scheduling.ts';
import { decodeHead, requireReadable, resolveReferences } from '../format/head-codec.ts';
import { type ScheduleMessage, sha256 } from '../format/inbox-message.ts';
import type { Head } from '../ports/process-store.ts';
import { principalOf, type Reach } from './connection.ts';
import { newMessageId } from './message-id.ts';
import { ENGINE_TIMEOUT_MS, notTaken, sendRequest } from './request.ts';
import { waitForHead } from './wait.ts';

/** A schedule of a client. Its input is the same at each start. */
export type CreatedSchedule<P extends AnyProcess> = { readonly process: P } & ScheduleTimes &
  (null extends StartOf<P> ? { readonly input?: StartOf<P> } : { readonly input: StartOf<P> });

/** A schedule, as its instance keeps it. */
export interface ScheduleDescription {
  readonly name: string;
  readonly process: string;
  readonly cron: string;
  readonly zone: string;
  readonly overlap: Overlap;
  readonly catchUp: CatchUp;
  /** `'system'`: the code of the system lists it. */
  readonly origin: 'system' | 'client';
  readonly status: 'active' | 'paused' | 'stuck' | 'ended';
  readonly paused?: { readonly since: Date; readonly by: string; readonly reason: string };
  /** The next start: the id of its instance, and when it comes, with its jitter. */
  readonly next?: { readonly id: string; readonly at: Date };
  /** The last time that was decided. */
  readonly last?: { readonly id: string; readonly at: Date; readonly result: Result };
  /** Ids of the instances that it has started and that have not ended. */
  readonly running: readonly string[];
  /** Ids of the instances that wait for the end of a running one, in order. */
  readonly waiting: readonly string[];
  readonly started: number;
  readonly skipped: number;
  readonly missed: number;
}

/** The schedules of the client's tenant. Each act is journaled with its principal and its reason. */
export interface Schedules {
  /** Creates a schedule, or changes the times of one that a client has created. Throws `ALREADY_USED` if the system lists the name. */
  create<P extends AnyProcess>(name: string, schedule: CreatedSchedule<P>): Promise<void>;
  /** Starts nothing until `resume`. Times that pass meanwhile are skipped. Throws `NOT_FOUND` if there is no such schedule, as all others do. */
  pause(name: string, reason: string): Promise<void>;
  resume(name: string, reason?: string): Promise<void>;
  /** Starts an instance now, beside the times. `overlap` replaces that of the schedule for this start. */
  trigger(name: string, options?: { readonly reason?: string; readonly overlap?: Overlap }): Promise<void>;
  /**
   * Starts the times from `from` to `to`, both included and at most 100: a time whose instance exists already is not started again. The
   * instances run one after the other. @default overlap 'queue-all'
   */
  backfill(
    name: string,
    range: { readonly from: string | Date; readonly to: string | Date; readonly reason?: string; readonly overlap?: Overlap },
  ): Promise<void>;
  describe(name: string): Promise<ScheduleDescription>;
  /** Schedules that have not ended. The index is eventually consistent; `describe` reads consistently. */
  list(): AsyncIterable<ScheduleDescription>;
  /** Ends a schedule that a client has created. Running instances go on; waiting times are not started. */
  delete(name: string, reason: string): Promise<void>;
}

export async function createSchedule(reach: Reach, name: string, created: CreatedSchedule<AnyProcess>, reason = 'created'): Promise<void> {
  const { process, input, ...times } = created as { readonly process: AnyProcess; readonly input?: unknown } & ScheduleTimes;
  const listed = reach.system.processes.get(process.name)?.[0] ?? processContract(process);
  if (listed.kind === 'decider')
    throw new ContractError('CONTRACT_INVALID', `The schedule "${name}" starts the decider ${process.name}: expected a process.`);
  if (reach.system.schedules?.has(name))
    throw new ClientError('ALREADY_USED', `The schedule ${name} is one of the system: expected another name.`);
  const schema = listed.startOn[0]?.event.data ?? listed.input;
  const data: Json = schema === undefined ? null : parse(schema, input ?? null, `the schedule ${name} was created with`);
  await act(reach, name, { act: 'define', reason, spec: { ...scheduleSpec(name, process.name, times), input: data } });
}

/** An act on a schedule that exists. */
export async function actOnSchedule(reach: Reach, name: string, told: Pick<ScheduleMessage, 'act' | 'reason' | 'overlap'>): Promise<void> {
  const state = await stateOf(reach, name);
  if (told.act === 'delete' && state.origin === 'system')
    throw new ClientError('ALREADY_USED', `The schedule ${name} is one of the system: expected one that a client has created.`, {
      remedy: 'Remove it from the schedules of the system and deploy, or pause it.',
    });
  await act(reach, name, told);
}

export async function backfillSchedule(reach: Reach, name: string, range: Parameters<Schedules['backfill']>[1]): Promise<void> {
  const { spec } = await stateOf(reach, name);
  const [from, to] = [instantOf(range.from), instantOf(range.to)];
  const { SystemCalendar } = await import('../adapters/system/calendar.ts');
  const times = await new SystemCalendar().occurrences(spec, { after: from - 1, until: to, most: SCHEDULED_MAX + 1 });
  if (times.length > SCHEDULED_MAX)
    throw new ContractError('DATA_INVALID', `The range has more than ${SCHEDULED_MAX} times of ${name}: expected at most that many.`, {
      remedy: 'Backfill it in several ranges.',
    });
  const { reason = 'backfilled', overlap } = range;
  await act(reach, name, { act: 'backfill', reason, from, to, ...(overlap && { overlap }) });
}

export async function describeSchedule(reach: Reach, name: string): Promise<ScheduleDescription> {
  const [head] = await reach.ports.store.load([pidOf(reach, name)], { consistent: true });
  if (!head || head.status === 'early') throw notFound(name);
  return descriptionOf(reach, head);
}

export async function* listSchedules(reach: Reach): AsyncGenerator<ScheduleDescription, void, undefined> {
  const statuses = ['running', 'stuck'] as const;
  for await (const head of reach.ports.index.list({ tenant: tenantOf(reach), process: SCHEDULES, statuses }))
    yield await descriptionOf(reach, head);
}

async function act(
  reach: Reach,
  name: string,
  told: Omit<ScheduleMessage, 'tutti' | 'opid' | 'tenant' | 'name' | 'by' | 'time'>,
): Promise<void> {
  const { ports } = reach;
  const pid = pidOf(reach, name);
  const now = ports.clock.now();
  const opid = ports.newId?.(now) ?? newMessageId(now);
  const event = told.act === 'define' ? SCHEDULE_DEFINED : `tutti.schedule-${told.act}`;
  const identity = identityOf(sha256, { pid, event, id: opid });
  const by = await principalOf(ports);
  await sendRequest(
    ports,
    { tutti: 'schedule', opid, tenant: tenantOf(reach), name, time: new Date(now).toISOString(), by, ...told },
    SCHEDULES,
  );
  await waitForHead(ports, pid, {
    look: (head) => (head && head.status !== 'early' && decodeHead(head).signals.some(({ id }) => id === identity) ? true : undefined),
    timeoutMs: ENGINE_TIMEOUT_MS,
    timedOut: () => notTaken(`The ${told.act} of the schedule ${name}`),
  });
  await ports.durable();
}

async function stateOf(reach: Reach, name: string): Promise<ScheduleState> {
  const [head] = await reach.ports.store.load([pidOf(reach, name)], { consistent: true });
  if (!head || head.status === 'early' || isClosed(head.status)) throw notFound(name);
  return readState(reach, head);
}

async function readState(reach: Reach, head: Head): Promise<ScheduleState> {
  requireReadable(head);
  const image = decodeHead(head);
  await resolveReferences(image, async (pid, hash) => JSON.parse((await reach.ports.payloads.get(pid, hash)) ?? 'null') as Json);
  return image.view?.data as unknown as ScheduleState;
}

async function descriptionOf(reach: Reach, head: Head): Promise<ScheduleDescription> {
  const { name, spec, origin, paused, next, last, running, waiting, started, skipped, missed } = await readState(reach, head);
  const { process, cron, zone, overlap, catchUp } = spec;
  const idOf = ({ local }: { readonly local: string }): string => occurrenceId(name, local, zone);
  const status = isClosed(head.status) ? 'ended' : head.status === 'stuck' ? 'stuck' : paused ? 'paused' : 'active';
  return {
    name,
    process,
    cron,
    zone,
    overlap,
    catchUp,
    origin,
    status,
    ...(paused && { paused: { ...paused, since: new Date(paused.since) } }),
    ...(next && status === 'active' && { next: { id: idOf(next), at: new Date(next.due) } }),
    ...(last && { last: { id: idOf(last), at: new Date(last.at), result: last.result } }),
    running: running.map(({ id }) => id),
    waiting: waiting.map(idOf),
    started,
    skipped,
    missed,
  };
}

function pidOf(reach: Reach, name: string): string {
  const pid = buildPid(tenantOf(reach), SCHEDULES, name);
  if (pid === undefined) throw notFound(name);
  return pid;
}

function notFound(name: string): ClientError {
  return new ClientError(
    'NOT_FOUND',
    `There is no schedule ${JSON.stringify(name)}: expected one that the system lists or a client has created.`,
  );
}
