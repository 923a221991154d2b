import { eventContract } from '../contract/event.ts';
import { systemContract, type System } from '../contract/system.ts';
import { beatTask, completeTask, failTask } from './answer.ts';
import type { Client } from './client.ts';
import { connectionPorts, type Connection } from './connection.ts';
import { describeInstance } from './describe.ts';
import { listInstances } from './list.ts';
import { operate, resumeInstance } from './operate.ts';
import { publishEvent } from './publish.ts';
import { queryInstance } from './query.ts';
import { refuseSkip, resolveStep } from './resolve.ts';
import { resultOf } from './result.ts';
import { signalInstance } from './signal.ts';
import { startProcess } from './start.ts';
import { within } from './tenant.ts';

export interface ConnectOptions {
  /** Whose instances and events are meant. @default `default`, the tenant of all that names none */
  readonly tenant?: string;
}

/**
 * A client of a system, which acts within one tenant: it starts, names, lists and publishes for no other. A task's token names its instance
 * whole, so whoever has one answers it, whatever the tenant.
 * @example import { connect } from 'tutti/client'; const tutti = connect(trips, local('.tutti'));
 */
export function connect(system: System<string>, connection: Connection, { tenant }: ConnectOptions = {}): Client {
  const reach = within({ system: systemContract(system), ports: connectionPorts(connection) }, tenant);
  return {
    start: (process, input, options) => startProcess(reach, process, input, options),
    publish: async (event, data, options) => void (await publishEvent(reach, eventContract(event), data, options)),
    signal: (process, id, event, data) => signalInstance(reach, process.name, id, eventContract(event), data),
    query: (process, id) => queryInstance(reach, process, id) as Promise<never>,
    describe: (process, id) => describeInstance(reach, process.name, id),
    list: (filter) => listInstances(reach, filter),
    result: (process, id, options) => resultOf(reach, process.name, id, options),
    cancel: (process, id, reason) => operate(reach, process.name, id, { act: 'cancel', reason }),
    terminate: (process, id, reason) => operate(reach, process.name, id, { act: 'terminate', reason }),
    resume: async (process, id, options) => {
      if (options?.skip !== undefined) await refuseSkip(reach, process.name, id, options.skip);
      await resumeInstance(reach, process.name, id, options);
    },
    resolve: (process, id, step, outcome) => resolveStep(reach, process.name, id, step, outcome as never),
    complete: (command, token, output) => completeTask(reach, command, token, output),
    fail: (command, token, failure) => failTask(reach, command, token, failure as never),
    heartbeat: (token) => beatTask(reach, token),
  };
}
