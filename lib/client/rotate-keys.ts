import { KEY_DELAY_MS } from '../format/reply-tokens.ts';
import type { RotateResponse } from './operations/operations.ts';
import { principalOf, type Reach } from './connection.ts';
import { newMessageId } from './message-id.ts';
import { sendRequest } from './request.ts';

/** Requests a new reply key. Resolves when the request is durable. */
export async function rotateKeys({ ports }: Reach): Promise<RotateResponse> {
  const now = ports.clock.now();
  const opid = ports.newId?.(now) ?? newMessageId(now);
  await sendRequest(ports, { tutti: 'rotate-keys', opid, by: await principalOf(ports) }, 'rotate-keys');
  await ports.durable();
  return { signsFrom: new Date(now + KEY_DELAY_MS).toISOString() };
}
