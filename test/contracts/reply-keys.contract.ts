import { describe, expect, test } from 'vitest';
import type { ReplyKey, ReplyKeys } from '../../lib/ports/reply-keys.ts';

const key = (id: string, since: number): ReplyKey => ({ id, secret: `secret-of-${id}`, since });
const [FIRST, SECOND, OTHER] = [key('key-0001', 5), key('key-0002', 1_800_000_000_000), key('key-0003', 7)];

/** The contract of each store of reply keys. `make` returns an empty one. */
export function replyKeysContract(name: string, make: () => Promise<ReplyKeys> | ReplyKeys): void {
  describe(`reply keys: ${name}`, () => {
    test('has no key at first, and then each added key, in order', async () => {
      const keys = await make();
      expect(await keys.keys()).toEqual([]);
      expect(await keys.add(FIRST, undefined)).toBe(true);
      expect(await keys.add(SECOND, FIRST.id)).toBe(true);
      expect(await keys.keys()).toEqual([FIRST, SECOND]);
    });

    test('adds nothing if another key was added before, so that all workers sign with the same key', async () => {
      const keys = await make();
      expect(await keys.add(OTHER, FIRST.id)).toBe(false);
      expect(await keys.add(FIRST, undefined)).toBe(true);
      expect(await keys.add(OTHER, undefined)).toBe(false);
      expect(await keys.add(SECOND, FIRST.id)).toBe(true);
      expect(await keys.add(OTHER, FIRST.id)).toBe(false);
      expect(await keys.keys()).toEqual([FIRST, SECOND]);
    });
  });
}
