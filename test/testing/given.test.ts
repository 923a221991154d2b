import { process } from 'tutti';
import {
  answered,
  calls,
  cancelRequested,
  completes,
  fails,
  given,
  happened,
  isStuck,
  nothing,
  passed,
  publishes,
  silent,
  sleeps,
  undoes,
  waits,
} from 'tutti/testing';
import { describe, expect, test } from 'vitest';
import { counter, invoice, order, Ordered, ordered, Paid, parcels, payments, Shipped } from './shop.ts';

const started = happened(Ordered, ordered);
const charged = answered(payments.charge, { paymentId: 'p-1' });
const shipped = answered(parcels.ship, { tracking: 'T1' });

/** The message of the failed assertion. */
const failureOf = async (promise: Promise<void>): Promise<string> =>
  promise.then(
    () => 'nothing failed',
    (error: unknown) => String(error),
  );

describe('given, when, expect', () => {
  test('compares all consequences of a fact, in order', async () => {
    await given(order, started)
      .when(charged)
      .expect(calls(parcels.label, { id: 'o-1' }), calls(parcels.ship));
    await given(order, started, charged)
      .when(shipped)
      .expect(publishes(Shipped, { id: 'o-1' }), completes({ tracking: 'T1' }));
  });

  test('an input is compared in its parsed form, with its defaults', async () => {
    await given(order)
      .when(started)
      .expect(calls(payments.charge, { amount: 5, currency: 'EUR' }));
  });

  test('a missing expectation fails, and so does another order', async () => {
    expect(await failureOf(given(order, started).when(charged).expect(calls(parcels.label)))).toContain(
      '+ calls(parcels.ship, {"id":"o-1"})',
    );
    expect(await failureOf(given(order, started).when(charged).expect(calls(parcels.ship), calls(parcels.label)))).toContain(
      'did not decide what was expected',
    );
    expect(await failureOf(given(order, started).when(charged).expect(nothing()))).toContain('- nothing()');
  });

  test('another input, event, command or duration fails, and the message shows both', async () => {
    const message = await failureOf(
      given(order)
        .when(started)
        .expect(calls(payments.charge, { amount: 6 })),
    );
    expect(message).toContain('- calls(payments.charge, {"amount":6,"currency":"EUR"})');
    expect(message).toContain('+ calls(payments.charge, {"amount":5,"currency":"EUR"})');
    expect(await failureOf(given(order).when(started).expect(undoes(payments.charge)))).toContain('- undoes(payments.charge)');
    expect(await failureOf(given(invoice).when(started).expect(waits(Ordered)))).toContain('+ waits(shop.paid)');
    expect(await failureOf(given(counter).when(started).expect(calls(parcels.label), sleeps('2 hours')))).toContain("+ sleeps('1 hour')");
  });

  test('the consequences of several facts of when are compared together', async () => {
    await given(order)
      .when(started, charged, shipped)
      .expect(calls(payments.charge), calls(parcels.label), calls(parcels.ship), publishes(Shipped), completes());
  });

  test('a fact that changes nothing leads to nothing', async () => {
    await given(order, started, charged).when(answered(parcels.label, null)).expect(nothing());
    await given(order, started, charged).when(started).expect(publishesRejection());
  });

  test('a declared failure that the process does not catch ends it, and is compared by its data', async () => {
    const declined = payments.charge.errors.Declined({ reason: 'no money' });
    await given(order, started).when(answered(payments.charge, declined)).expect(fails(declined));
    await given(order, started).when(answered(payments.charge, declined)).expect(fails());
    const other = payments.charge.errors.Declined({ reason: 'stolen' });
    expect(await failureOf(given(order, started).when(answered(payments.charge, declined)).expect(fails(other)))).toContain('no money');
  });

  test('an answer to a command that is not open fails the test, with the open commands in the message', async () => {
    expect(await failureOf(given(order, started).when(shipped).expect(nothing()))).toContain('Open commands: payments.charge');
    expect(await failureOf(given(order).when(charged).expect(nothing()))).toContain('was not started');
  });

  test('an event of another instance, or one that the process does not receive, fails the test', async () => {
    expect(
      await failureOf(
        given(order, started)
          .when(happened(Ordered, { id: 'o-2', amount: 1 }))
          .expect(nothing()),
      ),
    ).toContain('default#order#o-2');
    expect(
      await failureOf(
        given(order, started)
          .when(happened(Shipped, { id: 'o-1' }))
          .expect(nothing()),
      ),
    ).toContain('neither starts on it nor receives it');
  });
});

describe('facts', () => {
  test('a silent command is retried until its limit, and then the completed commands are undone', async () => {
    await given(order, started, charged).when(silent(parcels.ship)).expect(undoes(payments.charge));
    await given(order, started).when(silent(payments.charge)).expect(fails());
  });

  test('time that passes fires the timers that are due, and no others', async () => {
    await given(invoice, started).when(passed('29 days')).expect(nothing());
    await given(invoice, started, passed('29 days')).when(passed('1 day')).expect(calls(payments.charge));
  });

  test('an event that arrives before the start waits for the start', async () => {
    await given(invoice)
      .when(happened(Paid, { id: 'o-1' }), started)
      .expect(waits(Paid), completes({ paid: true }));
  });

  test('a cancel request settles the open commands and then undoes the completed ones', async () => {
    await given(order, started, charged).when(cancelRequested('changed my mind')).expect(undoes(payments.charge));
    await given(order, started, charged, cancelRequested('changed my mind')).when(answered(payments.refund, null)).expect(fails());
  });

  test('answered with nth replies to the n-th call', async () => {
    const pair = process('pair', { startOn: Ordered.byId((each) => each.id) }, async (ctx) => {
      const [first, second] = await Promise.all([ctx.call(parcels.ship, { id: 'a' }), ctx.call(parcels.ship, { id: 'b' })]);
      return [first.tracking, second.tracking];
    });
    await given(pair, started, answered(parcels.ship, { tracking: 'second' }, { nth: 2 }))
      .when(answered(parcels.ship, { tracking: 'first' }))
      .expect(completes(['first', 'second']));
  });

  test('a decider accepts the same facts', async () => {
    await given(counter, started)
      .when(passed('1 hour'))
      .expect(publishes(Shipped, { id: 'o-1', note: 'late' }), completes({ orders: 1 }));
    await given(counter).when(started).expect(calls(parcels.label), sleeps('1 hour'));
  });

  test('data that breaks its contract is refused when the fact is created', () => {
    expect(() => happened(Ordered, { id: 'o-1', amount: 0.5 })).toThrow('shop.ordered happened with');
    expect(() => answered(payments.charge, { paymentId: 7 } as never)).toThrow('payments.charge answered with');
  });
});

describe('bugs of the process', () => {
  const broken = process('broken', { startOn: Ordered.byId((each) => each.id) }, async (ctx, { id }) => {
    await ctx.call(parcels.ship, { id });
    throw new TypeError('undefined is not a function');
  });

  test('an unexpected error makes the instance stuck, and is in the message', async () => {
    await given(broken, started).when(shipped).expect(isStuck('POISON'));
    expect(await failureOf(given(broken, started).when(shipped).expect(nothing()))).toContain('undefined is not a function');
  });

  test('a bug of the process during the given facts is thrown', async () => {
    await expect(given(broken, started, shipped).when(passed('1 day')).expect(nothing())).rejects.toMatchObject({ code: 'POISON' });
  });

  test('a process that decides differently in a replay is detected', async () => {
    let runs = 0;
    const unsteady = process('unsteady', { startOn: Ordered.byId((each) => each.id) }, async (ctx) => {
      await ctx.call(parcels.ship, { id: `run-${(runs += 1)}` });
    });
    await expect(given(unsteady).when(started).expect(calls(parcels.ship))).rejects.toMatchObject({ code: 'NONDETERMINISM' });
  });

  test('a step that the process does not await is detected', async () => {
    const hasty = process('hasty', { startOn: Ordered.byId((each) => each.id) }, async (ctx, { id }) => {
      void ctx.call(parcels.ship, { id });
    });
    await given(hasty).when(started).expect(isStuck('UNAWAITED_STEP'));
  });
});

/** The system answers a second start of an open id with an event. */
function publishesRejection(): ReturnType<typeof publishes> {
  return publishes({ type: 'test.start-rejected', '~data': { type: 'test.start-rejected', owner: 'test', data: undefined } } as never);
}
