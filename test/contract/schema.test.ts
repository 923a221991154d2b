import * as v from 'valibot';
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { milliseconds, type Duration } from '../../lib/contract/duration.ts';
import { event } from '../../lib/contract/event.ts';
import { NEWER, type Schema, nothingSchema, parse, parseVersion, versionOf, versions, withoutValues } from '../../lib/contract/schema.ts';

const refused = (code: string, message: unknown = expect.any(String)) => expect.objectContaining({ code, message });
const answering = (answer: unknown): Schema => ({ '~standard': { version: 1, vendor: 'test', validate: () => answer as never } });

describe('parse', () => {
  test('returns the parsed value, with defaults filled in, for any schema library', () => {
    expect(parse(z.object({ a: z.string(), b: z.int().default(1) }), { a: 'x' }, 'it was given')).toEqual({ a: 'x', b: 1 });
    expect(parse(v.object({ a: v.string(), b: v.optional(v.number(), 1) }), { a: 'x' }, 'it was given')).toEqual({ a: 'x', b: 1 });
  });

  test('calls the schema once and returns the object that it created', () => {
    const value = { a: [1] };
    let asked = 0;
    const schema: Schema = { '~standard': { version: 1, vendor: 'test', validate: () => ((asked += 1), { value }) } };
    expect(parse(schema, {}, 'it was given')).toBe(value);
    expect(asked).toBe(1);
  });

  test('names the received value and the allowed values in its message', () => {
    const schema = z.object({ amount: z.int().min(0, 'expected at least 0') });
    expect(() => parse(schema, { amount: -5 }, 'payments.charge was called with')).toThrow(
      refused('DATA_INVALID', 'payments.charge was called with amount -5: expected at least 0.'),
    );
  });

  test('names nested and missing fields and lists them in the details', () => {
    const schema = v.object({ lines: v.array(v.object({ item: v.string('expected text') })) });
    const error = caught(() => parse(schema, { lines: [{ item: 'a' }, {}] }, 'it was given'));
    expect(error).toMatchObject({ code: 'DATA_INVALID' });
    expect((error as Error).message).toMatch(/^it was given lines\.1\.item missing: /);
    expect(error).toMatchObject({ details: { issues: [{ path: 'lines.1.item' }] } });
  });

  test('shows at most five issues and 80 characters of a value', () => {
    const issues = Array.from({ length: 7 }, () => ({ message: 'wrong' }));
    const { message } = caught(() => parse(answering({ issues }), 'x'.repeat(1000), 'it was given')) as Error;
    expect(message).toMatch(/; and 2 more\.$/);
    expect(message.length).toBeLessThan(600);
  });

  test('refuses an asynchronous schema, even one that rejects', () => {
    expect(() => parse(answering(Promise.reject(new RangeError('late'))), 1, 'it was given')).toThrow(refused('SCHEMA_ASYNC'));
    expect(() =>
      parse(
        z.string().refine(async () => true),
        'x',
        'it was given',
      ),
    ).toThrow(refused('SCHEMA_ASYNC'));
  });

  test.each([
    ['a date', new Date(0)],
    ['a map', new Map()],
    ['infinity', Number.POSITIVE_INFINITY],
    ['a bigint', 1n],
    ['a function', () => 1],
    ['undefined', undefined],
    ['undefined in an array', [undefined]],
    ['a lone surrogate', { a: '\ud800' }],
    ['a key with a lone surrogate', { '\udc00': 1 }],
    ['a key that accesses a prototype', JSON.parse('{"a":{"__proto__":1}}')],
    ['a nested constructor key', [{ constructor: 1 }]],
  ])('refuses %s that a schema such as z.any() lets through', (_title, value) => {
    expect(() => parse(answering({ value }), value, 'it was given')).toThrow(
      refused('DATA_INVALID', expect.stringContaining('cannot be sent as JSON')),
    );
  });

  test('accepts 64 levels and refuses 65', () => {
    const nested = (levels: number): unknown => (levels === 0 ? 1 : [nested(levels - 1)]);
    expect(parse(answering({ value: nested(64) }), 1, 'it was given')).toEqual(nested(64));
    expect(() => parse(answering({ value: nested(65) }), 1, 'it was given')).toThrow(refused('DATA_INVALID'));
  });

  test('accepts only undefined and null for a schema of nothing', () => {
    expect(parse(nothingSchema, undefined, 'it was given')).toBe(null);
    expect(parse(nothingSchema, null, 'it was given')).toBe(null);
    expect(() => parse(nothingSchema, 0, 'it was given')).toThrow(refused('DATA_INVALID', 'it was given 0: expected nothing or null.'));
  });
});

describe('versions', () => {
  const V1 = z.object({ street: z.string() });
  const V2 = z.object({ lines: z.array(z.string()) });
  const V3 = z.object({ lines: z.array(z.string()), country: z.string().default('AT') });
  const Address = versions(V1)
    .next(V2, (old) => ({ lines: [old.street] }))
    .next(V3, (old) => old);

  test('a plain schema has version 1, a versioned one as many as it lists', () => {
    expect([versionOf(V1), versionOf(versions(V1)), versionOf(Address)]).toEqual([1, 1, 3]);
  });

  test('a versioned schema parses the newest version as a schema', () => {
    expect(parse(Address, { lines: ['a'] }, 'it was given')).toEqual({ lines: ['a'], country: 'AT' });
    expect(() => parse(Address, { street: 'a' }, 'it was given')).toThrow(refused('DATA_INVALID'));
  });

  test('older data is upcast step by step, absent means 1', () => {
    const newest = { lines: ['Main St 1'], country: 'AT' };
    expect(parseVersion(Address, undefined, { street: 'Main St 1' }, 'it was given')).toEqual(newest);
    expect(parseVersion(Address, 1, { street: 'Main St 1' }, 'it was given')).toEqual(newest);
    expect(parseVersion(Address, 2, { lines: ['Main St 1'] }, 'it was given')).toEqual(newest);
    expect(parseVersion(Address, 3, newest, 'it was given')).toEqual(newest);
  });

  test('data of a version is parsed by the schema of that version', () => {
    expect(() => parseVersion(Address, 1, { lines: ['a'] }, 'it was given')).toThrow(refused('DATA_INVALID'));
  });

  test('data newer than the contract gives NEWER and is not parsed', () => {
    expect(parseVersion(Address, 4, 'anything', 'it was given')).toBe(NEWER);
    expect(parseVersion(V1, 2, 'anything', 'it was given')).toBe(NEWER);
  });

  test('an event of a versioned schema has its versions', () => {
    const Moved = event('x.moved', Address);
    expect(versionOf(Moved)).toBe(3);
    expect(parseVersion(Moved, 1, { street: 'a' }, 'it was given')).toEqual({ lines: ['a'], country: 'AT' });
  });

  test('a new version does not change the older value', () => {
    const first = versions(V1);
    first.next(V2, (old) => ({ lines: [old.street] }));
    expect(versionOf(first)).toBe(1);
  });
});

describe('milliseconds', () => {
  test.each<[Duration, number]>([
    ['1 second', 1000],
    ['15 minutes', 900_000],
    ['1.5 hours', 5_400_000],
    ['3 days', 259_200_000],
    ['0 seconds', 0],
  ])('reads %s', (duration, expected) => {
    expect(milliseconds(duration)).toBe(expected);
  });

  test.each(['1 dya', '1', '', '-1 day', '1e3 days', '1 month', '1d', ' 1 day', 'Infinity days', 1000, null])('refuses %j', (duration) => {
    expect(() => milliseconds(duration as Duration)).toThrow(refused('CONTRACT_INVALID'));
  });
});

function caught(act: () => unknown): unknown {
  try {
    act();
  } catch (error) {
    return error;
  }
  throw new TypeError('It did not throw.');
}

describe('a parsed value is what a replay reads', () => {
  test('undefined members are removed and -0 becomes 0, at any depth, and nothing else is copied', () => {
    const same = { list: [{ kept: true }], zero: 0 };
    expect(parse(z.any(), same, 'x')).toBe(same);
    const parsed = parse(z.any(), { none: undefined, list: [1, { none: undefined, kept: -0 }], same: same.list }, 'x') as typeof same;
    expect(parsed).toStrictEqual({ list: [1, { kept: 0 }], same: same.list });
    expect(Object.is((parsed.list[1] as unknown as { kept: number }).kept, 0)).toBe(true);
  });

  test('the value of the caller does not change', () => {
    const given = Object.freeze({ none: undefined, list: Object.freeze([-0]) });
    expect(parse(z.any(), given, 'x')).toStrictEqual({ list: [0] });
    expect(Object.keys(given)).toEqual(['none', 'list']);
  });

  test('a member that a lenient schema drops is absent both live and after a restart', () => {
    const lenient = z.object({ id: z.string(), note: z.string().optional().catch(undefined) });
    expect(Object.keys(parse(lenient, { id: 'x', note: 5 }, 'x') as object)).toEqual(['id']);
  });

  test('a value that is not JSON is named by its path', () => {
    expect(() => parse(z.any(), { a: [{ b: Number.NaN }] }, 'x')).toThrow(
      expect.objectContaining({ details: { issues: [{ path: 'a.0.b', message: 'NaN is not a JSON number' }] } }),
    );
  });
});

test('the message without values names each field and the message of the schema', () => {
  const schema = z.object({ card: z.string().max(16), cvc: z.int() });
  const errorOf = (value: unknown): unknown => {
    try {
      return parse(schema, value, 'payments.charge was called with');
    } catch (error) {
      return error;
    }
  };
  const error = errorOf({ card: '4111 1111 1111 1111 Alice Doe', cvc: 123 });
  expect((error as Error).message).toContain('4111');
  expect(withoutValues(error)).toBe('payments.charge was called with card: Too big: expected string to have <=16 characters.');
  expect(withoutValues(errorOf('4111'))).toBe('payments.charge was called with a value: Invalid input: expected object, received string.');
  expect(withoutValues(new Error('another'))).toBe('another');
});
