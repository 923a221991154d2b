import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { actIdentity, identityOf } from '../../lib/core/identity.ts';
import { sha256 } from '../../lib/format/inbox-message.ts';

const named = (pid: string, event: string, id: string): string => identityOf(sha256, { pid, event, id });

describe('the identity of an event at an instance', () => {
  test('is the first 128 bits of SHA-256 as base64url', () => {
    for (let i = 0; i < 200; i += 1) {
      const bits = createHash('sha256').update(`default#buy#a shop.buy k-${i}`).digest().subarray(0, 16);
      expect(named('default#buy#a', 'shop.buy', `k-${i}`)).toBe(bits.toString('base64url'));
    }
  });

  test('differs by instance, type and id', () => {
    const all = [
      named('default#buy#a', 'shop.buy', 'o-7'),
      named('default#buy#b', 'shop.buy', 'o-7'),
      named('other#buy#a', 'shop.buy', 'o-7'),
      named('default#buy#a', 'ads.promo', 'o-7'),
      named('default#buy#a', 'shop.buy', 'o-8'),
      actIdentity(sha256, 'default#buy#a', 'o-7'),
    ];
    expect(new Set(all).size).toBe(all.length);
  });

  test('differs for two ids that had one FNV-1a digest', () => {
    expect(named('default#buy#mallory', 'shop.buy', 'k-onn1')).not.toBe(named('default#buy#mallory', 'shop.buy', 'k-1gjqe8'));
  });
});
