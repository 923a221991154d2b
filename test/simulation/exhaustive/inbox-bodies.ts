import { toWire } from '../../../lib/contract/wire/wire.ts';
import type { CommandEnvelope, EventEnvelope, Outcome, ReplyEnvelope } from '../../../lib/contract/wire/envelope.ts';
import type { Json } from '../../../lib/contract/schema.ts';
import { inboxBody } from '../../../lib/format/inbox-message.ts';

/** The instant of the exploration. The clock advances only at its end. */
export const START = Date.parse('2026-11-21T10:00:00.000Z');
const TIME = new Date(START).toISOString();

const fromBus = (type: string, source: string, detail: string): string =>
  `{"version":"0","id":"bus","detail-type":${JSON.stringify(type)},"source":${JSON.stringify(source)},` +
  `"account":"local","time":"2026-11-21T10:00:00Z","region":"local","resources":[],"detail":${detail}}`;

/** An event as the bus puts it into the inbox. */
export const eventBody = (type: string, id: string, data: Json): string => {
  const envelope = { specversion: '1.0', id, source: 'shop', type, time: TIME, datacontenttype: 'application/json', hops: 0, data };
  return fromBus(type, 'shop', toWire(envelope as EventEnvelope));
};

/** A service's reply to a command that was sent, as the bus puts it into the inbox. */
export const replyBody = (command: CommandEnvelope, outcome: Outcome = 'completed'): string => {
  const source = command.type.slice(0, command.type.indexOf('.'));
  const type = `${command.type}.${outcome}`;
  const isBooked = outcome === 'completed' && command.type.endsWith('.book');
  const reply = {
    specversion: '1.0',
    id: `${command.id}:${outcome}`,
    source,
    type,
    time: TIME,
    datacontenttype: 'application/json',
    commandid: command.id,
    commandhash: command.datahash,
    attempt: command.attempt,
    outcome,
    replyto: command.replyto,
    hops: command.hops,
    data: isBooked ? { reference: command.id } : null,
  };
  return fromBus(type, source, toWire(reply as ReplyEnvelope));
};

/** A reply of the same service to the same command, with data that breaks the contract. */
export const invalidReplyBody = (command: CommandEnvelope): string => {
  const body = replyBody(command);
  const otherwise = body.replace(JSON.stringify(`${command.id}:completed`), JSON.stringify(`${command.id}:invalid`));
  return otherwise.replace('"reference":', '"wrong":').replace('"data":null', '"data":"wrong"');
};

export const operateBody = (pid: string, act: 'cancel' | 'terminate' | 'pause' | 'resume', opid: string = act): string =>
  inboxBody({ tutti: 'operate', opid, pid, act, reason: 'explored', by: 'test' });
