import { describe, expect, test } from 'vitest';
import type { CommandRecord, IdempotencyStore } from '../../lib/ports/idempotency-store.ts';

type Body = Omit<CommandRecord, 'revision'>;

const RUN: Body = { state: 'RUN', hash: 'sha256:aa', token: 'w1:1', leaseUntil: 2_000_000, command: '{"id":"a"}' };
const FULL: Body = { ...RUN, early: '{"outcome":"completed"}', once: true };
const PAUSED: Body = {
  state: 'RUN',
  hash: 'sha256:aa',
  command: '{"id":"a"}',
  failures: 3,
  maybeDone: true,
  lastError: { code: 'ECONNREFUSED', message: 'no \u00e9' },
  nextRunAt: 2_000_000,
  nonce: 'NNNNNNNNNNNNNNNNNNNNNN',
};
const REVOKED: Body = {
  state: 'REVOKED',
  hash: 'sha256:aa',
  command: '{"id":"a"}',
  failures: 1,
  lastError: { code: 'X', message: '' },
  nextRunAt: 5,
};
const DEFERRED: Body = { state: 'DEFERRED', hash: 'sha256:aa', command: '{"id":"a"}', beatAt: 7 };
const RESERVED: Body = { state: 'RUN', hash: 'sha256:aa', command: '{"id":"a"}', nextRunAt: 2_000_000, slotAt: 2_000_000 };
const LIMIT: Body = { state: 'LIMIT', hash: '', command: '{"m":20}' };
const TOMB: Body = { state: 'TOMB', hash: 'sha256:bb' };
const DONE: Body = { state: 'DONE', hash: 'sha256:aa', reply: '{"outcome":"completed","data":"\\u00e9"}' };

/** The contract of each idempotency store. `make` returns an empty one. */
export function idempotencyStoreContract(name: string, make: () => Promise<IdempotencyStore> | IdempotencyStore): void {
  describe(`idempotency store: ${name}`, () => {
    test('reads undefined if nothing was written', async () => {
      const store = await make();
      expect(await store.read('absent')).toBeUndefined();
    });

    test.each([
      ['RUN', FULL],
      ['paused RUN', PAUSED],
      ['retried RUN', { ...FULL, failures: 1, lastError: { code: 'X', message: 'y' } }],
      ['DEFERRED', DEFERRED],
      ['REVOKED', REVOKED],
      ['DONE', DONE],
      ['TOMB', TOMB],
      ['RUN with a reserved time', RESERVED],
      ['LIMIT', LIMIT],
    ])('keeps every field of a %s record, and no others', async (_, body) => {
      const store = await make();
      expect(await store.write('a', body, 'absent')).toEqual({ status: 'written' });
      const { revision, ...stored } = (await store.read('a'))!;
      expect(stored).toEqual(body);
      expect(Number.isInteger(revision)).toBe(true);
    });

    test('drops the fields that a later write leaves out', async () => {
      const store = await make();
      await store.write('a', FULL, 'absent');
      await store.write('a', PAUSED, 1);
      await store.write('a', RUN, 2);
      expect(await store.read('a')).toEqual({ ...RUN, revision: 3 });
      await store.write('a', DONE, (await store.read('a'))!.revision);
      const { revision: _, ...stored } = (await store.read('a'))!;
      expect(stored).toEqual(DONE);
    });

    test('refuses to create an existing record, and returns it', async () => {
      const store = await make();
      await store.write('a', RUN, 'absent');
      const current = await store.read('a');
      expect(await store.write('a', DONE, 'absent')).toEqual({ status: 'conflict', current });
      expect(await store.read('a')).toEqual(current);
    });

    test('refuses to change a record that does not exist', async () => {
      const store = await make();
      expect(await store.write('a', RUN, 1)).toEqual({ status: 'conflict', current: undefined });
      expect(await store.read('a')).toBeUndefined();
    });

    test('starts at revision 1 and counts every write, so that a writer knows the revision it wrote', async () => {
      const store = await make();
      await store.write('a', RUN, 'absent');
      expect((await store.read('a'))!.revision).toBe(1);
      await store.write('a', DEFERRED, 1);
      expect((await store.read('a'))!.revision).toBe(2);
      expect((await store.write('a', DONE, 1)).status).toBe('conflict');
      expect((await store.write('a', DONE, 2)).status).toBe('written');
    });

    test('lets exactly one of many writers at the same revision win', async () => {
      const store = await make();
      const claims = await Promise.all(Array.from({ length: 8 }, (_, n) => store.write('a', { ...RUN, token: `w${n}` }, 'absent')));
      expect(claims.filter((claim) => claim.status === 'written')).toHaveLength(1);
      const winner = claims.findIndex((claim) => claim.status === 'written');
      expect((await store.read('a'))!.token).toBe(`w${winner}`);
    });

    test('keeps one record per id', async () => {
      const store = await make();
      await store.write('default#trip#a/r1/1', RUN, 'absent');
      await store.write('default#trip#a/r1/2', DONE, 'absent');
      expect((await store.read('default#trip#a/r1/1'))!.state).toBe('RUN');
      expect((await store.read('default#trip#a/r1/2'))!.state).toBe('DONE');
    });

    test('resolves durable() after its writes', async () => {
      const store = await make();
      await store.write('a', RUN, 'absent');
      await store.durable();
      expect((await store.read('a'))!.state).toBe('RUN');
    });
  });
}
