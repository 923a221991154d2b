import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { buildPid, isTenant, parsePid } from '../../../lib/contract/wire/process-id.ts';

// A pid begins with its tenant, and so do the partitions that `grantRead({ tenant })` allows. No other partition may begin like one of a tenant.

const folder = new URL('../../../lib/adapters/dynamodb/', import.meta.url);

/** The first words of all strings of the adapters that have a `#` behind the first word: partitions and sort keys. */
const prefixes = (): ReadonlySet<string> => {
  const sources = readdirSync(folder).map((file) => readFileSync(new URL(file, folder), 'utf8'));
  return new Set(
    sources.flatMap((source) => [...source.matchAll(/['"`]([A-Za-z0-9._-]+)#(?=[^'"`\s]*['"`])/g)].map(([, prefix = '']) => prefix)),
  );
};

describe('partition keys of items that belong to no instance', () => {
  test('each such key begins with one letter, as do the keys of the table and its indexes', () => {
    expect([...prefixes()]).toEqual(expect.arrayContaining(['A', 'D', 'J', 'K', 'L', 'P', 'T', 'X']));
  });

  test.each([...prefixes()])('the prefix %s is not a valid tenant', (prefix) => {
    expect(isTenant(prefix)).toBe(false);
    expect(buildPid(prefix, 'trip', '1')).toBeUndefined();
    expect(parsePid(`${prefix}#trip#1`)).toBeUndefined();
  });

  test('a tenant of one letter is refused', () => {
    expect([isTenant('ab'), isTenant('default'), isTenant('x'.repeat(64))]).toEqual([true, true, true]);
  });
});
