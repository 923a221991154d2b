import type { ReplyEnvelope } from '../../../lib/contract/wire/envelope.ts';
import type { OutgoingEvent } from '../../../lib/ports/event-publisher.ts';

/** Data that no output schema of any scenario accepts. */
const NO_OUTPUT = [['?']];
const SUFFIX = ':invalid';

/** The same answer of the same service, with data that its contract does not allow; undefined if the event completes no command. */
export const invalidAnswer = (event: OutgoingEvent): OutgoingEvent | undefined => {
  const { datahash: _hash, dataref: _ref, ...reply } = JSON.parse(event.detail) as Partial<ReplyEnvelope>;
  if (reply.commandid === undefined || reply.outcome !== 'completed') return undefined;
  return { ...event, detail: JSON.stringify({ ...reply, id: `${reply.id}${SUFFIX}`, data: NO_OUTPUT }) };
};

/** Whether a body of the inbox is such an answer. */
export const isInvalidAnswer = (body: string): boolean => body.includes(`${SUFFIX}"`);
