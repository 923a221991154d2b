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

describe('keys that are of no instance', () => {
  test('begin with one letter, among them those of the table and of its indexes', () => {
    expect([...prefixes()]).toEqual(expect.arrayContaining(['A', 'D', 'J', 'K', 'L', 'P', 'T', 'X']));
  });

  test.each([...prefixes()])('begin with %s, which is no tenant', (prefix) => {
    expect(isTenant(prefix)).toBe(false);
    expect(buildPid(prefix, 'trip', '1')).toBeUndefined();
    expect(parsePid(`${prefix}#trip#1`)).toBeUndefined();
  });

  test('a tenant has at least two letters', () => {
    expect([isTenant('ab'), isTenant('default'), isTenant('x'.repeat(64))]).toEqual([true, true, true]);
  });
});
