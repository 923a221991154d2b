import { SystemClock } from '../adapters/system/clock.ts';
import { connectionOf, type AnswerRequest, type ClientPorts, type Connection } from '../client/connection.ts';
import { ContractError } from '../contract/errors.ts';
import { jsonFault } from '../contract/wire/json.ts';
import { remoteClientPorts } from './client-ports.ts';
import { FolderChannel } from './channel/folder-channel.ts';

/**
 * A connection to the system that another process runs on a folder, with `startLocal` or `tutti dev`. It connects at the first call.
 * A client without pending calls does not keep its process alive.
 *
 * If no system runs on the folder, every call of the client throws ClientError `UNREACHABLE`.
 * @example import { connect } from 'tutti/client'; import { local } from 'tutti/local'; const tutti = connect(trips, local('.tutti'));
 */
export function local(directory: string): Connection {
  const channel = new FolderChannel(directory);
  const remote = remoteClientPorts(channel);
  const ports: ClientPorts = {
    ...remote,
    clock: new SystemClock(),
    principal: 'local',
    changed: (pid, signal) => channel.changed(pid, signal),
    answer: async (request, system) => {
      checkJson(request);
      await remote.answer(request, system);
    },
  };
  return connectionOf(ports);
}

/** The service's process checks the answer by its contract, but the channel carries only JSON unchanged. */
function checkJson({ answer }: AnswerRequest): void {
  if (answer.kind === 'heartbeat') return;
  const value = answer.kind === 'complete' ? answer.output : answer.failure.data;
  const fault = value === undefined ? undefined : jsonFault(value);
  if (fault !== undefined) throw new ContractError('DATA_INVALID', `The answer to ${answer.command} is not JSON: ${fault}.`);
}
