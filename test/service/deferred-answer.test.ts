import { describe, expect, it } from 'vitest';
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
  it('is answered deferred, then completed by token with a reply as its handler would have made it', async () => {
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

  it('is failed by token with a declared error', async () => {
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

  it('takes the same answer again, publishes it again, and refuses another', async () => {
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

  it('takes the same large answer again', async () => {
    const rig = deferring();
    rig.send();
    await rig.deliver();
    const large: DeferredAnswer = { kind: 'complete', command: 'payments.charge', output: { paymentId: 'p-7', note: 'n'.repeat(110_000) } };
    await answer(rig, large);
    await answer(rig, large);
    expect(rig.replies[2]).toEqual(rig.replies[1]);
    expect(rig.replies[1]!.dataref).toMatch(/^payload:/);
  });

  it('is answered by an answer that comes while the handler still runs, and nobody is told of it before the handler has deferred', async () => {
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

  it('keeps the early answer over a crash of its worker', async () => {
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

  it('keeps the early answer where the worker that takes over answers itself', async () => {
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

  it('keeps the early answer where its worker beats, and then answers itself', async () => {
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

  it('of class once, whose worker is gone, is ended and published by the answer itself', async () => {
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

  it('says yes only after the bus has it, and publishes it when the caller repeats', async () => {
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

  it('is taken back by settling: the answer is refused, cancel runs, and the process is told cancelled', async () => {
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

  it('whose cancel fails stays REVOKED, and cancel is called again', async () => {
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

  it('that defers while it is settled is taken back at once, without the answer deferred', async () => {
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

  it('is beaten for: the beat is noted, told to the process as deferred, and refused at the end', async () => {
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
  it('is URL safe and names its service and command', () => {
    expect(TOKEN).toMatch(/^[A-Za-z0-9._-]+$/);
    expect(readTaskToken(TOKEN)).toEqual({ service: 'payments', commandId: ID, nonce: FIRST_NONCE });
  });

  it.each([
    ['no token', 'hello'],
    ['a changed one', `${TOKEN.slice(0, -1)}${TOKEN.endsWith('A') ? 'B' : 'A'}`],
    ['one that is made from what is public, with a nonce of its own', tokenOf('payments', ID, newNonce())],
    ['one of another service', tokenOf('flights', ID)],
    ['one of no command', tokenOf('payments', `${ID}9`)],
  ])('is refused where it is %s', async (_, token) => {
    const rig = deferring();
    rig.send();
    await rig.deliver();
    await expect(answer(rig, complete('p-7'), token)).rejects.toMatchObject({ code: 'TOKEN_INVALID' });
    expect(rig.outcomes()).toEqual(['deferred']);
  });

  it('is refused for another command of the service, and for an error that is not declared', async () => {
    const rig = deferring();
    rig.send();
    await rig.deliver();
    await expect(answer(rig, { kind: 'complete', command: 'payments.ping', output: null })).rejects.toMatchObject({
      code: 'TOKEN_INVALID',
    });
    const undeclared = { ...fail, failure: { type: 'Broke', message: '', data: null } };
    await expect(answer(rig, undeclared)).rejects.toMatchObject({ code: 'TOKEN_INVALID' });
  });

  it('is another one in each command, so that nobody derives one from another', async () => {
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

  it.each([
    ['a run that fails', async () => Promise.reject(new TypeError('down'))],
    ['a worker that stops', () => new Promise<never>(() => undefined)],
  ])('is the same after %s, and in cancel', async (_what, first) => {
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

  it.each<[string, Parameters<typeof servePayments>[0], Parameters<ServiceRig['send']>[0]]>([
    ['ALREADY_USED', async () => ({ paymentId: 'p-7' }), {}],
    ['CLOSED', async (_input, task) => task.defer(), SETTLING],
  ])('of a command that has ended without it is %s, also with the same answer', async (code, run, settling) => {
    const rig = new ServiceRig(servePayments(run));
    rig.send();
    await rig.deliver();
    rig.send(settling);
    await rig.deliver();
    await expect(answer(rig, complete('p-7'))).rejects.toMatchObject({ code });
  });

  it('refuses data that the contract does not allow, and takes nothing', async () => {
    const rig = deferring();
    rig.send();
    await rig.deliver();
    const wrong: DeferredAnswer = { kind: 'complete', command: 'payments.charge', output: { paymentId: 7 } };
    await expect(answer(rig, wrong)).rejects.toMatchObject({ code: 'DATA_INVALID' });
    expect(await rig.record()).toMatchObject({ state: 'DEFERRED' });
  });
});
