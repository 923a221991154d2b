import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { versions } from 'tutti';
import { type Schema, givenBefore, parseGiven, parseStored, versionOfData } from '../../lib/contract/schema.ts';

describe('a value whose version is not known', () => {
  const V1 = z.object({ street: z.string() });
  const V2 = z.object({ lines: z.array(z.string()) });
  const V3 = V2.extend({ country: z.string().optional() });
  const address = versions(V1)
    .next(V2, ({ street }) => ({ lines: [street] }))
    .next(V3, (old) => ({ ...old, country: 'NO' })) as unknown as Schema;

  test('is parsed by the newest version that accepts it, and upcast, if a writer passes it', () => {
    expect(parseGiven(address, { lines: ['a'], more: 1 }, 'x')).toEqual({ lines: ['a'] });
    expect(parseGiven(address, { street: 'a' }, 'x')).toEqual({ lines: ['a'], country: 'NO' });
    expect(() => parseGiven(address, { road: 'a' }, 'x was given')).toThrow(/^x was given lines missing/);
    expect(() => parseGiven(V1, { road: 'a' }, 'x was given')).toThrow(/^x was given street missing/);
  });

  test('has one parsed form for each earlier contract with fewer versions', () => {
    expect([...givenBefore(address, { street: 'a' })]).toEqual([
      { version: 2, data: { lines: ['a'] } },
      { version: 1, data: { street: 'a' } },
    ]);
    expect([...givenBefore(address, { lines: ['a'] })]).toEqual([{ version: 2, data: { lines: ['a'] } }]);
    expect([...givenBefore(V1, { street: 'a' })]).toEqual([]);
  });

  test('has the oldest version that parses it unchanged, if it is stored', () => {
    expect([{ street: 'a' }, { lines: ['a'] }, { lines: ['a'], country: 'SE' }].map((data) => versionOfData(address, data))).toEqual([
      1, 2, 3,
    ]);
    expect([versionOfData(address, { road: 'a' }), versionOfData(V1, { road: 'a' })]).toEqual([3, 1]);
  });

  test('is read as the newest version if it is stored, and unchanged if no version accepts it', () => {
    expect(parseStored(address, { street: 'a' })).toEqual({ lines: ['a'], country: 'NO' });
    expect(parseStored(address, { lines: ['a'] }, 3)).toEqual({ lines: ['a'] });
    expect(parseStored(address, { lines: ['a'] }, 4)).toEqual({ lines: ['a'] });
    expect(parseStored(address, { road: 'a' })).toEqual({ road: 'a' });
  });
});
