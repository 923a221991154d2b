import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { breakingChanges } from '../../lib/contract/export/breaking-changes.ts';
import { exportContracts } from '../../lib/contract/export/export-contracts.ts';
import type { ExportedFile } from '../../lib/contract/export/exported-file.ts';
import { command, event, process, service, system, versions } from '../../lib/index.ts';
import type { Schema } from '../../lib/contract/schema.ts';

const places = { bus: 'shops', queue: (name: string) => name, deadLetter: (queue: string) => queue };

/** The exports of a system with one command that has this input. */
function exported(input: Schema, commands: Readonly<Record<string, z.ZodType>> = {}): readonly ExportedFile[] {
  const Opened = event('shops.opened', z.object({ id: z.string() }));
  const open = process('open', { startOn: Opened.byId(({ id }) => id) }, async () => {});
  const definitions = Object.fromEntries(
    Object.entries({ sell: input, ...commands }).map(([verb, schema]) => [verb, command({ input: schema as z.ZodType<null> })]),
  );
  return exportContracts(system('shops', { processes: [open], services: [service('tills', definitions)] }), places);
}

const Sale = { item: z.string(), price: z.int().min(0), kind: z.enum(['cash', 'card']).optional(), tags: z.array(z.string()) };
const sale = z.object(Sale);
const changes = (before: Schema, after: Schema) =>
  breakingChanges(exported(before), exported(after)).map(({ at, change }) => `${at}: ${change}`);

describe('nothing breaks', () => {
  test.each<[string, Schema]>([
    ['without a change', z.object(Sale)],
    ['by a new optional field', z.object({ ...Sale, note: z.string().optional() })],
    ['by a description', z.object({ ...Sale, item: z.string().describe('The sold item') })],
    ['by a new version', versions(sale).next(z.object({ items: z.array(z.string()) }), (old) => ({ items: [old.item] })) as Schema],
  ])('%s', (_what, after) => {
    expect(changes(sale, after)).toEqual([]);
  });

  test('by a new command', () => {
    expect(breakingChanges(exported(sale), exported(sale, { refund: sale }))).toEqual([]);
  });
});

describe('it breaks', () => {
  test.each<[string, Schema, string]>([
    ['a new required field', z.object({ ...Sale, till: z.int() }), '/properties/till: it is new and required'],
    [
      'a field with a default, which always travels',
      z.object({ ...Sale, till: z.int().default(1) }),
      '/properties/till: it is new and required',
    ],
    ['a removed field', z.object({ item: Sale.item, kind: Sale.kind, tags: Sale.tags }), '/properties/price: it was removed'],
    [
      'a required field that becomes optional',
      z.object({ ...Sale, item: z.string().optional() }),
      '/properties/item: it was required and is optional',
    ],
    [
      'an optional field that becomes required',
      z.object({ ...Sale, kind: z.enum(['cash', 'card']) }),
      '/properties/kind: it was optional and is required',
    ],
    ['another type', z.object({ ...Sale, item: z.int() }), '/properties/item/type: it was "string" and is "integer"'],
    ['a wider limit, for readers', z.object({ ...Sale, price: z.int().min(-5) }), '/properties/price/minimum: it was 0 and is -5'],
    [
      'a new value of an enumeration',
      z.object({ ...Sale, kind: z.enum(['cash', 'card', 'gift']).optional() }),
      '/properties/kind/enum: it was ["cash","card"] and is ["cash","card","gift"]',
    ],
    [
      'an element of a list',
      z.object({ ...Sale, tags: z.array(z.string().max(5)) }),
      '/properties/tags/items/maxLength: it was absent and is 5',
    ],
    ['strictness', z.strictObject(Sale), '/additionalProperties: it was absent and is false'],
  ])('%s', (_what, after, change) => {
    expect(changes(sale, after)).toContain(change);
  });

  test('a new field under a strict schema', () => {
    const strict = z.strictObject({ item: z.string() });
    expect(changes(strict, z.strictObject({ item: z.string(), note: z.string().optional() }))).toEqual([
      '/properties/note: it is new, and the previous contract refuses unknown members',
    ]);
  });

  test('an alternative that is added to a union', () => {
    expect(changes(z.union([z.string(), z.int()]), z.union([z.string(), z.int(), z.null()]))).toEqual([
      '/anyOf: it had 2 alternatives and has 3',
    ]);
  });

  test('a removed command and a removed version', () => {
    const two = versions(z.object({ a: z.string() })).next(sale, () => ({ item: '', price: 0, tags: [] }));
    expect(breakingChanges(exported(two as Schema, { refund: sale }), exported(sale)).map(({ file, change }) => [file, change])).toEqual(
      expect.arrayContaining([
        ['commands/tills.refund.input.v1.json', 'it was removed'],
        ['commands/tills.sell.input.v2.json', 'it was removed'],
      ]),
    );
  });
});
