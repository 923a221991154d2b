import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { PayloadStore } from '../../lib/ports/payload-store.ts';

const PID = 'default#trip#t-1';
const hashOf = (json: string): string => createHash('sha256').update(json).digest('hex');

/** The contract of each payload store. `make` returns an empty one. */
export function payloadStoreContract(name: string, make: () => Promise<PayloadStore> | PayloadStore): void {
  describe(`payload store: ${name}`, () => {
    test.each([
      ['small', 100],
      ['large', 100_000],
    ])('returns a value after one put or several, and undefined for other names: a %s value', async (_, repeats) => {
      const store = await make();
      const json = JSON.stringify({ text: 'grüezi'.repeat(repeats) });
      await store.put(PID, hashOf(json), json);
      await store.put(PID, hashOf(json), json);
      expect(await store.get(PID, hashOf(json))).toBe(json);
      expect(await store.get(PID, hashOf('another'))).toBeUndefined();
    });

    test('fetches a large value by its reference', async () => {
      const store = await make();
      const json = JSON.stringify({ text: 'x'.repeat(200_000) });
      await store.put(PID, hashOf(json), json);
      expect(await store.fetch(store.reference(PID, hashOf(json)))).toBe(json);
    });

    test.each(['', 'payload:x', 'https://example.org/x', 's3://another-bucket/orchestrator/p/x'])(
      'fetches undefined by a reference of another store: %j',
      async (reference) => {
        expect(await (await make()).fetch(reference)).toBeUndefined();
      },
    );

    test.each(['', 'payload:x', 'https://example.org/x', 's3://another-bucket/orchestrator/p/x'])(
      'accepts a reference of another store for no author: %j',
      async (reference) => {
        expect((await make()).isOf(reference, { writer: 'orchestrator' })).toBe(false);
      },
    );

    test('fetches undefined by a reference to a value that was never put', async () => {
      const store = await make();
      expect(await store.fetch(store.reference(PID, hashOf('never put')))).toBeUndefined();
    });
  });
}
