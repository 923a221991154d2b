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

/** No value is larger, as UTF-8: an engine holds it in memory with the journal around it, and writes it again for its instance. */
export const VALUE_BYTES_MAX = 20 * 1024 * 1024;

/** Bytes of a text as UTF-8. */
export function utf8Length(text: string): number {
  let bytes = text.length;
  for (let i = 0; i < text.length; i += 1) {
    const unit = text.charCodeAt(i);
    // Each half of a pair is two of its four bytes.
    if (unit >= 0x80) bytes += unit < 0x800 || (unit >= 0xd800 && unit < 0xe000) ? 1 : 2;
  }
  return bytes;
}

/** How many bytes a value has that is too large; undefined for one that is not. */
export function excessBytes(json: string): number | undefined {
  // No character has more than three bytes: most values need not be counted.
  if (json.length <= VALUE_BYTES_MAX / 3) return undefined;
  const bytes = utf8Length(json);
  return bytes > VALUE_BYTES_MAX ? bytes : undefined;
}

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
