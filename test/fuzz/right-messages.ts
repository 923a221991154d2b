import { canonical } from '../../lib/contract/wire/json.ts';
import type { CommandEnvelope } from '../../lib/contract/wire/envelope.ts';
import type { Json } from '../../lib/contract/schema.ts';
import { sha256 } from '../../lib/format/inbox-message.ts';
import type { Choices } from '../simulation/world/choices.ts';
import { plainJson, wellFormedText } from './hostile-json.ts';
import type { InboxWorld } from './inbox-world.ts';

export type Fields = Record<string, unknown>;

/** A message of its real producer, as an object before it becomes text. */
export interface RightMessage {
  readonly kind: 'event' | 'plain' | 'reply' | 'tick' | 'start' | 'operate';
  readonly value: Fields;
}

/** The used ids and the sent commands of a world. */
export class Known {
  readonly orders: string[] = [];
  readonly commands: CommandEnvelope[] = [];
  readonly said: RightMessage[] = [];
  #count = 0;

  next(): number {
    return (this.#count += 1);
  }

  newOrder(): string {
    const id = `o-${this.next()}`;
    this.orders.push(id);
    return id;
  }

  /** Mostly the id of an existing instance. */
  order(choices: Choices): string {
    return this.orders.length === 0 || choices.chance(0.15) ? this.newOrder() : choices.one(this.orders.slice(-30));
  }
}

/** The worlds of one run. Data outside of a message is put into the payload store of each. */
export type Worlds = readonly InboxWorld[];

const STARTS = ['placed', 'placed', 'attaching', 'signalling', 'restarting', 'retrying', 'fragile'] as const;
const PROCESSES = [
  'fulfil',
  'p-attaching',
  'p-signalling',
  'p-restarting',
  'p-retrying',
  'fragile',
  'addressed',
  'repaid',
  'repaying',
  'nobody',
] as const;

export const bus = (type: string, source: string, detail: unknown, more: Fields = {}): Fields => ({
  version: '0',
  id: '6a7e8feb-b491-4cf7-a9f1-bf3703467718',
  'detail-type': type,
  source,
  account: '111111111111',
  time: '2026-11-21T10:00:00Z',
  region: 'eu-central-1',
  resources: [],
  ...more,
  detail,
});

/** One right message of any kind, often for an existing instance. */
export const rightMessage = (choices: Choices, known: Known, worlds: Worlds): RightMessage => {
  const message = make(choices, known, worlds);
  known.said.push(message);
  return message;
};

const make = (choices: Choices, known: Known, worlds: Worlds): RightMessage => {
  switch (choices.below(11)) {
    case 0:
    case 1:
      return start(choices, known, worlds);
    case 2:
      return confirmation(choices, known);
    case 3:
      return addressedSignal(choices, known);
    case 4:
    case 5:
    case 6:
      return reply(choices, known);
    case 7:
      return clientStart(choices, known);
    case 8:
      return operate(choices, known);
    case 9:
      return choices.chance(0.5) ? plain(choices, known) : tick(choices, known, worlds);
    default:
      // The same message again, as a repetition of its producer.
      return known.said.length > 0 ? choices.one(known.said.slice(-20)) : start(choices, known, worlds);
  }
};

const envelope = (known: Known, type: string, source: string, worlds: Worlds, data: unknown, more: Fields = {}): Fields => ({
  specversion: '1.0',
  id: `e-${known.next()}`,
  source,
  type,
  time: new Date(worlds[0]?.clock.now() ?? 0).toISOString(),
  datacontenttype: 'application/json',
  hops: 0,
  ...more,
  data,
});

const note = (choices: Choices): Fields => (choices.chance(0.5) ? { note: wellFormedText(choices) } : {});

const start = (choices: Choices, known: Known, worlds: Worlds): RightMessage => {
  const orderId = choices.chance(0.7) ? known.newOrder() : known.order(choices);
  const hops = choices.chance(0.1) ? 100 : choices.below(3);
  if (choices.chance(0.1)) {
    const newer = choices.chance(0.5);
    const data = newer ? { orderId, street: wellFormedText(choices) } : { orderId };
    return event('shop.addressed', envelope(known, 'shop.addressed', 'shop', worlds, data, newer ? { dataversion: 2 } : {}));
  }
  const type = `shop.${choices.one(STARTS)}`;
  const data = { orderId, ...note(choices) };
  const whole = envelope(known, type, 'shop', worlds, data, { hops });
  return event(type, choices.chance(0.1) ? apart(whole, data, worlds) : whole);
};

/** The message with its data in the payload store, as for more than 100 KB. */
const apart = (whole: Fields, data: Json, worlds: Worlds): Fields => {
  const rest = Object.fromEntries(Object.entries(whole).filter(([name]) => name !== 'data'));
  const text = canonical(data);
  const hash = sha256(text);
  for (const { payloads } of worlds) void payloads.put('', hash, text);
  return { ...rest, dataref: `payload:${hash}`, datahash: `sha256:${hash}` };
};

const event = (type: string, detail: Fields): RightMessage => ({ kind: 'event', value: bus(type, String(detail['source']), detail) });

const confirmation = (choices: Choices, known: Known): RightMessage => {
  const data = { orderId: known.order(choices), by: wellFormedText(choices) };
  return event('shop.confirmed', envelope(known, 'shop.confirmed', 'shop', [], data, { time: '2026-11-21T10:00:00.000Z' }));
};

const addressedSignal = (choices: Choices, known: Known): RightMessage => {
  const orderId = known.order(choices);
  const data = { orderId, by: wellFormedText(choices) };
  const more = { time: '2026-11-21T10:00:00.000Z', processid: `default#fulfil#${orderId}` };
  return event('shop.confirmed', envelope(known, 'shop.confirmed', 'shop', [], data, more));
};

const plain = (choices: Choices, known: Known): RightMessage => ({
  kind: 'plain',
  value: bus('shop.placed', 'shop', { orderId: known.newOrder(), ...note(choices) }, { id: `bus-${known.next()}` }),
});

const OUTCOMES = ['completed', 'completed', 'completed', 'failed', 'failed', 'cancelled', 'deferred', 'unknown'] as const;

const reply = (choices: Choices, known: Known): RightMessage => {
  if (known.commands.length === 0) return confirmation(choices, known);
  const command = known.commands[known.commands.length - 1 - choices.below(Math.min(20, known.commands.length))] as CommandEnvelope;
  const outcome = choices.one(OUTCOMES);
  const isRepay = command.type === 'payments.repay';
  const type = outcome === 'completed' && isRepay ? 'payments.refunded' : `${command.type}.${outcome}`;
  const failure = choices.chance(0.5)
    ? { retryable: true, data: { type: 'POISON', message: wellFormedText(choices), data: null } }
    : { data: { type: 'Declined', message: wellFormedText(choices), data: plainJson(choices) } };
  const completed = isRepay ? { data: { orderId: known.newOrder() } } : { dataversion: 2, data: { paymentId: wellFormedText(choices) } };
  const said = outcome === 'completed' ? completed : outcome === 'failed' ? failure : { data: null };
  const foreign = choices.chance(0.1) ? foreignCommand(choices, command) : command.id;
  const detail = {
    specversion: '1.0',
    id: `${foreign}:${outcome}`,
    source: 'payments',
    type,
    time: '2026-11-21T10:00:00.000Z',
    datacontenttype: 'application/json',
    commandid: foreign,
    commandhash: command.datahash,
    attempt: command.attempt,
    outcome,
    replyto: 'shop',
    hops: command.hops,
    ...said,
  };
  return { kind: 'reply', value: bus(type, 'payments', detail) };
};

/** A command id of a missing instance, of another run, or with a number that was not used yet. */
const foreignCommand = (choices: Choices, { id }: CommandEnvelope): string => {
  const [pid, run, n] = id.split('/');
  return choices.one([`default#fulfil#never/${run}/${n}`, `${pid}/r0/${n}`, `${pid}/${run}/9999`, `default#gone#o-1/${run}/1`]);
};

const clientStart = (choices: Choices, known: Known): RightMessage => ({
  kind: 'start',
  value: {
    tutti: 'start',
    startid: `s-${known.next()}`,
    tenant: 'default',
    process: choices.one(['fulfil', 'repaying', 'p-signalling', 'p-restarting']),
    id: known.order(choices),
    // The id names the instance. A client may start an instance with another id than its data has.
    data: { orderId: known.newOrder(), ...note(choices) },
    time: '2026-11-21T10:00:00.000Z',
    by: 'a client',
    ...(choices.chance(0.3) && { onopen: choices.one(['reject', 'attach', 'signal']) }),
    ...(choices.chance(0.3) && { tags: { [choices.one(['tag', 'toString', '__proto', '🧳'])]: wellFormedText(choices) } }),
  },
});

const pidOf = (choices: Choices, known: Known): string => `default#${choices.one(PROCESSES)}#${known.order(choices)}`;

const operate = (choices: Choices, known: Known): RightMessage => {
  const act = choices.one(['cancel', 'resume', 'resume', 'terminate']);
  return {
    kind: 'operate',
    value: {
      tutti: 'operate',
      opid: `op-${known.next()}`,
      pid: pidOf(choices, known),
      act,
      reason: wellFormedText(choices),
      by: 'ann',
      ...(act === 'resume' && choices.chance(0.2) && { version: choices.between(1, 3) }),
      ...(act === 'resume' && choices.chance(0.2) && { skip: wellFormedText(choices) }),
    },
  };
};

const tick = (choices: Choices, known: Known, worlds: Worlds): RightMessage => {
  const pid = pidOf(choices, known);
  const head = worlds[0]?.head(pid);
  return { kind: 'tick', value: { tutti: 'tick', pid, run: head?.run ?? 'r0', tickAt: head?.due ?? choices.one([0, 1, 2 ** 41]) } };
};
