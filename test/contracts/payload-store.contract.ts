import { describe, expect, it } from 'vitest';
import type { PayloadStore } from '../../lib/ports/payload-store.ts';

/** What every payload store does. `make` returns an empty one. */
export function payloadStoreContract(name: string, make: () => Promise<PayloadStore> | PayloadStore): void {
  describe(`payload store: ${name}`, () => {
    it('returns what was put, as often as it was put, and nothing for other names', async () => {
      const store = await make();
      const json = JSON.stringify({ text: 'grüezi'.repeat(100_000) });
      await store.put('ab', json);
      await store.put('ab', json);
      expect(await store.get('ab')).toBe(json);
      expect(await store.get('cd')).toBeUndefined();
    });
  });
}
