import { ClientError, ContractError } from '../contract/errors.ts';
import { inboxFault } from '../format/inbox-form.ts';
import {
  forcedBody,
  inboxBody,
  OPERATIONS,
  STARTS,
  type OperationMessage,
  type RedriveMessage,
  type RotateKeysMessage,
  type StartMessage,
} from '../format/inbox-message.ts';
import type { ClientPorts } from './connection.ts';

/** Sends a client's message to the engine; from then on it is the engine's, whatever becomes of the client. */
export async function sendRequest(
  ports: ClientPorts,
  message: StartMessage | OperationMessage | RedriveMessage | RotateKeysMessage,
  groupId: string,
): Promise<void> {
  const fault = inboxFault(message);
  // The engine would only park it, and its sender would wait for nothing.
  if (fault !== undefined) throw new ContractError('DATA_INVALID', `A message was not sent to the engine: ${fault}.`);
  const queue = message.tutti === 'start' ? STARTS : OPERATIONS;
  const [result] = await ports.sender.send(queue, [{ body: inboxBody(message), groupId }]);
  if (result?.status === 'sent') return;
  const reason = result?.reason ?? 'there was no result';
  if (result?.senderFault === true)
    throw new ContractError(
      'DATA_TOO_LARGE',
      `A message was refused by the queue ${queue}: ${reason}. Expected at most 200 KB beside its data.`,
    );
  throw new ClientError('UNREACHABLE', `The queue ${queue} did not take a message: ${reason}. Expected a queue that can be reached.`);
}

/** So many characters has an id of IAM with the name of its session at the most: 128 and 64, and some between. */
const SENDER = '-'.repeat(200);

/** The length of a message where it is sent again in a wrapper, from a dead-letter queue or when it was parked. */
export function lengthSentAgain(message: StartMessage, sentAt: number): number {
  return forcedBody({ body: inboxBody(message), sentAt, channel: STARTS, senderId: SENDER }).length;
}

/** How long the engine may take to commit what was sent to it before the caller is told. */
export const ENGINE_TIMEOUT_MS = 30_000;

export function notTaken(what: string): ClientError {
  return new ClientError(
    'UNREACHABLE',
    `${what} was sent, but the engine did not take it within ${ENGINE_TIMEOUT_MS / 1000} seconds: expected a running engine.`,
    { remedy: 'Start the engine: it will take what was sent. Do not send it again under another id.' },
  );
}
