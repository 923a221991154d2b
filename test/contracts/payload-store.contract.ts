import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { PayloadStore } from '../../lib/ports/payload-store.ts';

const PID = 'default#trip#t-1';
const hashOf = (json: string): string => createHash('sha256').update(json).digest('hex');

/** What every payload store does. `make` returns an empty one. */
export function payloadStoreContract(name: string, make: () => Promise<PayloadStore> | PayloadStore): void {
  describe(`payload store: ${name}`, () => {
    it.each([
      ['small', 100],
      ['large', 100_000],
    ])('returns what was put, as often as it was put, and nothing for other names: a %s value', async (_, repeats) => {
      const store = await make();
      const json = JSON.stringify({ text: 'grüezi'.repeat(repeats) });
      await store.put(PID, hashOf(json), json);
      await store.put(PID, hashOf(json), json);
      expect(await store.get(PID, hashOf(json))).toBe(json);
      expect(await store.get(PID, hashOf('another'))).toBeUndefined();
    });

    it('fetches a large value by its reference', async () => {
      const store = await make();
      const json = JSON.stringify({ text: 'x'.repeat(200_000) });
      await store.put(PID, hashOf(json), json);
      expect(await store.fetch(store.reference(PID, hashOf(json)))).toBe(json);
    });

    it.each(['', 'payload:x', 'https://example.org/x', 's3://another-bucket/orchestrator/p/x'])(
      'fetches nothing by a reference that is none of its own: %j',
      async (reference) => {
        expect(await (await make()).fetch(reference)).toBeUndefined();
      },
    );

    it.each(['', 'payload:x', 'https://example.org/x', 's3://another-bucket/orchestrator/p/x'])(
      'takes a reference that is none of its own for that of no author: %j',
      async (reference) => {
        expect((await make()).isOf(reference, { writer: 'orchestrator' })).toBe(false);
      },
    );

    it('fetches nothing by a reference to what was never put', async () => {
      const store = await make();
      expect(await store.fetch(store.reference(PID, hashOf('never put')))).toBeUndefined();
    });
  });
}
