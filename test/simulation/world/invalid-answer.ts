import type { ReplyEnvelope } from '../../../lib/contract/wire/envelope.ts';
import { parseCommandId } from '../../../lib/contract/wire/process-id.ts';
import { decodeHead } from '../../../lib/format/head-codec.ts';
import type { OutgoingEvent } from '../../../lib/ports/event-publisher.ts';
import type { Head } from '../../../lib/ports/process-store.ts';

/** Data that no output schema of any scenario accepts. */
const NO_OUTPUT = [['?']];
const SUFFIX = ':invalid';

/** The same answer of the same service, with data that its contract does not allow; undefined if the event completes no command. */
export const invalidAnswer = (event: OutgoingEvent): OutgoingEvent | undefined => {
  const { datahash: _hash, dataref: _ref, ...reply } = JSON.parse(event.detail) as Partial<ReplyEnvelope>;
  if (reply.commandid === undefined || reply.outcome !== 'completed') return undefined;
  return { ...event, detail: JSON.stringify({ ...reply, id: `${reply.id}${SUFFIX}`, data: NO_OUTPUT }) };
};

/**
 * The opposite answer of the same service: the command has failed, and may be sent again. Its contract allows it; undefined if the event
 * completes no command.
 */
export const contradiction = (event: OutgoingEvent): OutgoingEvent | undefined => {
  const { datahash: _hash, dataref: _ref, dataversion: _version, ...reply } = JSON.parse(event.detail) as Partial<ReplyEnvelope>;
  if (reply.commandid === undefined || reply.outcome !== 'completed') return undefined;
  const data = { type: 'Other', message: 'nothing was done', data: null };
  return { ...event, detail: JSON.stringify({ ...reply, id: `${reply.id}:contradiction`, outcome: 'failed', retryable: true, data }) };
};

/** Contradictions that wait until the first answer has its effect. Before, nothing could tell which of the two is true. */
export class Contradictions {
  readonly #waiting = new Map<string, OutgoingEvent[]>();

  add(event: OutgoingEvent): void {
    const command = parseCommandId((JSON.parse(event.detail) as ReplyEnvelope).commandid);
    if (command) this.#waiting.set(command.pid, [...(this.#waiting.get(command.pid) ?? []), event]);
  }

  /** Removes and returns those to commands that the head shows as answered. */
  due(head: Head): readonly OutgoingEvent[] {
    const waiting = this.#waiting.get(head.pid);
    if (waiting === undefined || head.run === '' || head.status === 'early') return [];
    const { run, seq, commands, tombstones } = decodeHead(head);
    const isAnswered = ({ detail }: OutgoingEvent): boolean => {
      const command = parseCommandId((JSON.parse(detail) as ReplyEnvelope).commandid);
      if (command === undefined || command.run !== run || command.n >= seq) return false;
      return !commands.has(command.n) && !tombstones.some((each) => each.run === run && each.n === command.n);
    };
    const due = waiting.filter(isAnswered);
    const rest = waiting.filter((event) => !due.includes(event));
    if (rest.length === 0) this.#waiting.delete(head.pid);
    else this.#waiting.set(head.pid, rest);
    return due;
  }
}

/** Whether a body of the inbox is such an answer. */
export const isInvalidAnswer = (body: string): boolean => body.includes(`${SUFFIX}"`);
