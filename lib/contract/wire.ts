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

/** How many characters data takes on the wire, where one that is escaped takes six. */
export function wireLength(data: Json): number {
  return asciiOf(JSON.stringify(data)).length;
}

function asciiOf(text: string): string {
  return BEYOND_ASCII.test(text) ? text.replace(EACH_BEYOND_ASCII, escaped) : text;
}

function escaped(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
