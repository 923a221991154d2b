import { afterEach, describe, expect, test } from 'vitest';
import type { Client } from '../../lib/client/client.ts';
import { isOrchestratorError } from '../../lib/contract/errors.ts';
import { startLocal, type LocalSystem } from '../../lib/local/start-local.ts';
import { serve } from '../../lib/service/serve.ts';
import { Attaching, attaching, Confirmed, fulfil, payments, Placed, shop, signalling, Signalling } from './orders-system.ts';

const open: LocalSystem[] = [];
afterEach(async () => {
  for (const local of open.splice(0)) await local.stop();
});

const start = async (): Promise<Client> => {
  const services = [
    serve(payments, {
      charge: async () => ({ paymentId: 'p-1' }),
      refund: async () => undefined,
      repay: async ({ orderId }) => ({ orderId }),
    }),
  ];
  const local = await startLocal(shop, { services });
  open.push(local);
  return local.client;
};

/** The error that a caller receives: a code, a message and a remedy in one sentence. */
const refusal = async (act: Promise<unknown>): Promise<string> => {
  const error: unknown = await act.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!isOrchestratorError(error)) throw error ?? new TypeError('it was not refused');
  expect(error.remedy).toMatch(/^[A-Z].*\.$/s);
  expect(error.message).toMatch(/\w/);
  return error.code;
};

describe('a wrong call of the client is refused at once, with a code and a remedy', () => {
  test('the client refuses data that breaks its schema', async () => {
    const shopClient = await start();
    expect(await refusal(shopClient.start(fulfil, { orderId: 7 } as never))).toBe('DATA_INVALID');
    expect(await refusal(shopClient.publish(Placed, {} as never))).toBe('DATA_INVALID');
    expect(await refusal(shopClient.signal(fulfil, 'o-1', Confirmed, { orderId: 'o-1' } as never))).toBe('DATA_INVALID');
  });

  test('the client refuses an event that is too large for the bus', async () => {
    const shopClient = await start();
    expect(await refusal(shopClient.publish(Placed, { orderId: 'o-1', note: 'x'.repeat(21 * 1024 * 1024) }))).toBe('DATA_TOO_LARGE');
  });

  test('the client refuses an id with invalid characters', async () => {
    const shopClient = await start();
    for (const orderId of ['', 'a b', 'a#b', '../x', 'x'.repeat(201)]) {
      expect(await refusal(shopClient.start(fulfil, { orderId }))).toBe('DATA_INVALID');
      expect(await refusal(shopClient.describe(fulfil, orderId))).toBe('NOT_FOUND');
    }
    expect(await refusal(shopClient.publish(Placed, { orderId: 'o-1' }, { id: 'no spaces' }))).toBe('DATA_INVALID');
  });

  test('the client refuses data that JSON cannot express', async () => {
    const shopClient = await start();
    expect(await refusal(shopClient.publish(Placed, { orderId: 'o-1', note: '\ud83d' }))).toBe('DATA_INVALID');
  });

  test('the client refuses a call for an instance that was not started', async () => {
    const shopClient = await start();
    for (const act of [shopClient.cancel(fulfil, 'o-9', 'r'), shopClient.resume(fulfil, 'o-9'), shopClient.query(fulfil, 'o-9')])
      expect(await refusal(act)).toBe('NOT_FOUND');
  });

  test('the client refuses an id that is open, used or closed', async () => {
    const shopClient = await start();
    await shopClient.start(fulfil, { orderId: 'o-1' });
    expect(await refusal(shopClient.start(fulfil, { orderId: 'o-1' }))).toBe('ALREADY_OPEN');
    await shopClient.signal(fulfil, 'o-1', Confirmed, { orderId: 'o-1', by: 'ann' });
    expect(await shopClient.result(fulfil, 'o-1')).toEqual({ paymentId: 'p-1', by: 'ann' });
    expect(await refusal(shopClient.start(fulfil, { orderId: 'o-1' }))).toBe('ALREADY_USED');
    expect(await refusal(shopClient.signal(fulfil, 'o-1', Confirmed, { orderId: 'o-1', by: 'bob' }))).toBe('CLOSED');
    expect(await refusal(shopClient.cancel(fulfil, 'o-1', 'too late'))).toBe('CLOSED');
  });

  test('a start may attach to an open instance, or hand its input over', async () => {
    const shopClient = await start();
    await shopClient.start(signalling, { orderId: 'o-1' });
    expect(await shopClient.start(signalling, { orderId: 'o-1' }, { onOpen: 'attach' })).toMatchObject({ started: false });
    expect(await shopClient.start(signalling, { orderId: 'o-1', note: 'over' })).toMatchObject({ started: false });
    expect(await shopClient.result(signalling, 'o-1')).toEqual({ second: 'over' });
  });

  test('a request that is repeated under one id is applied once', async () => {
    const shopClient = await start();
    for (let copies = 0; copies < 3; copies += 1) await shopClient.publish(Signalling, { orderId: 'o-2' }, { id: 'same' });
    await shopClient.publish(Signalling, { orderId: 'o-2', note: 'other' }, { id: 'other' });
    expect(await shopClient.result(signalling, 'o-2')).toEqual({ second: 'other' });
    await shopClient.publish(Attaching, { orderId: 'o-3' });
    await shopClient.result(attaching, 'o-3');
  });
});
