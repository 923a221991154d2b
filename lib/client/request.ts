import { ClientError, ContractError } from '../contract/errors.ts';
import { inboxFault } from '../format/inbox-form.ts';
import {
  forcedBody,
  inboxBody,
  OPERATIONS,
  STARTS,
  type BulkMessage,
  type DiscardMessage,
  type HoldMessage,
  type OperationMessage,
  type RedriveMessage,
  type RotateKeysMessage,
  type ScheduleMessage,
  type StartMessage,
} from '../format/inbox-message.ts';
import type { ClientPorts } from './connection.ts';

/** Sends a client's message to the engine's queue. The engine processes a queued message even if the client stops. */
export async function sendRequest(
  ports: ClientPorts,
  message:
    | StartMessage
    | OperationMessage
    | HoldMessage
    | BulkMessage
    | ScheduleMessage
    | RedriveMessage
    | DiscardMessage
    | RotateKeysMessage,
  groupId: string,
): Promise<void> {
  const fault = inboxFault(message);
  // The engine would park an invalid message, and its sender would wait until its timeout.
  if (fault !== undefined) throw new ContractError('DATA_INVALID', `A message was not sent to the engine: ${fault}.`);
  const queue = message.tutti === 'start' ? STARTS : OPERATIONS;
  const [result] = await ports.sender.send(queue, [{ body: inboxBody(message), groupId }]);
  if (result?.status === 'sent') return;
  const reason = result?.reason ?? 'it returned no result';
  if (result?.senderFault === true)
    throw new ContractError(
      'DATA_TOO_LARGE',
      `A message was refused by the queue ${queue}: ${reason}. Expected at most 200 KB beside its data.`,
    );
  throw new ClientError('UNREACHABLE', `The queue ${queue} did not accept a message: ${reason}. Expected a reachable queue.`);
}

/** The longest sender id: 128 characters of an IAM id, 64 of a session name, and separators. */
const SENDER = '-'.repeat(200);

/** The length of a message in the wrapper in which a dead-letter queue or a redrive sends it again. */
export function lengthSentAgain(message: StartMessage, sentAt: number): number {
  return forcedBody({ body: inboxBody(message), sentAt, channel: STARTS, senderId: SENDER }).length;
}

/** The time in which the engine must commit a request. After it, the caller gets an error. */
export const ENGINE_TIMEOUT_MS = 30_000;

export function notTaken(what: string): ClientError {
  return new ClientError(
    'UNREACHABLE',
    `${what} was sent, but the engine did not process it within ${ENGINE_TIMEOUT_MS / 1000} seconds: expected a running engine.`,
    { remedy: 'Start the engine: it will process the request. Do not repeat the request with another id.' },
  );
}
