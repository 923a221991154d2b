import { describe, expect, test } from 'vitest';
import { payments, type TripContext } from './trip-contracts.ts';
import { started } from './trip-steps.ts';

const messageOf = async (body: (ctx: TripContext) => Promise<unknown>): Promise<string | undefined> =>
  (await started(body, { places: true })).bug?.message;

describe('a bug names the line of the code of the process', () => {
  test('an error that the process throws is followed by its line', async () => {
    expect(
      await messageOf(async () => {
        throw new TypeError('x is not a function');
      }),
    ).toMatch(/^TypeError: x is not a function at test\/core\/places\.test\.ts:\d+$/);
  });

  test('a refused call names its line before the full stop', async () => {
    expect(await messageOf(async (ctx) => ctx.call(payments.charge, { amount: 'seven' as never }))).toMatch(
      /expected number, received string at test\/core\/places\.test\.ts:\d+\.?$/,
    );
    expect(await messageOf(async (ctx) => ctx.race({}))).toMatch(/nothing would ever win it at test\/core\/places\.test\.ts:\d+\.$/);
  });

  test('an error without a stack is shown without a line', async () => {
    const error = Object.assign(new TypeError('no stack'), { stack: undefined });
    expect(await messageOf(() => Promise.reject(error))).toBe('TypeError: no stack');
  });

  test('the message of a plain Error says how to fail a process', async () => {
    expect(
      await messageOf(async () => {
        throw new Error('the amount is negative');
      }),
    ).toMatch(
      /^Error: the amount is negative at .*places\.test\.ts:\d+; to fail the process and undo what it did, throw ctx\.fail\(reason\), or a failure that it declares/,
    );
  });
});
