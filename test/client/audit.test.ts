import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { AuditRequest } from '../../lib/client/operations/operations.ts';
import type { AuditedOperation } from '../../lib/client/operations/audit.ts';
import { operationsOn } from '../../lib/client/operations/operations-on.ts';
import type { Head } from '../../lib/ports/process-store.ts';
import { reachedConsole, type ReachedConsole } from '../console/reached-console.ts';
import { approval } from './shop-orders.ts';

describe('the audit of operations', () => {
  let shop: ReachedConsole;
  const audit = (
    request: Omit<AuditRequest, 'limit'> & { readonly limit?: number } = {},
  ): ReturnType<ReturnType<typeof operationsOn>['audit']> => operationsOn(shop.reach).audit({ limit: 100, ...request });
  const told = (operations: readonly AuditedOperation[]): string[] =>
    operations.map(({ operation, id, by, reason, detail }) => [operation, id, ...(detail ? [detail] : []), `${by}: ${reason}`].join(', '));

  beforeAll(async () => {
    shop = await reachedConsole();
    const { client } = shop;
    for (const id of ['a', 'b', 'c']) await client.start(approval, { item: `sofa ${id}` }, { id });
    await client.pause(approval, 'a', 'the customer asked');
    await client.resume(approval, 'a', { reason: 'the customer called back' });
    await client.resolve(approval, 'a', 'people.approve:1', { output: { by: 'Ada' }, reason: 'she said so' });
    await client.cancel(approval, 'b', 'no longer wanted');
    await client.terminate(approval, 'c', 'of a test');
    await client.start(approval, { item: 'a chair' }, { id: 'private' });
    await client.terminate(approval, 'private', 'of a test');
    await client.erase(approval, 'private', 'request 4711');
    await client.fork(approval, 'a', { at: 'people.approve:1', completed: 'leave', to: 'a-again', reason: 'a second try' });
  });
  afterAll(() => shop.close());

  test('lists each operation with its instance, principal, reason and detail, the oldest first', async () => {
    const { operations, read, unread, more } = await audit();
    expect([read, unread, more]).toEqual([5, [], undefined]);
    const by = 'local';
    expect(told(operations).slice(0, 6)).toEqual([
      `pause, a, ${by}: the customer asked`,
      `resume, a, from PAUSED, ${by}: the customer called back`,
      `resolve, a, people.approve:1, ${by}: she said so`,
      `cancel, b, ${by}: no longer wanted`,
      `terminate, c, ${by}: of a test`,
      `erase, private, ${by}: request 4711`,
    ]);
    expect(told(operations).slice(6).toSorted()).toEqual([
      `fork, a, as a-again, ${by}: a second try`,
      `fork, a-again, it is the fork, ${by}: a second try`,
    ]);
    expect(operations.every(({ at, run, operationId }) => !Number.isNaN(Date.parse(at)) && run !== '' && operationId !== '')).toBe(true);
  });

  test('is that of one instance, of a filter, of a principal, or of a time', async () => {
    expect(told((await audit({ process: 'approval', id: 'b' })).operations)).toHaveLength(1);
    expect((await audit({ where: 'status:cancelled' })).operations.map(({ id }) => id)).toEqual(['b']);
    expect((await audit({ by: 'nobody' })).operations).toEqual([]);
    expect((await audit({ since: Date.now() + 60_000 })).operations).toEqual([]);
    expect((await audit({ until: Date.now() - 60_000 })).operations).toEqual([]);
  });

  test('says how many instances it has read, and that there are more', async () => {
    expect(await audit({ limit: 2 })).toMatchObject({ read: 2, more: true });
  });

  test('names an instance whose journal is not whole, and lists the operations of the others', async () => {
    const [head] = await shop.store.load(['default#approval#b'], { consistent: true });
    await shop.store.commit({ ...(head as Head), pid: 'default#approval#gap', tailFrom: 3 }, { kind: 'absent' });
    const { operations, unread } = await audit();
    expect(unread).toEqual([{ process: 'approval', id: 'gap', why: expect.stringContaining('has no entry 0') }]);
    expect(operations.map(({ id }) => id)).toContain('b');
  });
});
