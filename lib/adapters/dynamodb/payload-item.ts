import { CARRIED_CHARACTERS_MAX, escapedLength } from '../../contract/wire/wire.ts';
import type { HeadItem } from './head-item.ts';
import { packText } from './packed-lines.ts';

/** Whether the value is too large for a message, so that it lies in the large store and messages carry a reference. */
export function isLarge(json: string): boolean {
  return escapedLength(json) > CARRIED_CHARACTERS_MAX;
}

export function payloadKey(pid: string, hash: string): HeadItem {
  return { pk: { S: pid }, sk: { S: `P#${hash}` } };
}

/** A value as an item, deflated because DynamoDB charges by the KB. The item of a large value has only its reference. */
export function encodePayload(pid: string, hash: string, json: string, reference: () => string): HeadItem {
  return { ...payloadKey(pid, hash), ...(isLarge(json) ? { ref: { S: reference() } } : { b: { B: packText(json) } }) };
}
