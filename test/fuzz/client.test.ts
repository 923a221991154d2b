import { expect, test } from 'vitest';
import { storingIn } from '../../lib/client/carried-data.ts';
import { connectionOf, type ClientPorts } from '../../lib/client/connection.ts';
import { connect } from '../../lib/client/connect.ts';
import { isOrchestratorError } from '../../lib/contract/errors.ts';
import { parseEnvelope } from '../../lib/contract/wire/wire.ts';
import { systemContract } from '../../lib/contract/system.ts';
import { MemoryEventPublisher } from '../../lib/adapters/memory/event-publisher.ts';
import { MemoryIdempotencyStore } from '../../lib/adapters/memory/idempotency-store.ts';
import type { IdempotencyStore } from '../../lib/ports/idempotency-store.ts';
import { answerDeferred } from '../../lib/service/consumer/deferred-answer.ts';
import { readTaskToken, taskToken } from '../../lib/service/task-token.ts';
import { Confirmed, fulfil, payments, Placed, shop, signalling } from '../bad-input/orders-system.ts';
import type { Choices } from '../simulation/world/choices.ts';
import { fuzz } from './fuzz.ts';
import { json, text } from './hostile-json.ts';
import { InboxWorld } from './inbox-world.ts';
import { BATCH, inputsOf, timeoutMs } from './plan.ts';

const CONTRACT = systemContract(shop);
const COMMAND = 'default#fulfil#o-1/r5f2c/1';
const NONCE = 'N'.repeat(22);

/** The client of a world that passes each message to the engine at once. */
class ClientWorld {
  readonly inbox = new InboxWorld();
  readonly records: IdempotencyStore = new MemoryIdempotencyStore();
  readonly client;
  #ids = 0;

  constructor() {
    const { clock, store, payloads, parking } = this.inbox;
    const publisher = new MemoryEventPublisher({ clock, rules: [] });
    publisher.subscribe(({ source, type, detail }) => this.#published(source, type, detail));
    const ports: ClientPorts = {
      sender: {
        send: async (_queue, messages) => {
          for (const { body } of messages) await this.#taken(body);
          return messages.map(() => ({ status: 'sent' as const, messageId: 'x' }));
        },
      },
      publisher,
      store,
      index: { list: () => NOTHING, tenants: async () => [] },
      payloads,
      parking,
      // No call waits: the engine has handled each message when its call returns.
      clock: { now: () => clock.now(), sleep: async (milliseconds) => clock.advance(milliseconds) },
      principal: 'fuzz',
      storeLarge: storingIn(payloads),
      durable: async () => undefined,
      answer: async (request) => {
        const service = CONTRACT.services.get(readTaskToken(request.token).service);
        if (service) await answerDeferred(request, { service, store: this.records, publisher, payloads, clock });
        else readTaskToken('');
      },
    };
    this.client = connect(shop, connectionOf(ports));
  }

  async defer(): Promise<string> {
    const command = JSON.stringify({
      specversion: '1.0',
      id: COMMAND,
      source: 'shop',
      type: 'payments.charge',
      time: '2026-11-21T10:00:00.000Z',
      datacontenttype: 'application/json',
      datahash: `sha256:${'0'.repeat(64)}`,
      attempt: 1,
      replyto: 'shop',
      hops: 0,
      data: { orderId: 'o-1' },
    });
    await this.records.write(COMMAND, { state: 'DEFERRED', hash: `sha256:${'0'.repeat(64)}`, command, nonce: NONCE }, 'absent');
    return taskToken({ service: 'payments', commandId: COMMAND, nonce: NONCE });
  }

  /** The engine must accept every message that a client sends. */
  async #taken(body: string): Promise<void> {
    const before = this.inbox.parked.length;
    await this.inbox.deliver([{ id: `c${(this.#ids += 1)}`, body, sentAt: this.inbox.clock.now(), receiveCount: 1 }]);
    const [parked] = this.inbox.parked.slice(before);
    if (parked)
      throw new Error(`The client sent a message that the engine parks as ${parked.reason}, ${parked.detail}: ${body.slice(0, 400)}`);
  }

  #published(source: string, type: string, detail: string): void {
    const parsed = parseEnvelope(detail);
    if (parsed.kind === 'malformed' || parsed.kind === 'command')
      throw new Error(`The client published ${JSON.stringify(parsed)}: ${detail.slice(0, 400)}`);
    if (!/^[\x20-\x7e]*$/.test(detail)) throw new Error('The client published text that is not ASCII.');
    if (parsed.envelope.source !== source || parsed.envelope.type !== type)
      throw new Error('The client published with a wrong source or type.');
  }
}

async function* nothing(): AsyncGenerator<never, void, undefined> {}
const NOTHING = nothing();

const id = (choices: Choices): never =>
  choices.one<unknown>([
    'o-1',
    'o-2',
    '',
    'a b',
    'a#b',
    'a/b',
    '../x',
    'x'.repeat(200),
    'x'.repeat(201),
    '\ud800',
    '🧳',
    '__proto__',
    5,
    null,
    ['o-1'],
    { toString: () => 'o-1' },
    text(choices),
  ]) as never;

const data = (choices: Choices): never => {
  if (choices.chance(0.3)) return json(choices) as never;
  return {
    orderId: id(choices),
    by: choices.chance(0.7) ? 'x' : json(choices),
    ...(choices.chance(0.5) && { note: text(choices).repeat(choices.chance(0.02) ? 30_000 : 1) }),
  } as never;
};

const token = (choices: Choices, right: string): never =>
  choices.one<unknown>([
    right,
    `${right}x`,
    right.slice(1),
    right.replace('t2', 't1'),
    taskToken({ service: 'payments', commandId: COMMAND, nonce: 'O'.repeat(22) }),
    text(choices),
    `t2.${'A'.repeat(800)}.${'A'.repeat(22)}`,
    taskToken({ service: 'flights', commandId: COMMAND, nonce: NONCE }),
    taskToken({ service: 'payments', commandId: text(choices), nonce: NONCE }),
    null,
    5,
    {},
  ]) as never;

const failure = (choices: Choices): never =>
  ({
    type: choices.one<unknown>(['Declined', 'constructor', '__proto__', 'toString', text(choices), 5]),
    message: choices.chance(0.5) ? text(choices) : json(choices),
    data: choices.chance(0.5) ? {} : json(choices),
  }) as never;

const act = ({ client }: ClientWorld, choices: Choices, right: string): Promise<unknown> => {
  switch (choices.below(8)) {
    case 0:
      return client.publish(Placed, data(choices), choices.chance(0.5) ? { id: id(choices) } : {});
    case 1:
      return client.start(fulfil, data(choices), {
        ...(choices.chance(0.5) && { id: id(choices) }),
        ...(choices.chance(0.3) && { tags: { [text(choices)]: choices.chance(0.5) ? text(choices) : (json(choices) as never) } }),
      });
    case 2:
      return client.signal(fulfil, id(choices), Confirmed, data(choices));
    case 3:
      return client.cancel(
        choices.chance(0.5) ? fulfil : signalling,
        id(choices),
        choices.chance(0.7) ? text(choices) : (json(choices) as never),
      );
    case 4:
      return client.complete(
        payments.charge,
        token(choices, right),
        choices.chance(0.3) ? { paymentId: text(choices) } : (json(choices) as never),
      );
    case 5:
      return client.fail(payments.charge, token(choices, right), failure(choices));
    case 6:
      return client.heartbeat(token(choices, right));
    default:
      return client.describe(fulfil, id(choices));
  }
};

/** Each call succeeds, or throws an error with a code and a remedy. */
const feed = async (choices: Choices): Promise<number> => {
  const world = new ClientWorld();
  const right = await world.defer();
  for (let acts = 0; acts < BATCH; acts += 1)
    await act(world, choices, right).catch((error: unknown) => {
      if (!isOrchestratorError(error)) throw error;
      if (error.remedy === '' || error.code === 'UNREACHABLE') throw error;
    });
  return BATCH;
};

test(
  `the client: of ${inputsOf('client')} calls each succeeds, or is refused with a code, and the engine accepts every message that it sends`,
  async () => {
    await expect(fuzz('client', feed)).resolves.toBeUndefined();
  },
  timeoutMs('client'),
);
