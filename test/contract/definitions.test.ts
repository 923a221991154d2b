import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { command, commandContract } from '../../lib/contract/command.ts';
import { CommandFailed } from '../../lib/contract/errors.ts';
import { correlationContract, event, eventContract } from '../../lib/contract/event.ts';
import type { Message } from '../../lib/contract/message.ts';
import type { AnyProcess } from '../../lib/contract/process-contract.ts';
import type { ProcessContract } from '../../lib/contract/runtime-contract.ts';
import { parse } from '../../lib/contract/schema.ts';
import { limitsText } from '../../lib/contract/limits.ts';
import { service, serviceContract } from '../../lib/contract/service.ts';
import { system, systemContract } from '../../lib/contract/system.ts';
import { serve } from '../../lib/service/serve.ts';
import { servedParts } from '../../lib/service/served.ts';

const refused = (code: string, message: unknown = expect.any(String)) => expect.objectContaining({ code, message });

const Charged = event('payments.payment-charged', z.object({ paymentId: z.string() }));
const refund = command({ input: z.object({ paymentId: z.string() }) });
const charge = command({
  input: z.object({ amount: z.int() }),
  output: Charged,
  errors: { CardDeclined: z.object({ reason: z.string(), tries: z.int().default(1) }) },
  undo: { command: refund, input: (_charge, receipt) => ({ paymentId: receipt.paymentId }) },
  timeout: '1 minute',
  heartbeat: '30 seconds',
  retry: { attempts: 3 },
});
const payments = service('payments', { charge, refund });

/** The members of a process definition that a system reads. */
function processOf(name: string, contract: Partial<ProcessContract> = {}): AnyProcess {
  const held: ProcessContract = {
    name,
    version: 1,
    kind: 'async',
    startOn: [],
    receives: [],
    publishes: new Map(),
    errors: {},
    onOpen: 'reject',
    onClosed: 'reject',
    late: 'park',
    earlyMs: 0,
    ...contract,
  };
  return { name, '~': held as never };
}

describe('limits of a command', () => {
  const input = z.object({ account: z.string() });
  const served = (limits: object): unknown => {
    const one = service('bureau', { score: command({ input, limits }) });
    return servedParts(serve(one, { score: async () => null })).commands.get('bureau.score')?.limits;
  };

  test('are kept as they are written, and checked by the service', () => {
    expect(served({ rate: '10 per minute', concurrency: 4 })).toEqual({ rate: { most: 10, periodMs: 60_000 }, concurrency: 4 });
    expect(limitsText({ rate: '10 per minute', concurrency: 4, key: () => '' })).toBe('10 per minute and 4 at once for each key');
  });

  test('of a large count are kept as a smaller count in a shorter period', () => {
    expect(served({ rate: '1000 per second' })).toEqual({ rate: { most: 100, periodMs: 100 } });
    expect(served({ rate: '151 per minute' })).toEqual({ rate: { most: 75, periodMs: 30_000 } });
  });

  test.each([
    [{}, 'limits had neither rate nor concurrency'],
    [{ rate: '0 per second' }, 'limits.rate was "0 per second"'],
    [{ rate: '10 per week' }, 'limits.rate was "10 per week"'],
    [{ rate: 10 }, 'limits.rate was 10'],
    [{ concurrency: 0 }, 'limits.concurrency was 0'],
    [{ concurrency: 2.5 }, 'limits.concurrency was 2.5'],
    [{ concurrency: 1, key: 'account' }, 'limits.key was "account"'],
  ])('that are wrong are refused by serve: %j', (limits, message) => {
    expect(() => served(limits)).toThrow(refused('CONTRACT_INVALID', expect.stringContaining(`bureau.score: ${message}`)));
  });
});

describe('event', () => {
  test('is a frozen value that holds its owner, schema and dedupeBy', () => {
    const dedupeBy = (data: { id: string }) => data.id;
    const Moved = event('fleet.moved', z.object({ id: z.string() }), { dedupeBy });
    expect(Object.isFrozen(Moved)).toBe(true);
    expect(eventContract(Moved)).toMatchObject({ type: 'fleet.moved', owner: 'fleet', dedupeBy });
    expect('dedupeBy' in eventContract(Charged)).toBe(false);
  });

  test('is a schema of its data', () => {
    expect(parse(Charged, { paymentId: 'p' }, 'it was given')).toEqual({ paymentId: 'p' });
    expect(() => parse(Charged, {}, 'it was given')).toThrow(refused('DATA_INVALID'));
  });

  test('correlates by id and by key', () => {
    const byId = Charged.byId((data) => data.paymentId);
    const byKey = Charged.byKey((data) => `key ${data.paymentId}`);
    expect(byId).toMatchObject({ '~event': 'payments.payment-charged', by: 'id' });
    expect(correlationContract(byKey)).toMatchObject({ by: 'key', event: eventContract(Charged) });
    expect(correlationContract(byId).of({ paymentId: 'p' } as never)).toBe('p');
    expect(correlationContract(byKey).of({ paymentId: 'p' } as never)).toBe('key p');
  });

  test('recognises its messages by type', () => {
    const message: Message = { type: 'payments.payment-charged', data: {}, id: '1', source: 'payments', time: '2026-11-21T10:00:00.000Z' };
    expect(Charged.is(message)).toBe(true);
    expect(Charged.is({ ...message, type: 'payments.other' })).toBe(false);
  });
});

describe('service', () => {
  test('names its commands and holds their contracts', () => {
    expect(payments.charge.name).toBe('payments.charge');
    expect([...serviceContract(payments).commands.keys()]).toEqual(['payments.charge', 'payments.refund']);
    expect(serviceContract(payments).commands.get('payments.charge')).toBe(commandContract(payments.charge));
    expect(Object.isFrozen(payments) && Object.isFrozen(payments.charge)).toBe(true);
  });

  test('a command holds the members of its definition', () => {
    const contract = commandContract(payments.charge);
    expect(contract).toMatchObject({
      service: 'payments',
      outputEvent: 'payments.payment-charged',
      timeoutMs: 60_000,
      heartbeatMs: 30_000,
    });
    expect(contract.retry.attempts).toBe(3);
    expect(contract.undo?.command).toBe('payments.refund');
    expect(contract.undo?.input({} as never, { paymentId: 'p-7' } as never)).toEqual({ paymentId: 'p-7' });
  });

  test('a command without options has 15 minutes per run and is retried for 3 days, from 1 second doubling to 5 minutes', () => {
    const contract = commandContract(payments.refund);
    expect(contract.timeoutMs).toBe(900_000);
    expect(contract.retry).toEqual({
      withinMs: 259_200_000,
      attempts: Number.POSITIVE_INFINITY,
      firstMs: 1000,
      factor: 2,
      mostMs: 300_000,
    });
    expect(['outputEvent', 'undo', 'heartbeatMs'].filter((field) => field in contract)).toEqual([]);
    expect(parse(contract.output, undefined, 'it was given')).toBe(null);
  });

  test('an unknown outcome of a command with an undo stops its process, unless the contract says to continue', () => {
    const undo = { command: refund, input: () => ({ paymentId: 'p' }) };
    const onUnknownOf = (more: object): unknown =>
      commandContract(service('s', { refund, c: command({ input: z.object({}), ...more }) } as never)['c'] as never).onUnknown;
    expect([onUnknownOf({}), onUnknownOf({ undo }), onUnknownOf({ undo, onUnknown: 'continue' })]).toEqual(['stuck', 'stuck', 'continue']);
    expect(() => onUnknownOf({ onUnknown: 'continue' })).toThrow(refused('CONTRACT_INVALID', expect.stringContaining('without undo')));
    expect(() => onUnknownOf({ undo, onUnknown: 'fail' })).toThrow(refused('CONTRACT_INVALID', expect.stringContaining("'fail'")));
    expect(() => onUnknownOf({ undo, onUnknown: 7 })).toThrow(refused('CONTRACT_INVALID', expect.stringContaining('a number')));
  });

  test('an undo of another service is refused', () => {
    expect(() => service('billing', { charge })).toThrow(refused('UNDO_ELSEWHERE', expect.stringContaining('billing.charge')));
  });

  test('one definition serves in two services, each with its own undo', () => {
    const cancel = command({ input: z.object({ id: z.string() }) });
    const book = command({
      input: z.object({}),
      output: z.object({ id: z.string() }),
      undo: { command: cancel, input: (_input, kept) => kept },
    });
    const undoOf = (name: string) => commandContract(service(name, { book, cancel }).book).undo?.command;
    expect([undoOf('flights'), undoOf('hotels')]).toEqual(['flights.cancel', 'hotels.cancel']);
  });
});

describe('declared errors', () => {
  test('are created with parsed data and the given message', () => {
    const error = payments.charge.errors.CardDeclined({ reason: 'expired' }, 'No luck.');
    expect(error).toBeInstanceOf(CommandFailed);
    expect(error).toMatchObject({
      command: 'payments.charge',
      type: 'CardDeclined',
      data: { reason: 'expired', tries: 1 },
      message: 'No luck.',
    });
  });

  test('with wrong data are refused', () => {
    expect(() => payments.charge.errors.CardDeclined({ reason: 7 } as never)).toThrow(
      refused('DATA_INVALID', expect.stringContaining('payments.charge failed with CardDeclined, with reason 7: ')),
    );
  });

  test('are recognised by their own command only', () => {
    const error = payments.charge.errors.CardDeclined({ reason: 'expired' });
    expect(payments.charge.failed(error)).toBe(true);
    expect(payments.refund.failed(error)).toBe(false);
    expect(payments.charge.failed({ ...error })).toBe(false);
    expect(payments.charge.failed(new CommandFailed({ command: 'payments.charge', type: 'toString', data: null }))).toBe(false);
  });
});

describe('system', () => {
  test('holds processes by name with the highest version first, services, commands and all events', () => {
    const Placed = event('orders.order-placed', z.object({ id: z.string() }));
    const Shipped = event('orders.order-shipped', z.object({ id: z.string() }));
    const startOn = [correlationContract(Placed.byId((placed) => placed.id))];
    const one = processOf('fulfil', { startOn, publishes: new Map([[Shipped.type, eventContract(Shipped)]]) });
    const two = processOf('fulfil', { version: 2 });
    const orders = system('orders', { processes: [one, two], services: [payments] });
    const contract = systemContract(orders);
    expect(orders.name).toBe('orders');
    expect(contract.processes.get('fulfil')?.map(({ version }) => version)).toEqual([2, 1]);
    expect([...contract.services.keys()]).toEqual(['payments', 'steps']);
    expect([...contract.commands.keys()]).toEqual(['payments.charge', 'payments.refund', 'steps.run', 'steps.once', 'steps.undo']);
    expect([...contract.events.keys()]).toEqual(['orders.order-placed', 'orders.order-shipped', 'payments.payment-charged']);
  });

  test('reports all faults at once', () => {
    const Again = event('payments.payment-charged', z.object({ other: z.string() }));
    const Loud = event('Shop.Sold', z.object({}));
    const receives = [correlationContract(Again.byId((again) => again.other)), correlationContract(Loud.byId(() => 'x'))];
    const faulty = [processOf('Bad Name', { receives }), processOf('twice'), processOf('twice'), processOf('half', { version: 0.5 })];
    const plain = command({ input: z.object({}) });
    const services = [
      payments,
      payments,
      service('inbox', { plain }),
      service('inbox-dead-letter', { plain }),
      service('hot-lane', { plain }),
      service('orchestrator', { plain }),
      service('odd', { constructor: plain, 'Two Words': plain }),
    ];
    const error = (() => {
      try {
        return system('My System', { processes: faulty, services });
      } catch (thrown) {
        return thrown;
      }
    })();
    expect(error).toMatchObject({ code: 'CONTRACT_INVALID' });
    const { faults } = (error as { details: { faults: string[] } }).details;
    expect(faults).toEqual([
      'the system name "My System" is not kebab-case of at most 50 characters',
      'the process name "Bad Name" is not kebab-case of at most 50 characters',
      'the process twice is listed twice with the version 1',
      'the process half has the version 0.5, expected a whole number of 1 or more',
      'the service payments is listed twice',
      'a service cannot have the name inbox, which is the queue of the orchestrator',
      'a service cannot have the name inbox-dead-letter: names that end in -dead-letter are reserved for dead-letter queues',
      'a service cannot have the name hot-lane, which is a queue of the orchestrator',
      'a service cannot have the name orchestrator, which is the writer of the large values of the engine',
      'the command name "odd.constructor" does not end in a verb such as charge or bookFlight',
      'the command name "odd.Two Words" does not end in a verb such as charge or bookFlight',
      'the event type "Shop.Sold" is not an owner, a dot and a kebab-case name',
      'the event payments.payment-charged is defined twice with different schemas',
    ]);
    expect((error as Error).message).toContain('has 13 faults: ');
  });

  test('refuses a published event of another owner, and an output event of another service', () => {
    const Charged = event('payments.payment-charged', z.object({ id: z.string() }));
    const charge = command({ input: z.object({}), output: Charged });
    const published = processOf('tell', { publishes: new Map([[Charged.type, eventContract(Charged)]]) });
    expect(() => system('orders', { processes: [published], services: [service('billing', { charge })] })).toThrow(
      'has 2 faults: the process tell publishes payments.payment-charged, which belongs to payments: expected an event of orders; ' +
        'the command billing.charge has the output payments.payment-charged, which belongs to payments: expected an event of billing.',
    );
  });
});
