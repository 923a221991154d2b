import { CARRIED_CHARACTERS_MAX, escapedLength } from '../../contract/wire/wire.ts';
import type { HeadItem } from './head-item.ts';
import { packText } from './packed-lines.ts';

/** Whether no message would carry the value: then it lies in the large store, where those who hold a reference find it. */
export function isLarge(json: string): boolean {
  return escapedLength(json) > CARRIED_CHARACTERS_MAX;
}

export function payloadKey(pid: string, hash: string): HeadItem {
  return { pk: { S: pid }, sk: { S: `P#${hash}` } };
}

/** A value as an item: deflated, since it is charged by the KB; of a large one only where it lies. */
export function encodePayload(pid: string, hash: string, json: string, reference: () => string): HeadItem {
  return { ...payloadKey(pid, hash), ...(isLarge(json) ? { ref: { S: reference() } } : { b: { B: packText(json) } }) };
}
