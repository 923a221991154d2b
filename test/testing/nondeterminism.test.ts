import * as z from 'zod';
import { decider, process, system, type AnyProcess, type Context } from 'tutti';
import { given, happened, isStuck, nothing, passed, simulate, type Expectation } from 'tutti/testing';
import { describe, expect, test } from 'vitest';
import { Ordered, ordered, order, payments } from './shop.ts';

const HINT = 'Check whether the code reads the clock, random values, or a variable that other code changes. Use ctx.now()';

type Ctx = Context<{ start: { id: string }; byId: 'shop.ordered'; publishes: never; errors: {}; view: never }>;

/** Counts its runs in a variable outside of the process. */
const unsteady = (body: (ctx: Ctx, run: number) => Promise<unknown>): AnyProcess => {
  let runs = 0;
  return process('unsteady', { startOn: Ordered.byId((each) => each.id) }, async (ctx) => {
    await body(ctx, (runs += 1));
  });
};

const kinds: [string, (ctx: Ctx, run: number) => Promise<unknown>, RegExp][] = [
  [
    'an input, by its values',
    (ctx, run) => ctx.call(payments.charge, { amount: run }),
    /CommandIssued payments\.charge:1 is passed amount \d, in the journal it is \d/,
  ],
  ['an instant', (ctx, run) => ctx.until(new Date(Date.UTC(2027, run))), /TimerSet until:1 has due \d+, in the journal it is \d+/],
  [
    'a branch',
    (ctx, run) => (run % 2 === 0 ? ctx.sleep('1 day') : ctx.call(payments.charge, { amount: 1 })),
    /the code now decides (?:TimerSet sleep:1|CommandIssued payments\.charge:1), which the journal does not hold/,
  ],
  [
    'a command that only a rebuilt process sends, which a replay skips',
    async (ctx, run) => {
      if (run > 1) ctx.send(payments.refund, { paymentId: 'p-1' });
      await ctx.sleep('1 day');
    },
    /unsteady decides differently when default#unsteady#o-1 is rebuilt: .* live, and .* rebuilt/,
  ],
];

describe('a process that decides differently when it is rebuilt is reported in a sentence', () => {
  test.each(kinds)('by the world: %s', async (_what, body, sentence) => {
    const world = simulate(system('unsteady', { processes: [unsteady(body)], services: [payments] }));
    await world.client.publish(Ordered, ordered);
    const failure: unknown = await world.settle().catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'NONDETERMINISM', message: expect.stringMatching(sentence) });
    expect((failure as Error).message).toContain(HINT);
    expect((failure as Error).message).not.toMatch(/"pid"|\n/);
  });

  test.each(kinds)('by given: %s', async (_what, body, sentence) => {
    const failure: unknown = await given(unsteady(body))
      .when(happened(Ordered, ordered))
      .expect(nothing())
      .catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'NONDETERMINISM', message: expect.stringMatching(sentence) });
    expect((failure as Error).message).not.toMatch(/"pid"|\n/);
  });

  test('the error of a decider names the first member that differs', async () => {
    let calls = 0;
    const tally = decider('tally', { state: z.object({ n: z.int() }), initial: () => ({ n: 0 }) }).on(
      Ordered.byId((each) => each.id),
      () => ({ n: (calls += 1) }),
    );
    const message = await given(tally)
      .when(happened(Ordered, ordered))
      .expect(nothing())
      .catch((error: unknown) => String(error));
    expect(message).toMatch(/tally decides differently when default#tally#o-1 is rebuilt: .* is .* live, and .* rebuilt/);
  });
});

test('the difference of given shows nothing() only if it was expected, or if nothing was decided', async () => {
  const told = async (...expectations: Expectation[]): Promise<unknown> =>
    given(order)
      .when(happened(Ordered, ordered))
      .expect(...expectations)
      .catch((error: unknown) => (error as Error).message);
  expect(await told(isStuck('POISON'), isStuck('SIZE'))).toBe(
    [
      'order did not decide what was expected:',
      '  (- expected, + decided)',
      "  - isStuck('POISON')",
      '  + calls(payments.charge, {"amount":5,"currency":"EUR"})',
      "  - isStuck('SIZE')",
    ].join('\n'),
  );
  expect(await told(nothing())).toContain('  - nothing()\n  + calls(payments.charge');
  expect(
    await given(order, happened(Ordered, ordered))
      .when(passed('1 second'))
      .expect(isStuck('SIZE'))
      .catch((error: unknown) => String(error)),
  ).toContain("  - isStuck('SIZE')\n  + nothing()");
});
