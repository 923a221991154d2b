import { eventContract } from '../contract/event.ts';
import type { AnyProcess } from '../contract/process-contract.ts';
import { systemContract, type System } from '../contract/system.ts';
import { beatTask, completeTask, failTask } from './deferred-task.ts';
import type { Bulk } from './bulk.ts';
import type { Client } from './client.ts';
import { connectionPorts, type Connection, type Reach } from './connection.ts';
import { describeInstance } from './describe.ts';
import type { Holds } from './holds.ts';
import type { InstanceName } from './instance.ts';
import { listInstances } from './list.ts';
import { moveInstance, performOperation, resumeInstance } from './perform-operation.ts';
import { publishEvent } from './publish.ts';
import { queryInstance } from './query.ts';
import { refuseSkip, resolveStep } from './resolve.ts';
import { resultOf } from './result.ts';
import type { actOnSchedule, Schedules } from './schedules.ts';
import { signalInstance } from './signal.ts';
import { startProcess } from './start.ts';
import { within } from './tenant.ts';

export interface ConnectOptions {
  /** The tenant of the client's instances and events. @default `default` */
  readonly tenant?: string;
}

/**
 * Makes a client of a system.
 *
 * Input: a system and a connection, from `local()`, `aws()` or the test kit. Output: a `Client`, with one file per verb.
 * Trunk: `start.ts`, `publish.ts`, `signal.ts` and `perform-operation.ts` send through `request.ts` or the bus and wait in `wait.ts`;
 * `query.ts`, `describe.ts`, `list.ts` and `result.ts` read heads. `operations/` serves the command line, `aws/` deployed systems.
 *
 * The client acts within one tenant, except for `complete`, `fail` and `heartbeat`: a task token names its
 * instance with its tenant.
 * @example import { connect } from 'tutti/client'; const tutti = connect(trips, local('.tutti'));
 */
export function connect(system: System<string>, connection: Connection, { tenant }: ConnectOptions = {}): Client {
  const reach = within({ system: systemContract(system), ports: connectionPorts(connection) }, tenant);
  return {
    start: (process, input, options) => startProcess(reach, process, input, options),
    publish: async (event, data, options) => void (await publishEvent(reach, eventContract(event), data, options)),
    signal: (process, id, event, data) => signalInstance(reach, named(process, id), eventContract(event), data),
    ask: async (process, id, ...[event, data, options]) => {
      const { askInstance } = await import('./ask.ts');
      return (await askInstance(reach, named(process, id), { event: eventContract(event), data }, options)) as never;
    },
    query: (process, id) => queryInstance(reach, process, id) as Promise<never>,
    describe: (process, id) => describeInstance(reach, named(process, id)),
    list: (filter) => listInstances(reach, filter),
    count: async (filter) => (await import('./count.ts')).countInstances(reach, filter),
    result: (process, id, options) => resultOf(reach, named(process, id), options),
    cancel: (process, id, reason) => performOperation(reach, named(process, id), { act: 'cancel', reason }),
    terminate: (process, id, reason) => performOperation(reach, named(process, id), { act: 'terminate', reason }),
    pause: (process, id, reason, options) => performOperation(reach, named(process, id), { act: 'pause', reason, ...options }),
    resume: async (process, id, options) => {
      if (options?.skip !== undefined) await refuseSkip(reach, named(process, id), options.skip);
      await resumeInstance(reach, named(process, id), options);
    },
    move: (process, id, options) => moveInstance(reach, named(process, id), options),
    flow: async ({ name }, options) => (await import('./flow.ts')).flowOf(reach, name, options),
    resolve: (process, id, step, outcome) => resolveStep(reach, named(process, id), step, outcome as never),
    fork: async (process, id, options) => (await import('./fork.ts')).forkInstance(reach, named(process, id), options),
    previewFork: async (process, id, options) => (await import('./fork.ts')).previewFork(reach, named(process, id), options),
    erase: (process, id, reason, options) => performOperation(reach, named(process, id), { act: 'erase', reason, ...options }),
    complete: (command, token, output) => completeTask(reach, command, token, output),
    fail: (command, token, failure) => failTask(reach, command, token, failure as never),
    heartbeat: (token) => beatTask(reach, token),
    schedules: schedulesOf(reach),
    bulk: bulkOf(reach),
    holds: holdsOf(reach),
  };
}

/** The code of schedules is loaded at their first use. */
function schedulesOf(reach: Reach): Schedules {
  const loaded = () => import('./schedules.ts');
  const act = async (name: string, told: Parameters<typeof actOnSchedule>[2]): Promise<void> =>
    (await loaded()).actOnSchedule(reach, name, told);
  return {
    create: async (name, schedule) => (await loaded()).createSchedule(reach, name, schedule as never),
    pause: (name, reason) => act(name, { act: 'pause', reason }),
    resume: (name, reason = 'resumed') => act(name, { act: 'resume', reason }),
    trigger: (name, { reason = 'triggered', overlap } = {}) => act(name, { act: 'trigger', reason, ...(overlap && { overlap }) }),
    backfill: async (name, range) => (await loaded()).backfillSchedule(reach, name, range),
    describe: async (name) => (await loaded()).describeSchedule(reach, name),
    list: async function* () {
      yield* (await loaded()).listSchedules(reach);
    },
    delete: (name, reason) => act(name, { act: 'delete', reason }),
  };
}

/** The code of bulk jobs is loaded at their first use. */
function bulkOf(reach: Reach): Bulk {
  const loaded = () => import('./bulk.ts');
  return {
    preview: async (request) => (await loaded()).previewBulk(reach, request),
    start: async (preview, options) => (await loaded()).startBulk(reach, preview, options),
    describe: async (id) => (await loaded()).describeBulk(reach, id),
    results: async function* (id) {
      yield* (await loaded()).bulkResults(reach, id);
    },
    list: async function* () {
      yield* (await loaded()).listBulk(reach);
    },
    pause: async (id, reason) => (await loaded()).actOnBulk(reach, id, { act: 'pause', reason }),
    resume: async (id, reason) => (await loaded()).actOnBulk(reach, id, { act: 'resume', reason: reason ?? 'resumed' }),
    cancel: async (id, reason) => (await loaded()).actOnBulk(reach, id, { act: 'cancel', reason }),
  };
}

/** The code of pauses of processes and services is loaded at their first use. */
function holdsOf(reach: Reach): Holds {
  const loaded = () => import('./holds.ts');
  return {
    preview: async (scope) => {
      const { namedScope, previewHold } = await loaded();
      return previewHold(reach, namedScope(scope));
    },
    pause: async (scope, reason, options) => {
      const { namedScope, pauseScope } = await loaded();
      await pauseScope(reach, namedScope(scope), reason, options);
    },
    resume: async (scope, reason) => {
      const { namedScope, resumeScope } = await loaded();
      await resumeScope(reach, namedScope(scope), reason);
    },
    list: async () => (await loaded()).listHolds(reach),
  };
}

function named({ name }: Pick<AnyProcess, 'name'>, id: string): InstanceName {
  return { process: name, id };
}
