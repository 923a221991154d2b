import asyncApiSpecs from '@asyncapi/specs';
import { Ajv } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import * as fc from 'fast-check';
import * as v from 'valibot';
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { CountedWorld, type Answer } from '../../bench/counted-world.ts';
import { cartOf } from '../../bench/systems.ts';
import { CheckoutTravelCart } from '../../examples/travel-booking/contracts.ts';
import { trips } from '../../examples/travel-booking/system.ts';
import { breakingChanges } from '../../lib/contract/export/breaking-changes.ts';
import { ENVELOPE_SCHEMAS } from '../../lib/contract/export/envelope-schema.ts';
import type { CommandEnvelope } from '../../lib/contract/wire/envelope.ts';
import { exportContracts } from '../../lib/contract/export/export-contracts.ts';
import type { ExportedFile } from '../../lib/contract/export/exported-file.ts';
import { parseEnvelope } from '../../lib/contract/wire/wire.ts';
import { command, event, process, service, system, versions, type Event } from '../../lib/index.ts';
import { buildShortReply } from '../../lib/service/consumer/reply.ts';

const places = { bus: 'trips', queue: (name: string) => `trips-${name}`, deadLetter: (queue: string) => `${queue}-dead-letter` };
const files = exportContracts(trips, places);

/** Both packages are CommonJS with types of ES modules. */
const withFormats = <A extends Ajv | Ajv2020>(ajv: A): A => {
  (addFormats as unknown as (ajv: Ajv | Ajv2020) => void)(ajv);
  return ajv;
};

/** Whether a value matches the schema of a file. */
const validator = (exported: readonly ExportedFile[], name = 'trips'): ((path: string, value: unknown) => boolean) => {
  const ajv = withFormats(new Ajv2020({ strict: true, strictTypes: false, strictRequired: false, strictTuples: false }));
  for (const { path, json } of exported) if (path !== 'asyncapi.json') ajv.addSchema(json);
  return (path, value) => ajv.getSchema(`tutti://${name}/${path}`)!(value) as boolean;
};
const valid = validator(files);

const jsonOf = (path: string, from = files): Record<string, any> => from.find((file) => file.path === path)!.json;

const HASH = `sha256:${'9f'.repeat(32)}`;
const common = {
  specversion: '1.0',
  time: '2026-11-21T10:00:00.000Z',
  datacontenttype: 'application/json',
  dataversion: 1,
  subject: 'cart-42',
  hops: 0,
};
const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
const route = { replyto: 'trips', replytoken: 'h1.Kx' };
/** The three messages of docs/wire.md, with full hashes. */
const printed = {
  event: {
    ...common,
    id: '01KAK3ZQ0V8R5T2M6W9X1Y4B7C',
    source: 'trips',
    type: 'trips.checkout-travel-cart',
    traceparent,
    data: { cartId: 'cart-42', total: 129000 },
  },
  command: {
    ...common,
    id: 'default#book-trip#cart-42/r5f2c/3',
    source: 'trips',
    type: 'payments.charge',
    datahash: HASH,
    attempt: 1,
    deadline: '2026-11-24T10:00:00.180Z',
    ...route,
    traceparent,
    data: { amount: 129000, card: 'tok_1' },
  },
  reply: {
    ...common,
    id: 'default#book-trip#cart-42/r5f2c/3:completed',
    source: 'payments',
    type: 'payments.payment-charged',
    commandid: 'default#book-trip#cart-42/r5f2c/3',
    commandhash: HASH,
    attempt: 1,
    outcome: 'completed',
    ...route,
    traceparent,
    data: { paymentId: 'p-7' },
  },
} as const;
const kinds = ['event', 'command', 'reply'] as const;

describe('the exported files', () => {
  test('are one file for each event, command input, output and error, equal each time and sorted', () => {
    const paths = files.map(({ path }) => path);
    expect(paths).toEqual(paths.toSorted());
    expect(paths).toEqual(
      expect.arrayContaining([
        'asyncapi.json',
        'events/trips.trip-booked.v1.json',
        'commands/hotels.book.input.v1.json',
        'commands/hotels.book.output.v1.json',
        'commands/hotels.book.error.SoldOut.json',
        'messages/hotels.book.reply.json',
      ]),
    );
    expect(JSON.stringify(exportContracts(trips, places))).toBe(JSON.stringify(files));
  });

  test('are JSON Schemas of 2020-12 whose $id mirrors their path', () => {
    const ajv = withFormats(new Ajv2020());
    for (const { path, json } of files.filter((file) => file.path !== 'asyncapi.json')) {
      expect([path, ajv.validateSchema(json)]).toEqual([path, true]);
      expect(json['$id']).toBe(`tutti://trips/${path}`);
    }
  });

  test('the document is AsyncAPI 3.0, and each of its references resolves', () => {
    const schemas = asyncApiSpecs as unknown as Record<'schemasWithoutId', Record<string, object>>;
    const ajv = withFormats(new Ajv({ strict: false, logger: false }));
    const document = jsonOf('asyncapi.json');
    const validate = ajv.compile(schemas.schemasWithoutId['3.0.0']!);
    expect([validate(document), validate.errors]).toEqual([true, null]);
    expect(validate({ ...document, channels: [] })).toBe(false);
    const references = [...JSON.stringify(document).matchAll(/"\$ref":"([^"]+)"/g)].map((match) => match[1]!);
    expect(references.length).toBeGreaterThan(50);
    const paths = new Set(files.map(({ path }) => `./${path}`));
    for (const reference of references) {
      const found = reference.startsWith('#/')
        ? reference
            .slice(2)
            .split('/')
            .reduce<any>((at, key) => at?.[key], document) !== undefined
        : paths.has(reference);
      expect([reference, found]).toEqual([reference, true]);
    }
  });

  test('the document has a channel for the bus and each queue, and an operation for each command and event', () => {
    const { channels, operations } = jsonOf('asyncapi.json');
    expect(Object.keys(channels)).toEqual(['bus', 'flights', 'hotels', 'notifications', 'payments']);
    expect(channels.hotels).toMatchObject({
      address: 'trips-hotels',
      bindings: { sqs: { deadLetterQueue: { name: 'trips-hotels-dead-letter' } } },
    });
    expect(operations['send.hotels.book']).toMatchObject({
      action: 'send',
      reply: { channel: { $ref: '#/channels/bus' }, messages: [{ $ref: '#/channels/bus/messages/hotels.book.reply' }] },
    });
    expect(operations['receive.trips.checkout-travel-cart'].action).toBe('receive');
    expect(operations['send.trips.trip-booked'].action).toBe('send');
  });
});

describe('a question', () => {
  const Id = z.object({ id: z.string() });
  const Fee = versions(z.object({ fee: z.int() })).next(z.object({ cents: z.int() }), ({ fee }) => ({ cents: fee }));
  const CancelRide = event('rides.cancel-ride', Id, { answer: Fee });
  const ride = process('ride', { input: Id, receives: [CancelRide.byId(({ id }) => id)] }, async () => null);
  const exported = exportContracts(system('rides', { processes: [ride], services: [] }), places);

  test('has a file for each version of its answer, which the document names beside the event', () => {
    const paths = exported.map(({ path }) => path).filter((path) => path.includes('answer'));
    expect(paths).toEqual(['events/rides.cancel-ride.answer.v1.json', 'events/rides.cancel-ride.answer.v2.json']);
    const isValid = validator(exported, 'rides');
    expect([isValid(paths[0]!, { fee: 1 }), isValid(paths[1]!, { fee: 1 }), isValid(paths[1]!, { cents: 1 })]).toEqual([true, false, true]);
    const { messages } = jsonOf('asyncapi.json', exported)['components'];
    expect(messages['rides.cancel-ride.event']['x-answer']).toEqual({ $ref: './events/rides.cancel-ride.answer.v2.json' });
  });

  test('breaks its senders when its answer changes or goes', () => {
    const without = event('rides.cancel-ride', Id);
    const silent = process('ride', { input: Id, receives: [without.byId(({ id }) => id)] }, async () => null);
    const after = exportContracts(system('rides', { processes: [silent], services: [] }), places);
    expect(breakingChanges(exported, after)).toEqual([
      { file: 'events/rides.cancel-ride.answer.v1.json', at: '', change: 'it was removed' },
      { file: 'events/rides.cancel-ride.answer.v2.json', at: '', change: 'it was removed' },
    ]);
  });
});

describe('payloads', () => {
  const stay = { city: 'Lisbon', from: '2027-01-01', nights: 3 };

  test('that match the contract are valid, and those that break it are not', () => {
    expect(valid('commands/hotels.book.input.v1.json', stay)).toBe(true);
    expect(valid('commands/hotels.book.error.SoldOut.json', { freeFrom: '2027-02-17' })).toBe(true);
    expect(valid('commands/hotels.cancel.output.v1.json', null)).toBe(true);
    for (const wrong of [{ ...stay, nights: 1.5 }, { ...stay, from: 'tomorrow' }, { city: 'Lisbon' }, null])
      expect(valid('commands/hotels.book.input.v1.json', wrong)).toBe(false);
    expect(valid('commands/hotels.book.error.SoldOut.json', {})).toBe(false);
    expect(valid('commands/hotels.cancel.output.v1.json', {})).toBe(false);
  });

  test('with a member that a newer writer added are valid, unless the schema is strict', () => {
    const Strict = event('shops.strict', z.strictObject({ a: z.string(), open: z.object({}) }));
    const shops = exportContracts(system('shops', { processes: [heard(Strict)], services: [] }), places);
    const check = validator(shops, 'shops');
    expect(valid('commands/hotels.book.input.v1.json', { ...stay, stars: 5 })).toBe(true);
    expect(check('events/shops.strict.v1.json', { a: 'x', open: { more: 1 } })).toBe(true);
    expect(check('events/shops.strict.v1.json', { a: 'x', open: {}, more: 1 })).toBe(false);
  });

  test('are described in their parsed form: a field with a default is always present', () => {
    const Added = event('shops.item-added', z.object({ quantity: z.int().default(1) }));
    const shops = exportContracts(system('shops', { processes: [heard(Added)], services: [] }), places);
    expect(jsonOf('events/shops.item-added.v1.json', shops)['required']).toEqual(['quantity']);
  });
});

describe('versions', () => {
  const Address = versions(z.object({ street: z.string() })).next(z.object({ lines: z.array(z.string()) }), (old) => ({
    lines: [old.street],
  }));
  const Moved = event('homes.moved', Address);
  const homes = exportContracts(
    system('homes', { processes: [heard(Moved)], services: [service('movers', { move: command({ input: Address, output: Address }) })] }),
    places,
  );
  const check = validator(homes, 'homes');

  test('have one file each, and a message is checked against the file of its dataversion', () => {
    const paths = homes.map(({ path }) => path);
    for (const stem of ['events/homes.moved', 'commands/movers.move.input', 'commands/movers.move.output'])
      for (const version of [1, 2]) expect(paths).toContain(`${stem}.v${version}.json`);
    const message = { ...printed.event, source: 'homes', type: 'homes.moved' };
    const path = 'messages/homes.moved.event.json';
    const { dataversion: _, ...unversioned } = message;
    expect(check(path, { ...message, dataversion: 2, data: { lines: ['a'] } })).toBe(true);
    expect(check(path, { ...unversioned, data: { street: 'a' } })).toBe(true);
    expect(check(path, { ...message, dataversion: 2, data: { street: 'a' } })).toBe(false);
    expect(check(path, { ...unversioned, data: { lines: ['a'] } })).toBe(false);
    expect(check(path, { ...message, dataversion: 3, data: { lines: ['a'] } })).toBe(false);
  });
});

describe('a schema that cannot be converted to JSON Schema', () => {
  test.each([
    ['of a library without Standard JSON Schema', v.object({ at: v.string() }), /of the library valibot, has no/],
    [
      'with a failing conversion',
      z.object({
        at: z
          .string()
          .refine(() => true)
          .transform((text) => text),
      }),
      /the library zod cannot convert its schema to JSON Schema/,
    ],
  ])('%s is refused with the name of what it belongs to', (_what, schema, why) => {
    const clocks = system('clocks', { processes: [heard(event('clocks.struck', schema as z.ZodType<{ at: string }>))], services: [] });
    expect(() => exportContracts(clocks, places)).toThrow(
      expect.objectContaining({
        code: 'SCHEMA_WITHOUT_JSON_SCHEMA',
        message: expect.stringMatching(new RegExp(`^clocks\\.struck: .*${why.source}`)),
        remedy: expect.stringContaining('@valibot/to-json-schema'),
      }),
    );
  });
});

describe('the envelopes', () => {
  test.each(kinds)('accept the printed %s as that kind only', (kind) => {
    expect(kinds.filter((each) => valid(`envelopes/${each}.json`, printed[kind]))).toEqual([kind]);
  });

  test('every message of completed and undone bookings matches its own schema', async () => {
    const sent: { readonly path: string; readonly message: unknown }[] = [];
    const world = new CountedWorld(trips, (command) => {
      sent.push({ path: `messages/${command.type}.command.json`, message: command });
      return answerTo(command);
    });
    world.state.publisher.subscribe(({ type, detail }) => {
      const message = JSON.parse(detail) as { readonly commandid?: string };
      const commandOf = type === 'payments.payment-charged' ? 'payments.charge' : type.replace(/\.[a-z]+$/, '');
      sent.push({ path: message.commandid === undefined ? `messages/${type}.event.json` : `messages/${commandOf}.reply.json`, message });
    });
    await world.publish(CheckoutTravelCart, cartOf('cart-1'));
    await world.publish(CheckoutTravelCart, cartOf('cart-2', true));
    await world.settle();
    expect(sent).toHaveLength(2 + 4 + 1 + 4 + 6 + 6);
    for (const { path, message } of sent) expect([path, valid(path, message)]).toEqual([path, true]);
  });

  test('a reply is checked against the schema of its outcome', () => {
    const path = 'messages/hotels.book.reply.json';
    const command = { ...printed.command, type: 'hotels.book' } as unknown as CommandEnvelope;
    const reply = (outcome: 'completed' | 'failed' | 'cancelled' | 'deferred' | 'unknown', data: any, retryable?: boolean): unknown =>
      JSON.parse(
        buildShortReply(command, {
          service: 'hotels',
          outcome,
          data,
          time: common.time,
          ...(retryable === undefined ? {} : { retryable }),
        }),
      );
    const soldOut = { type: 'SoldOut', message: 'full', data: { freeFrom: '2027-02-17' } };
    for (const right of [
      reply('completed', { reference: 'HT1' }),
      reply('failed', soldOut),
      reply('failed', { type: 'POISON', message: 'x', data: null }, true),
      reply('cancelled', null),
      reply('deferred', null),
      reply('unknown', null),
    ])
      expect(valid(path, right)).toBe(true);
    for (const wrong of [
      reply('completed', {}),
      reply('failed', { ...soldOut, type: 'Full' }),
      reply('failed', { ...soldOut, data: {} }),
      reply('failed', { type: 'POISON', message: 'x', data: null }),
      { ...(reply('completed', { reference: 'HT1' }) as object), type: 'hotels.book.failed' },
    ])
      expect(valid(path, wrong)).toBe(false);
  });

  test('accept what parseEnvelope accepts as their kind and nothing else', () => {
    const value = fc.oneof(
      fc.jsonValue({ maxDepth: 3, stringUnit: 'grapheme' }),
      fc.constantFrom(
        'completed',
        'failed',
        '1.0',
        '1.1',
        HASH,
        'a',
        'a b',
        '',
        0,
        1,
        -1,
        1.5,
        2 ** 53,
        common.time,
        'default#p#i',
        true,
        null,
      ),
      fc.constantFrom(
        { type: 'A', message: 'b', data: null },
        { type: 'A', message: 'b' },
        { ['__proto__']: 1 },
        [{ constructor: 1 }],
        'x'.repeat(301),
      ),
    );
    const names = [
      ...new Set(kinds.flatMap((kind) => Object.keys(ENVELOPE_SCHEMAS[kind]['properties'] as object))),
      'unknown',
      'prototype',
    ];
    const changes = fc.array(fc.tuple(fc.constantFrom(...names), fc.option(value, { nil: undefined })), { maxLength: 3 });
    let accepted = 0;
    fc.assert(
      fc.property(fc.constantFrom(...kinds), changes, (kind, changed) => {
        const message = JSON.parse(JSON.stringify({ ...printed[kind], ...Object.fromEntries(changed) })) as unknown;
        const parsed = parseEnvelope(message).kind;
        if (parsed !== 'malformed') accepted += 1;
        expect(kinds.filter((each) => valid(`envelopes/${each}.json`, message))).toEqual(parsed === 'malformed' ? [] : [parsed]);
      }),
      { numRuns: 3000 },
    );
    expect(accepted).toBeGreaterThan(300);
  });
});

/** A process that starts on the event, which adds the event to a system. */
function heard(started: Event<`${string}.${string}`, any>) {
  return process(started.type.replaceAll('.', '-'), { startOn: started.byId(() => 'one') }, async () => {});
}

function answerTo(command: CommandEnvelope): Answer {
  const { city } = command.data as { readonly city?: string };
  if (city === 'Venice') return { failure: 'SoldOut', data: { freeFrom: '2027-02-17' } };
  if (command.type === 'payments.charge') return { output: { paymentId: 'p-7' }, type: 'payments.payment-charged' };
  return { output: command.type.endsWith('.book') ? { reference: 'R-1' } : null };
}
