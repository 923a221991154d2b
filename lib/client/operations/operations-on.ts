import { requireBegun } from '../waiting-start.ts';
import { ClientError } from '../../contract/errors.ts';
import type { AnyProcess } from '../../contract/process-contract.ts';
import type { Json } from '../../contract/schema.ts';
import type { Head } from '../../ports/process-store.ts';
import { chainOf, decodeHead, formatFault } from '../../format/head-codec.ts';
import type {
  Operations,
  Instance,
  JournalResponse,
  ListedInstance,
  ListedPause,
  ListRequest,
  OfTenant,
  WhyResponse,
} from './operations.ts';
import type { Reach } from '../connection.ts';
import { pausedOf, waitingFor, type Status } from '../describe.ts';
import { namesOf, pidOf, readHead, requireHead, readValue, type InstanceName } from '../instance.ts';
import { readRunJournal } from './journal-view.ts';
import { instanceSummary, matchingHeads, type ListFilter } from '../list.ts';
import { groupByCause, hasCause, type CauseGroup } from './causes.ts';
import { moveInstance, performOperation, resumeInstance } from '../perform-operation.ts';
import { parkedCount, totalParked, type ParkedCount } from '../parked-count.ts';
import { discardParked, listParked, redriveParked } from '../parked.ts';
import { publishEvent } from '../publish.ts';
import { refuseSkip, resolveStep } from '../resolve.ts';
import { endOrStuck, resultOf } from '../result.ts';
import { rotateKeys } from '../rotate-keys.ts';
import { signalInstance } from '../signal.ts';
import { startProcess } from '../start.ts';
import { within } from '../tenant.ts';
import { versionsInUse } from '../versions.ts';
import { standingOf } from './standing.ts';
import { whyOfHead } from './why-of-head.ts';

/**
 * Implements the operations of the command line on a system in this process, on AWS, or on the stored state of a stopped one.
 *
 * Input: a `Reach`. Output: `Operations`, whose requests and responses are JSON.
 * Trunk: each operation calls the client function of its name; `why-of-head.ts` calls `why.ts`, which explains a head.
 */
export function operationsOn(system: Reach): Operations {
  const of = ({ tenant }: OfTenant): Reach => within(system, tenant);
  return {
    start: async ({ process, input, id, onOpen, ...whose }) =>
      startProcess(of(whose), processNamed(system, process), input, {
        ...(id === undefined ? {} : { id }),
        ...(onOpen === undefined ? {} : { onOpen }),
      }),
    result: async ({ timeout, orStuck = false, ...instance }) => {
      const limit = timeout === undefined ? {} : { timeout };
      const reach = of(instance);
      if (orStuck && (await endOrStuck(reach, instance, limit)) === 'stuck') return { result: null, stuck: true };
      return { result: await resultOf(reach, instance, limit) };
    },
    signal: async ({ process, id, eventId, event, data, ...whose }) => {
      const to = { process: processNamed(system, process).name, id, eventId };
      const sent = await signalInstance(of(whose), to, eventNamed(system, event), data);
      return { id: sent.id, ...(sent.keptUntil && { keptUntil: sent.keptUntil.toISOString() }) };
    },
    ask: async ({ event, data, timeout, ...instance }) => {
      const { askInstance } = await import('../ask.ts');
      const question = { event: eventNamed(system, event), data };
      return { answer: await askInstance(of(instance), instance, question, timeout === undefined ? {} : { timeout }) };
    },
    publish: async ({ event, data, id, ...whose }) => ({
      id: await publishEvent(of(whose), eventNamed(system, event), data, id === undefined ? {} : { id }),
    }),
    list: async (request) => ({ instances: await listed(of(request), request) }),
    causes: async (request) => causesOf(of(request), request),
    counts: async (request) => ({ counts: await (await import('../count.ts')).countInstances(of(request), filterOf(request)) }),
    journal: async (request) => journalOf(of(request), request),
    trace: async ({ number, ...instance }) => {
      const reach = of(instance);
      return (await import('./trace-of.ts')).traceOf(reach, await namedHead(reach, instance), number);
    },
    audit: async ({ process, id, where, tenant, ...filter }) => {
      const { auditOf } = await import('./audit.ts');
      const reach = within(system, tenant);
      const one = process !== undefined && id !== undefined ? { process, id } : undefined;
      const listed = { ...(process === undefined ? {} : { process: { name: process } }), ...(where === undefined ? {} : { where }) };
      return auditOf(reach, one ? [await namedHead(reach, one)] : matchingHeads(reach, listed), filter);
    },
    why: async (instance) => whyOf(of(instance), instance),
    versions: async (request) => ({ versions: await versionsInUse(system, request) }),
    flow: async ({ process, id, tenant, ...options }) => {
      const { flowOf, flowOfInstance } = await import('../flow.ts');
      const reach = within(system, tenant);
      return id === undefined ? flowOf(reach, process, options) : flowOfInstance(reach, { process, id }, options);
    },
    cancel: async ({ reason, ...instance }) => operated(of(instance), instance, { act: 'cancel', reason }),
    terminate: async ({ reason, ...instance }) => {
      const reach = of(instance);
      const ended = await operated(reach, instance, { act: 'terminate', reason });
      return { ...ended, standing: await standingOf(reach, await requireHead(reach.ports, pidOf(reach, instance))) };
    },
    erase: async ({ reason, abandon, ...instance }) => {
      const reach = of(instance);
      await namedHead(reach, instance);
      await performOperation(reach, instance, { act: 'erase', reason, ...(abandon && { abandon }) });
      return statusOf(reach, instance);
    },
    pause: async ({ reason, clock, ...instance }) => {
      const reach = of(instance);
      await namedHead(reach, instance);
      await performOperation(reach, instance, { act: 'pause', reason, ...(clock === undefined ? {} : { clock }) });
      const head = await requireHead(reach.ports, pidOf(reach, instance));
      return { status: head.status as Status, ...listedPause(head, await waitingFor(reach, head)) };
    },
    resolve: async ({ process, id, step, tenant, ...outcome }) => {
      const reach = within(system, tenant);
      const instance = { process, id };
      await namedHead(reach, instance);
      await resolveStep(reach, instance, step, outcome);
      return statusOf(reach, instance);
    },
    resume: async ({ version, skip: path, reason, ...instance }) => {
      const reach = of(instance);
      // `why` prints the path of the undo, and the engine skips by the path of the step that it undoes.
      const skip = path?.replace(/\/undo$/, '');
      await namedHead(reach, instance);
      if (skip !== undefined) await refuseSkip(reach, instance, skip);
      await resumeInstance(reach, instance, {
        ...(version === undefined ? {} : { version }),
        ...(skip === undefined ? {} : { skip }),
        ...(reason === undefined ? {} : { reason }),
      });
      return statusOf(reach, instance);
    },
    move: async ({ version, reason, ...instance }) => {
      const reach = of(instance);
      await namedHead(reach, instance);
      await moveInstance(reach, instance, { version, ...(reason === undefined ? {} : { reason }) });
      return statusOf(reach, instance);
    },
    fork: async ({ process, id, tenant, ...fork }) => {
      const reach = within(system, tenant);
      await namedHead(reach, { process, id });
      return (await import('../fork.ts')).forkInstance(reach, { process, id }, fork);
    },
    previewFork: async ({ process, id, tenant, ...fork }) => {
      const reach = within(system, tenant);
      await namedHead(reach, { process, id });
      return (await import('../fork.ts')).previewFork(reach, { process, id }, fork);
    },
    parked: async (request) => listParked(of(request), request),
    redrive: (request) => redriveParked(system, request),
    discard: (request) => discardParked(system, request),
    rotateKeys: () => rotateKeys(system),
    bulk: async (request) => (await import('./bulk-operations.ts')).bulkOperation(of(request), request),
    holds: async (request) => (await import('./hold-operations.ts')).holdOperation(of(request), request),
    schedules: async (request) =>
      (await import('./schedule-operations.ts')).scheduleOperation(of(request), request, (name) => processNamed(system, name)),
  };
}

async function operated(
  reach: Reach,
  instance: InstanceName,
  operation: { readonly act: 'cancel' | 'terminate'; readonly reason: string },
): Promise<{ status: Status }> {
  await namedHead(reach, instance);
  await performOperation(reach, instance, operation);
  return statusOf(reach, instance);
}

function processNamed(reach: Reach, name: string): AnyProcess {
  const definition = reach.system.processes.get(name)?.[0];
  if (definition !== undefined) return { name, '~': definition as never };
  throw noProcess(reach, name);
}

function noProcess({ system }: Reach, name: string): ClientError {
  return new ClientError(
    'NOT_FOUND',
    `There is no process ${name} in ${system.name}: expected one of ${[...system.processes.keys()].join(', ')}.`,
  );
}

/** Whether the system does not list a process. A stored system lists none, so none counts as unknown. */
function isUnknown({ system }: Reach, process: string): boolean {
  return system.processes.size > 0 && !system.processes.has(process);
}

/** Reads the head of an instance. If the process is unknown too, the error lists the known processes. */
async function namedHead(reach: Reach, instance: InstanceName): Promise<Head> {
  try {
    return await requireBegun(reach, instance);
  } catch (error) {
    throw isUnknown(reach, instance.process) ? noProcess(reach, instance.process) : error;
  }
}

function eventNamed({ system }: Reach, type: string): NonNullable<ReturnType<Reach['system']['events']['get']>> {
  const event = system.events.get(type);
  if (event !== undefined) return event;
  throw new ClientError(
    'NOT_FOUND',
    `There is no event ${type} in ${system.name}: expected one of ${[...system.events.keys()].join(', ')}.`,
    {
      remedy: 'Name an event that the process receives.',
    },
  );
}

async function listed(reach: Reach, request: ListRequest): Promise<ListedInstance[]> {
  const { cause, limit } = request;
  const instances: ListedInstance[] = [];
  for await (const head of matchingHeads(reach, filterOf(request))) {
    if (instances.length >= limit) break;
    if (cause !== undefined && !hasCause(reach, head, cause)) continue;
    const parked = await waitingFor(reach, head);
    const { paused: _paused, ...summary } = instanceSummary(reach, head, parked);
    instances.push({ ...summary, started: summary.started.toISOString(), ...listedPause(head, parked) });
  }
  if (instances.length === 0) refuseUnknown(reach, request);
  return instances;
}

async function causesOf(reach: Reach, request: Omit<ListRequest, 'limit'>): Promise<{ causes: readonly CauseGroup[] }> {
  const groups = await groupByCause(reach, matchingHeads(reach, filterOf(request)));
  const { cause } = request;
  const causes = cause === undefined ? groups : groups.filter((group) => group.cause === cause || group.code === cause);
  if (causes.length === 0) refuseUnknown(reach, request);
  return { causes };
}

/** An unknown process is an error only if it has no instances, because instances outlive the definition of their process. */
function refuseUnknown(reach: Reach, { process }: Pick<ListRequest, 'process'>): void {
  if (process !== undefined && isUnknown(reach, process)) throw noProcess(reach, process);
}

function filterOf({ process, status, tag, unresolved, paused, since, where }: Omit<ListRequest, 'limit'>): ListFilter {
  return {
    ...(process === undefined ? {} : { process: { name: process } }),
    ...(status === undefined ? {} : { status: [...status] }),
    ...(tag === undefined ? {} : { tag }),
    ...(unresolved === undefined ? {} : { unresolved }),
    ...(paused === undefined ? {} : { paused }),
    ...(since === undefined ? {} : { startedAfter: new Date(since) }),
    ...(where === undefined ? {} : { where }),
  };
}

async function journalOf(
  reach: Reach,
  { payloads, from, number, ...instance }: Instance & { payloads: boolean; from: number; number?: number },
): Promise<JournalResponse> {
  const head = await namedHead(reach, instance);
  const { run, entries } = await readRunJournal(reach.ports, head, number, { payloads });
  const runs = chainOf(head)?.number;
  const why = whyOfHead(reach, head).line;
  const view = formatFault(head) === undefined ? decodeHead(head).view : undefined;
  return {
    run,
    ...(runs !== undefined && { runs }),
    status: head.status as Status,
    why,
    entries: entries.slice(from) as unknown as Json[],
    ...listedPause(head, await waitingFor(reach, head)),
    ...(head.tags === undefined || Object.keys(head.tags).length === 0 ? {} : { tags: head.tags }),
    ...(view === undefined ? {} : { view: await readValue(reach.ports.payloads, head.pid, view) }),
  };
}

async function whyOf(reach: Reach, instance: InstanceName): Promise<WhyResponse> {
  const head = await namedHead(reach, instance);
  const { line, lines, pending, stuck } = whyOfHead(reach, head);
  const parkedReasons = await parkedCount(reach.ports, head.pid);
  const parked = totalParked(parkedReasons);
  return {
    ...namesOf(head.pid),
    status: head.status as Status,
    why: line,
    lines,
    pending,
    ...(stuck === undefined ? {} : { stuck }),
    ...listedPause(head, parkedReasons),
    ...(parked === 0 ? {} : { parked, parkedReasons }),
  };
}

function listedPause(head: Head, parked: ParkedCount): { readonly paused?: ListedPause } {
  const paused = pausedOf(head, parked);
  return paused === undefined ? {} : { paused: { ...paused, since: paused.since.toISOString() } };
}

async function statusOf(reach: Reach, instance: InstanceName): Promise<{ status: Status }> {
  const head = await readHead(reach.ports, pidOf(reach, instance));
  // The resume of an instance that got stuck at its start starts it again: until then only its early events exist.
  return { status: head === undefined ? 'running' : (head.status as Status) };
}
