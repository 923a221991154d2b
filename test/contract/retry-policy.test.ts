import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { lastErrorData, lastErrorOf } from '../../lib/contract/wire/last-error.ts';
import { parseEnvelope, policyFields, runPolicyOf } from '../../lib/contract/wire/wire.ts';
import { pauseCeilingMs, retryPolicy, runTimeoutMs, type Retry } from '../../lib/contract/retry-policy.ts';

const refused = (text: string) => expect.objectContaining({ code: 'CONTRACT_INVALID', message: expect.stringContaining(text) });

describe('retryPolicy', () => {
  test('the retry of one call replaces what it names and keeps the rest', () => {
    const base = retryPolicy({ within: '1 hour', attempts: 4, first: '2 seconds', factor: 3, most: '1 minute' });
    expect(retryPolicy({ attempts: 9, most: '2 minutes' }, base)).toEqual({ ...base, attempts: 9, mostMs: 120_000 });
    expect(retryPolicy({}, base)).toEqual(base);
  });

  test.each<[string, Retry, string]>([
    ['no attempt at all', { attempts: 0 }, 'retry.attempts was 0'],
    ['a negative number of attempts', { attempts: -1 }, 'retry.attempts was -1'],
    ['half an attempt', { attempts: 1.5 }, 'retry.attempts was 1.5'],
    ['attempts that are not a number', { attempts: Number.NaN }, 'retry.attempts was NaN'],
    ['attempts as text', { attempts: '3' as never }, 'retry.attempts was a string'],
    ['a factor below 1', { factor: 0.5 }, 'retry.factor was 0.5'],
    ['an infinite factor', { factor: Infinity }, 'retry.factor was Infinity'],
    ['a factor that is not a number', { factor: Number.NaN }, 'retry.factor was NaN'],
    ['a factor that is too large', { factor: 1e9 }, 'retry.factor was 1000000000'],
    ['a first pause over the longest', { first: '10 minutes', most: '1 minute' }, 'retry.first was "10 minutes" and retry.most "1 minute"'],
  ])('%s is refused', (_, retry, message) => {
    expect(() => retryPolicy(retry)).toThrow(refused(message));
  });

  test('one pause alone moves the other if they would contradict each other', () => {
    expect(retryPolicy({ first: '10 minutes' })).toMatchObject({ firstMs: 600_000, mostMs: 600_000 });
    expect(retryPolicy({ most: '0 seconds' })).toMatchObject({ firstMs: 0, mostMs: 0 });
    const base = retryPolicy({ first: '2 seconds', most: '1 minute' });
    expect(retryPolicy({ first: '1 hour' }, base)).toMatchObject({ firstMs: 3_600_000, mostMs: 3_600_000 });
    expect(retryPolicy({ most: '1 second' }, base)).toMatchObject({ firstMs: 1_000, mostMs: 1_000 });
  });

  test('a run needs a timeout of more than zero', () => {
    expect(() => runTimeoutMs('0 seconds')).toThrow(refused('timeout was "0 seconds"'));
    expect([runTimeoutMs(undefined), runTimeoutMs('10 seconds')]).toEqual([900_000, 10_000]);
  });
});

/** Policies that a contract can have. */
const policies = fc
  .record({
    pauses: fc.tuple(fc.nat(1e9), fc.nat(1e9)),
    factor: fc.oneof(fc.integer({ min: 1, max: 1_000_000 }), fc.double({ min: 1, max: 1_000_000, noNaN: true })),
    attempts: fc.oneof(fc.constant(Infinity), fc.integer({ min: 1, max: 1e9 })),
    timeoutMs: fc.integer({ min: 1, max: 1e12 }),
  })
  .map(({ pauses: [one, other], ...rest }) => ({ ...rest, firstMs: Math.min(one, other), mostMs: Math.max(one, other) }));

describe('a policy', () => {
  test('has a finite pause after any number of failures, at most the longest and never shorter than the one before', () => {
    fc.assert(
      fc.property(policies, fc.integer({ min: 1, max: 1e9 }), (policy, failures) => {
        const [one, next] = [pauseCeilingMs(policy, failures), pauseCeilingMs(policy, failures + 1)];
        expect(one >= 0 && one <= policy.mostMs && one <= next).toBe(true);
      }),
    );
    expect(pauseCeilingMs({ firstMs: 0, factor: 2, mostMs: 300_000 }, 1_026)).toBe(0);
    expect(pauseCeilingMs({ firstMs: 1, factor: 1_000_000, mostMs: 300_000 }, 1e9)).toBe(300_000);
  });

  test('is equal after the wire, and its fields have the form of an envelope', () => {
    const command = {
      specversion: '1.0',
      id: 'default#p#1/r/1',
      source: 's',
      type: 'x.y',
      time: '2026-11-21T10:00:00.000Z',
      datacontenttype: 'application/json',
      hops: 0,
      datahash: `sha256:${'0'.repeat(64)}`,
      attempt: 1,
      replyto: 's',
      data: null,
    };
    fc.assert(
      fc.property(policies, (policy) => {
        const fields = JSON.parse(JSON.stringify(policyFields(policy))) as ReturnType<typeof policyFields>;
        expect(runPolicyOf(fields)).toEqual(policy);
        expect(parseEnvelope({ ...command, ...fields }).kind).toBe('command');
      }),
    );
  });

  test('of defaults adds no field to the envelope', () => {
    const { withinMs: _, ...retry } = retryPolicy();
    expect(policyFields({ ...retry, timeoutMs: runTimeoutMs(undefined) })).toEqual({});
  });
});

describe('the last error of a reply', () => {
  test('is read from its data and cut', () => {
    expect(lastErrorOf({ ...lastErrorData({ code: 'ECONNREFUSED', message: 'no' }) })).toEqual({ code: 'ECONNREFUSED', message: 'no' });
    const long = lastErrorOf({ type: 'x'.repeat(1_000), message: `${'y'.repeat(499)}🧳`, data: null });
    expect([long?.code.length, long?.message]).toEqual([100, `${'y'.repeat(499)}\ufffd`]);
  });

  test.each([[undefined], [null], ['text'], [['x']], [{}], [{ type: 'X' }], [{ type: 1, message: 'x' }]])(
    'is none where the data is %j',
    (data) => {
      expect(lastErrorOf(data)).toBeUndefined();
    },
  );
});
