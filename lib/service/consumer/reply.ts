import { createHash } from 'node:crypto';
import { canonical } from '../../contract/wire/json.ts';
import { ContractError } from '../../contract/errors.ts';
import type { CommandEnvelope, Outcome, ReplyEnvelope } from '../../contract/wire/envelope.ts';
import { pidOfCommand } from '../../contract/wire/process-id.ts';
import type { Json } from '../../contract/schema.ts';
import { CARRIED_CHARACTERS_MAX, escapedLength, excessBytes, toWire, VALUE_BYTES_MAX } from '../../contract/wire/wire.ts';
import type { OutgoingEvent } from '../../ports/event-publisher.ts';
import type { PayloadStore } from '../../ports/payload-store.ts';

/** The parts of a reply that are not copied from its command. */
export interface ReplyParts {
  readonly service: string;
  /** @default `<command>.<outcome>` */
  readonly type?: string;
  readonly outcome: Outcome;
  readonly data: Json;
  /** @default 1, which the envelope omits */
  readonly dataversion?: number;
  readonly retryable?: boolean;
  /** Number of runs without a reply. */
  readonly attempts?: number;
  readonly time: string;
}

/** Returns the envelope of the reply to `command` as it is published and recorded. Large data goes to the payload store. */
export function buildReply(command: CommandEnvelope, parts: ReplyParts, payloads: PayloadStore): string | Promise<string> {
  const wire = toWire(replyEnvelope(command, parts));
  // The size of the data alone decides whether it is stored apart; the first line is a cheap test that suffices for most replies.
  if (wire.length <= CARRIED_CHARACTERS_MAX) return wire;
  const json = canonical(parts.data);
  return escapedLength(json) <= CARRIED_CHARACTERS_MAX ? wire : offload(command, parts, json, payloads);
}

/** A reply whose data is always small. */
export function buildShortReply(command: CommandEnvelope, parts: ReplyParts): string {
  return toWire(replyEnvelope(command, parts));
}

function replyEnvelope(
  command: CommandEnvelope,
  parts: ReplyParts,
  reference?: { readonly dataref: string; readonly datahash: string },
): ReplyEnvelope {
  const { subject, tenant, replytoken, traceparent } = command;
  // toWire omits undefined members.
  return {
    specversion: '1.0',
    id: `${command.id}:${parts.outcome}`,
    source: parts.service,
    type: parts.type ?? `${command.type}.${parts.outcome}`,
    time: parts.time,
    datacontenttype: 'application/json',
    dataversion: parts.dataversion === 1 ? undefined : parts.dataversion,
    subject,
    tenant,
    commandid: command.id,
    commandhash: command.datahash,
    attempt: command.attempt,
    outcome: parts.outcome,
    retryable: parts.retryable,
    attempts: parts.attempts,
    replyto: command.replyto,
    replytoken,
    hops: command.hops,
    traceparent,
    data: reference === undefined ? parts.data : undefined,
    dataref: reference?.dataref,
    datahash: reference?.datahash,
  } as ReplyEnvelope;
}

async function offload(command: CommandEnvelope, parts: ReplyParts, json: string, payloads: PayloadStore): Promise<string> {
  const excess = excessBytes(json);
  if (excess !== undefined)
    throw new ContractError(
      'DATA_TOO_LARGE',
      `${command.type} was answered with ${excess} bytes of data: at most ${VALUE_BYTES_MAX} are allowed.`,
    );
  const pid = pidOfCommand(command.id);
  const hash = createHash('sha256').update(json).digest('hex');
  await payloads.put(pid, hash, json);
  return toWire(replyEnvelope(command, parts, { dataref: payloads.reference(pid, hash), datahash: `sha256:${hash}` }));
}

/** Returns the event that carries a recorded reply. */
export function replyEvent(reply: string): OutgoingEvent {
  const { source, type } = JSON.parse(reply) as ReplyEnvelope;
  return { source, type, detail: reply };
}
