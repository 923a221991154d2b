import type { CommandEnvelope, EventEnvelope, ReplyEnvelope } from './envelope.ts';
import type { Json } from './json.ts';

const BEYOND_ASCII = /[\u007f-\uffff]/;
const EACH_BEYOND_ASCII = /[\u007f-\uffff]/g;

/**
 * An envelope as text for the bus and the queues: JSON in which each character above 0x7E is escaped, because SQS refuses or replaces some
 * characters and counts the others in bytes.
 */
export function toWire(envelope: EventEnvelope | CommandEnvelope | ReplyEnvelope): string {
  return asciiOf(JSON.stringify(envelope));
}

/** A message does not contain data with more characters than this on the wire, but refers to it by its SHA-256. */
export const CARRIED_CHARACTERS_MAX = 100 * 1024;

/** The largest value, as UTF-8. The engine holds a value in memory together with its journal, and writes it again for its instance. */
export const VALUE_BYTES_MAX = 20 * 1024 * 1024;

/** The number of bytes of a text in UTF-8. */
export function utf8Length(text: string): number {
  let bytes = text.length;
  for (let i = 0; i < text.length; i += 1) {
    const unit = text.charCodeAt(i);
    // A surrogate pair is two units and four bytes, so each unit counts as two bytes.
    if (unit >= 0x80) bytes += unit < 0x800 || (unit >= 0xd800 && unit < 0xe000) ? 1 : 2;
  }
  return bytes;
}

/** The size in bytes of a value that is too large; undefined for any other value. */
export function excessBytes(json: string): number | undefined {
  // A unit has at most three bytes, so most values need no count.
  if (json.length <= VALUE_BYTES_MAX / 3) return undefined;
  const bytes = utf8Length(json);
  return bytes > VALUE_BYTES_MAX ? bytes : undefined;
}

/** The number of characters of data on the wire. */
export function wireLength(data: Json): number {
  return escapedLength(JSON.stringify(data));
}

/** The number of characters of JSON text on the wire. An escaped character counts as six. */
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
