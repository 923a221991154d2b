import { describe, expect, test } from 'vitest';
import { servePayments } from './payments.ts';
import { gate, ID, ServiceRig, SETTLING, turn } from './service-rig.ts';

const PAST = { attempt: 2, deadline: '2026-11-21T09:59:59.000Z' };

describe('a run that takes longer than its timeout', () => {
  test('a run beyond its timeout counts as one without an answer, its signal aborts, and its late answer is dropped', async () => {
    const late = gate<{ paymentId: string }>();
    const reasons: unknown[] = [];
    let runs = 0;
    const rig = new ServiceRig(
      servePayments(async (_input, task) => {
        runs += 1;
        if (runs > 1) return { paymentId: 'p-second' };
        task.signal.addEventListener('abort', () => reasons.push(task.signal.reason));
        return late.opened;
      }),
    );
    rig.send({ timeout: 10_000 });
    const first = rig.deliver();
    await turn();
    rig.clock.advance(10_000);
    expect(await first).toMatchObject([{ action: 'given-back' }]);
    expect(reasons).toMatchObject([{ code: 'CANCELLED', reason: 'timeout' }]);
    expect(await rig.record()).toMatchObject({ state: 'RUN', failures: 1, maybeDone: true, lastError: { code: 'TIMEOUT' } });
    expect(rig.notices).toMatchObject([{ kind: 'handler-failed', message: 'The run took longer than its timeout.' }]);
    late.open({ paymentId: 'p-first' });
    await turn();
    rig.clock.advance(2_000);
    await rig.deliver();
    expect(rig.replies.map(({ data }) => data)).toEqual([{ paymentId: 'p-second' }]);
  });

  test('a run within its timeout leaves no timer behind', async () => {
    const rig = new ServiceRig(servePayments(async () => ({ paymentId: 'p-7' })));
    rig.send();
    await rig.deliver();
    expect(rig.clock.nextWakeAt()).toBeUndefined();
  });
});

describe('a handler that says notDone', () => {
  test('a handler of class once that throws notDone runs again', async () => {
    let runs = 0;
    const rig = new ServiceRig(
      servePayments({
        effect: 'once',
        run: async (_input, task) => {
          runs += 1;
          if (runs < 3) throw task.notDone('no route');
          return { paymentId: 'p-7' };
        },
      }),
    );
    rig.send();
    for (let n = 0; n < 3; n += 1) {
      await rig.deliver();
      rig.clock.advance(4_000);
    }
    expect(rig.outcomes()).toEqual(['completed']);
  });

  test('a handler that throws notDone after its command was settled ends it as cancelled, without another run or a notice', async () => {
    const reached = gate();
    const rig = new ServiceRig(
      servePayments(async (_input, task) => {
        reached.open();
        await new Promise((resolve) => task.signal.addEventListener('abort', resolve));
        throw task.notDone('the offer was withdrawn before it was shown');
      }),
    );
    rig.send();
    const running = rig.deliver();
    await reached.opened;
    rig.send(PAST);
    await rig.deliver();
    expect(await running).toMatchObject([{ action: 'deleted' }]);
    rig.clock.advance(60_000);
    await rig.deliver();
    expect(rig.outcomes()).toEqual(['cancelled', 'cancelled']);
    expect(rig.replies[0]).toMatchObject({ attempts: 1 });
    expect(await rig.record()).toMatchObject({ state: 'TOMB' });
    expect(rig.notices).toEqual([]);
  });
});

describe('retryAfter', () => {
  test('retryAfter counts no attempt, and only the deadline of the command ends it', async () => {
    let runs = 0;
    const rig = new ServiceRig(
      servePayments(async (_input, task) => {
        runs += 1;
        throw task.retryAfter('10 minutes', 'busy');
      }),
    );
    rig.send({ retryattempts: 1, deadline: '2026-11-21T16:00:00.000Z' });
    for (let n = 0; n < 100 && rig.outcomes().length === 0; n += 1) {
      await rig.deliver();
      rig.clock.advance(600_000);
    }
    expect(runs).toBe(37);
    expect(rig.replies).toMatchObject([{ outcome: 'unknown', attempts: 0, data: { type: 'RETRY_AFTER' } }]);
    expect(rig.deadLetter.size).toBe(0);
  });
});

describe('a command whose limits are used up', () => {
  test('a command runs again when a delivery raises its limits, as resume does, and its late success is the answer', async () => {
    let up = false;
    const rig = new ServiceRig(
      servePayments(async () => {
        if (!up) throw new TypeError('down');
        return { paymentId: 'p-7' };
      }),
    );
    rig.send({ retryattempts: 1 });
    await rig.deliver();
    rig.send({ retryattempts: 1, attempt: 2 });
    await rig.deliver();
    up = true;
    rig.clock.advance(1_000);
    rig.send({ retryattempts: 2, attempt: 3 });
    await rig.deliver();
    expect(rig.outcomes()).toEqual(['unknown', 'unknown', 'completed']);
    expect(rig.notices.map(({ kind }) => kind)).toEqual(['handler-failed', 'gave-up', 'gave-up']);
    expect(rig.notices[1]?.message).toBe(
      'payments.charge is not run again after 1 run without an answer; the last one ended with TypeError: down',
    );
  });

  test('a command whose limits are used up does not run to be settled', async () => {
    let runs = 0;
    const rig = new ServiceRig(
      servePayments(async () => {
        runs += 1;
        throw new TypeError('down');
      }),
    );
    rig.send({ retryattempts: 1 });
    await rig.deliver();
    rig.send({ ...SETTLING, retryattempts: 1 });
    await rig.deliver();
    expect([runs, rig.outcomes()]).toEqual([1, ['unknown', 'unknown']]);
  });
});

describe('a failing port', () => {
  test.each(['store', 'bus'])('a %s that fails for hours causes no command to be given up', async (what) => {
    let broken = true;
    const rig = new ServiceRig(
      servePayments(async () => ({ paymentId: 'p-7' })),
      {
        publisher: (bus) => ({
          publish: async (events) =>
            broken && what === 'bus' ? events.map(() => ({ status: 'failed', reason: 'throttled' })) : bus.publish(events),
        }),
      },
    );
    const write = rig.store.write.bind(rig.store);
    rig.store.write = (...all) => (broken && what === 'store' ? Promise.reject(new TypeError('no route')) : write(...all));
    rig.send();
    for (let n = 0; n < 60; n += 1) {
      await rig.deliver();
      rig.clock.advance(900_000);
    }
    broken = false;
    await rig.deliver();
    expect(rig.outcomes()).toEqual(['completed']);
    expect(rig.deadLetter.size).toBe(0);
  });

  test('a failing queue leaves the message to its visibility timeout', async () => {
    const rig = new ServiceRig(servePayments(async () => Promise.reject(new TypeError('down'))));
    rig.send();
    await rig.receiveInVain(18);
    rig.sender.send = () => Promise.reject(new TypeError('no route'));
    expect(await rig.deliver()).toMatchObject([{ action: 'given-back' }]);
  });
});

test('a message that always crashes its worker is given up after its receives, with the count of its runs', async () => {
  const rig = new ServiceRig(servePayments(async () => new Promise(() => undefined)));
  rig.send();
  void rig.deliver();
  await turn();
  rig.clock.advance(60_000);
  await rig.receiveInVain(20);
  await rig.deliver(rig.worker(0.9));
  expect(rig.replies).toMatchObject([{ outcome: 'unknown', attempts: 1, data: { type: 'LEASE_LAPSED' } }]);
  expect(rig.deadLetter.size).toBe(1);
  expect(await rig.record(ID)).toMatchObject({ state: 'RUN', failures: 1 });
});
