import type { CommandEnvelope, EventEnvelope, ReplyEnvelope } from './envelope.ts';

const BEYOND_ASCII = /[\u007f-\uffff]/;
const EACH_BEYOND_ASCII = /[\u007f-\uffff]/g;

/**
 * An envelope as the bus and the queues carry it: JSON with everything above 0x7E escaped, because SQS refuses or
 * replaces some characters and counts the others in bytes.
 */
export function toWire(envelope: EventEnvelope | CommandEnvelope | ReplyEnvelope): string {
  const text = JSON.stringify(envelope);
  return BEYOND_ASCII.test(text) ? text.replace(EACH_BEYOND_ASCII, escaped) : text;
}

function escaped(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
