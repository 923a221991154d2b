import type { CommandEnvelope, EventEnvelope, ReplyEnvelope } from './envelope.ts';
import type { Json } from './json.ts';

const BEYOND_ASCII = /[\u007f-\uffff]/;
const EACH_BEYOND_ASCII = /[\u007f-\uffff]/g;

/**
 * An envelope as the bus and the queues carry it: JSON with everything above 0x7E escaped, because SQS refuses or
 * replaces some characters and counts the others in bytes.
 */
export function toWire(envelope: EventEnvelope | CommandEnvelope | ReplyEnvelope): string {
  return asciiOf(JSON.stringify(envelope));
}

/** Data of more characters than this on the wire is not carried by a message but referred to, by its SHA-256. */
export const CARRIED_CHARACTERS_MAX = 100 * 1024;

/** How many characters data takes on the wire. */
export function wireLength(data: Json): number {
  return escapedLength(JSON.stringify(data));
}

/** How many characters JSON takes on the wire, where one that is escaped takes six. */
export function escapedLength(json: string): number {
  let length = json.length;
  for (let i = 0; i < json.length; i += 1) if (json.charCodeAt(i) >= 0x7f) length += 5;
  return length;
}

function asciiOf(text: string): string {
  return BEYOND_ASCII.test(text) ? text.replace(EACH_BEYOND_ASCII, escaped) : text;
}

function escaped(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
