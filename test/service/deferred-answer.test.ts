import { describe, expect, test } from 'vitest';
import { serviceContract } from '../../lib/contract/service.ts';
import { answerDeferred, type DeferredAnswer } from '../../lib/service/consumer/deferred-answer.ts';
import { newNonce, readTaskToken, taskToken } from '../../lib/service/task-token.ts';
import { payments, servePayments } from './payments.ts';
import { FIRST_NONCE, gate, ID, ServiceRig, SETTLING, turn } from './service-rig.ts';

const tokenOf = (service: string, commandId: string, nonce = FIRST_NONCE): string => taskToken({ service, commandId, nonce });
const TOKEN = tokenOf('payments', ID);
const complete = (paymentId: string): DeferredAnswer => ({ kind: 'complete', command: 'payments.charge', output: { paymentId } });
const fail: DeferredAnswer = {
  kind: 'fail',
  command: 'payments.charge',
  failure: { type: 'CardDeclined', message: 'No.', data: { reason: 'expired' } },
};

function answer(rig: ServiceRig, what: DeferredAnswer, token = TOKEN): Promise<void> {
  const { store, publisher, payloads, clock } = rig;
  return answerDeferred({ token, answer: what }, { service: serviceContract(payments), store, publisher, payloads, clock });
}

function deferring(cancel?: () => Promise<void>): ServiceRig {
  return new ServiceRig(servePayments({ run: async (_input, task) => task.defer(), ...(cancel === undefined ? {} : { cancel }) }));
}

describe('a deferred command', () => {
  test('a deferred command is answered deferred, then completed by token with the reply that its handler would have made', async () => {
    const rig = deferring();
    rig.send();
    await rig.deliver();
    expect(await rig.record()).toMatchObject({ state: 'DEFERRED' });
    await answer(rig, complete('p-7'));
    expect(rig.outcomes()).toEqual(['deferred', 'completed']);
    expect(rig.replies[1]).toMatchObject({
      id: `${ID}:completed`,
      type: 'payments.payment-charged',
      replytoken: 'h1.Kx',
      attempt: 1,
      data: { paymentId: 'p-7' },
    });
    expect(await rig.record()).toMatchObject({ state: 'DONE' });
  });

  test('a deferred command fails by token with a declared error', async () => {
    const rig = deferring();
    rig.send();
    await rig.deliver();
    await answer(rig, fail);
    expect(rig.replies[1]).toMatchObject({
      outcome: 'failed',
      type: 'payments.charge.failed',
      data: { type: 'CardDeclined', message: 'No.', data: { reason: 'expired' } },
    });
  });

  test('the same answer is accepted and published again, and another is refused', async () => {
    const rig = deferring();
    rig.send();
    await rig.deliver();
    await answer(rig, complete('p-7'));
    rig.clock.advance(1_000);
    await answer(rig, complete('p-7'));
    expect(rig.replies[2]).toEqual(rig.replies[1]);
    await expect(answer(rig, complete('p-8'))).rejects.toMatchObject({ code: 'ALREADY_USED' });
    await expect(answer(rig, fail)).rejects.toMatchObject({ code: 'ALREADY_USED' });
  });

  test('the same large answer is accepted again', async () => {
    const rig = deferring();
    rig.send();
    await rig.deliver();
    const large: DeferredAnswer = { kind: 'complete', command: 'payments.charge', output: { paymentId: 'p-7', note: 'n'.repeat(110_000) } };
    await answer(rig, large);
    await answer(rig, large);
    expect(rig.replies[2]).toEqual(rig.replies[1]);
    expect(rig.replies[1]!.dataref).toMatch(/^payload:/);
  });

  test('an answer during the run is published when the handler defers', async () => {
    const reached = gate();
    const go = gate();
    const rig = new ServiceRig(
      servePayments(async (_input, task) => {
        reached.open();
        await go.opened;
        return task.defer();
      }),
    );
    rig.send();
    const running = rig.deliver();
    await reached.opened;
    await answer(rig, complete('p-7'));
    await answer(rig, complete('p-7'));
    await expect(answer(rig, fail)).rejects.toMatchObject({ code: 'ALREADY_USED' });
    expect(rig.outcomes()).toEqual([]);
    go.open();
    await running;
    expect(rig.outcomes()).toEqual(['completed']);
    expect(await rig.record()).toMatchObject({ state: 'DONE' });
  });

  test('the early answer survives a crash of the worker', async () => {
    let runs = 0;
    const rig = new ServiceRig(servePayments(async (_input, task) => (++runs === 1 ? new Promise<never>(() => undefined) : task.defer())));
    rig.send();
    void rig.deliver();
    await turn();
    await answer(rig, complete('p-7'));
    rig.clock.advance(60_000);
    await rig.deliver(rig.worker(0.9));
    expect(rig.outcomes()).toEqual(['completed']);
  });

  test('the early answer replaces the answer of a worker that takes over', async () => {
    let runs = 0;
    const rig = new ServiceRig(servePayments(async () => (++runs === 1 ? new Promise<never>(() => undefined) : { paymentId: 'p-8' })));
    rig.send();
    void rig.deliver();
    await turn();
    await answer(rig, complete('p-7'));
    rig.clock.advance(60_000);
    await rig.deliver(rig.worker(0.9));
    expect(rig.replies).toMatchObject([{ outcome: 'completed', data: { paymentId: 'p-7' } }]);
  });

  test('the early answer survives heartbeats and replaces the answer of the worker', async () => {
    const go = gate();
    const rig = new ServiceRig(servePayments(async () => go.opened.then(() => ({ paymentId: 'p-8' }))));
    rig.send();
    const running = rig.deliver();
    await turn();
    await answer(rig, complete('p-7'));
    await rig.consumer.beat();
    go.open();
    await running;
    expect(rig.replies).toMatchObject([{ outcome: 'completed', data: { paymentId: 'p-7' } }]);
  });

  test('an answer ends and publishes a command of class once whose worker has crashed', async () => {
    const rig = new ServiceRig(servePayments({ effect: 'once', run: () => new Promise<never>(() => undefined) }));
    rig.send();
    void rig.deliver();
    await turn();
    rig.clock.advance(60_000);
    await answer(rig, complete('p-7'));
    expect(rig.outcomes()).toEqual(['completed']);
    await rig.deliver(rig.worker(0.9));
    expect(rig.outcomes()).toEqual(['completed', 'completed']);
  });

  test('an answer succeeds only after its reply is published, and a repetition publishes it', async () => {
    let refuse = false;
    const rig = new ServiceRig(servePayments({ run: async (_input, task) => task.defer() }), {
      publisher: (bus) => ({
        publish: async (events) => (refuse ? events.map(() => ({ status: 'failed', reason: 'throttled' })) : bus.publish(events)),
      }),
    });
    rig.send();
    await rig.deliver();
    refuse = true;
    await expect(answer(rig, complete('p-7'))).rejects.toMatchObject({ code: 'UNREACHABLE', retryable: true });
    refuse = false;
    await answer(rig, complete('p-7'));
    expect(rig.outcomes()).toEqual(['deferred', 'completed']);
  });

  test('settling a deferred command refuses answers, runs cancel, and replies cancelled', async () => {
    const cancelled: string[] = [];
    const rig = deferring(async () => void cancelled.push('cancel'));
    rig.send();
    await rig.deliver();
    rig.send(SETTLING);
    await rig.deliver();
    expect(cancelled).toEqual(['cancel']);
    expect(rig.outcomes()).toEqual(['deferred', 'cancelled']);
    expect(await rig.record()).toMatchObject({ state: 'TOMB' });
    await expect(answer(rig, complete('p-7'))).rejects.toMatchObject({ code: 'CLOSED' });
  });

  test('a command whose cancel fails stays REVOKED, and cancel runs again', async () => {
    let calls = 0;
    const rig = deferring(async () => {
      if (++calls === 1) throw new TypeError('the worklist is down');
    });
    rig.send();
    await rig.deliver();
    rig.send(SETTLING);
    expect(await rig.deliver()).toMatchObject([{ action: 'given-back' }]);
    expect(await rig.record()).toMatchObject({ state: 'REVOKED' });
    rig.clock.advance(2_000);
    await rig.deliver();
    expect(calls).toBe(2);
    expect(rig.outcomes()).toEqual(['deferred', 'cancelled']);
  });

  test('a command that defers while it is settled is cancelled at once, without the reply deferred', async () => {
    const rig = new ServiceRig(
      servePayments({ run: (_input, task) => (task.attempt === 1 ? new Promise<never>(() => undefined) : Promise.resolve(task.defer())) }),
    );
    rig.send();
    void rig.deliver();
    await turn();
    rig.clock.advance(60_000);
    await rig.queue.receive({ max: 1, waitSeconds: 0, visibilitySeconds: 600 });
    rig.send(SETTLING);
    await rig.deliver(rig.worker(0.9));
    expect(rig.outcomes()).toEqual(['cancelled']);
  });

  test('a heartbeat by token is recorded, published as deferred, and refused after the end', async () => {
    const rig = deferring();
    rig.send();
    await rig.deliver();
    rig.clock.advance(5_000);
    await answer(rig, { kind: 'heartbeat' });
    expect(await rig.record()).toMatchObject({ state: 'DEFERRED', beatAt: rig.clock.now() });
    expect(rig.outcomes()).toEqual(['deferred', 'deferred']);
    await answer(rig, complete('p-7'));
    await expect(answer(rig, { kind: 'heartbeat' })).rejects.toMatchObject({ code: 'CLOSED' });
  });
});

describe('a token', () => {
  test('a token is URL-safe and contains its service and command', () => {
    expect(TOKEN).toMatch(/^[A-Za-z0-9._-]+$/);
    expect(readTaskToken(TOKEN)).toEqual({ service: 'payments', commandId: ID, nonce: FIRST_NONCE });
  });

  test.each([
    ['no token', 'hello'],
    ['a changed one', `${TOKEN.slice(0, -1)}${TOKEN.endsWith('A') ? 'B' : 'A'}`],
    ['one that is made from what is public, with a nonce of its own', tokenOf('payments', ID, newNonce())],
    ['one of another service', tokenOf('flights', ID)],
    ['one of no command', tokenOf('payments', `${ID}9`)],
  ])('a token is refused if it is %s', async (_, token) => {
    const rig = deferring();
    rig.send();
    await rig.deliver();
    await expect(answer(rig, complete('p-7'), token)).rejects.toMatchObject({ code: 'TOKEN_INVALID' });
    expect(rig.outcomes()).toEqual(['deferred']);
  });

  test('a token is refused for another command of the service, and for an undeclared error', async () => {
    const rig = deferring();
    rig.send();
    await rig.deliver();
    await expect(answer(rig, { kind: 'complete', command: 'payments.ping', output: null })).rejects.toMatchObject({
      code: 'TOKEN_INVALID',
    });
    const undeclared = { ...fail, failure: { type: 'Broke', message: '', data: null } };
    await expect(answer(rig, undeclared)).rejects.toMatchObject({ code: 'TOKEN_INVALID' });
  });

  test('each command has another token, so that none can be derived from another', async () => {
    const tokens: string[] = [];
    const rig = new ServiceRig(servePayments(async (_input, task) => (tokens.push(task.token), task.defer())));
    rig.send();
    rig.send({ id: `${ID}9` });
    await rig.deliver();
    const [one, other] = tokens.map((token) => readTaskToken(token).nonce);
    expect(one).not.toBe(other);
    expect(newNonce()).not.toBe(newNonce());
    const derived = tokenOf('payments', `${ID}9`, one);
    await expect(answer(rig, complete('p-7'), derived)).rejects.toMatchObject({ code: 'TOKEN_INVALID' });
    await answer(rig, complete('p-7'), tokens[1]);
    expect(rig.replies.at(-1)).toMatchObject({ commandid: `${ID}9`, outcome: 'completed' });
  });

  test.each([
    ['a run that fails', async () => Promise.reject(new TypeError('down'))],
    ['a worker that stops', () => new Promise<never>(() => undefined)],
  ])('a token is the same after %s, and in cancel', async (_what, first) => {
    const tokens: string[] = [];
    const rig = new ServiceRig(
      servePayments({
        run: async (_input, task) => {
          tokens.push(task.token);
          return tokens.length === 1 ? first() : task.defer();
        },
        cancel: async (_input: unknown, task: { readonly token: string }) => void tokens.push(task.token),
      }),
    );
    rig.send();
    void rig.deliver();
    await turn();
    rig.clock.advance(60_000);
    await rig.deliver(rig.worker(0.9));
    rig.send(SETTLING);
    await rig.deliver();
    expect(new Set(tokens)).toEqual(new Set([TOKEN]));
    expect(await rig.record()).toMatchObject({ state: 'TOMB' });
  });

  test.each<[string, Parameters<typeof servePayments>[0], Parameters<ServiceRig['send']>[0]]>([
    ['ALREADY_USED', async () => ({ paymentId: 'p-7' }), {}],
    ['CLOSED', async (_input, task) => task.defer(), SETTLING],
  ])('a token of a command that ended without it is %s, even with the same answer', async (code, run, settling) => {
    const rig = new ServiceRig(servePayments(run));
    rig.send();
    await rig.deliver();
    rig.send(settling);
    await rig.deliver();
    await expect(answer(rig, complete('p-7'))).rejects.toMatchObject({ code });
  });

  test('an answer whose data breaks the contract is refused and not recorded', async () => {
    const rig = deferring();
    rig.send();
    await rig.deliver();
    const wrong: DeferredAnswer = { kind: 'complete', command: 'payments.charge', output: { paymentId: 7 } };
    await expect(answer(rig, wrong)).rejects.toMatchObject({ code: 'DATA_INVALID' });
    expect(await rig.record()).toMatchObject({ state: 'DEFERRED' });
  });
});
