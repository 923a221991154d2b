import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { isOrchestratorError } from '../../lib/contract/errors.ts';
import { parseEnvelope } from '../../lib/contract/wire/wire.ts';
import type { Served } from '../../lib/service/served.ts';
import { payments, servePayments } from './payments.ts';
import { command, gate, HASH, ID, ServiceRig, SETTLING, START, turn } from './service-rig.ts';

const charged = async (): Promise<{ paymentId: string }> => ({ paymentId: 'p-7' });

describe('an answer', () => {
  test('the reply is the output event, with the members that it copies from the command', async () => {
    const rig = new ServiceRig(servePayments(charged));
    rig.send({ tenant: 'acme' });
    expect(await rig.deliver()).toEqual([{ messageId: '1', receiptHandle: '1.1', action: 'deleted' }]);
    expect(rig.replies).toEqual([
      {
        specversion: '1.0',
        id: `${ID}:completed`,
        source: 'payments',
        type: 'payments.payment-charged',
        time: '2026-11-21T10:00:00.000Z',
        datacontenttype: 'application/json',
        subject: 'cart-42',
        tenant: 'acme',
        commandid: ID,
        commandhash: HASH,
        attempt: 1,
        outcome: 'completed',
        replyto: 'trips',
        replytoken: 'h1.Kx',
        hops: 2,
        traceparent: '00-4bf92f35-01',
        data: { paymentId: 'p-7' },
      },
    ]);
    expect(parseEnvelope(rig.replies[0]).kind).toBe('reply');
    expect(rig.queue.size).toBe(0);
    expect(await rig.record()).toMatchObject({ state: 'DONE' });
  });

  test('the reply is named after the command if the output is not an event, and has the data null without an output', async () => {
    const rig = new ServiceRig(servePayments(charged));
    rig.send({ type: 'payments.ping', data: {} });
    await rig.deliver();
    expect(rig.replies[0]).toMatchObject({ type: 'payments.ping.completed', data: null });
  });

  test('a declared error is a definite failure', async () => {
    const rig = new ServiceRig(
      servePayments(async (_input, task) => {
        throw task.errors.CardDeclined({ reason: 'expired' }, 'The card has expired.');
      }),
    );
    rig.send();
    await rig.deliver();
    expect(rig.replies[0]).toMatchObject({
      id: `${ID}:failed`,
      type: 'payments.charge.failed',
      outcome: 'failed',
      data: { type: 'CardDeclined', message: 'The card has expired.', data: { reason: 'expired' } },
    });
    expect(rig.replies[0]).not.toHaveProperty('retryable');
    expect(await rig.record()).toMatchObject({ state: 'FAILED' });
  });

  test('a duplicate gets the same reply without another run', async () => {
    let runs = 0;
    const rig = new ServiceRig(
      servePayments(async () => {
        runs++;
        return { paymentId: `p-${runs}` };
      }),
    );
    rig.send();
    await rig.deliver();
    rig.clock.advance(1_000);
    rig.send({ attempt: 2 });
    await rig.deliver();
    expect(runs).toBe(1);
    expect(rig.replies[1]).toEqual(rig.replies[0]);
    expect(rig.queue.size).toBe(0);
  });

  test('an output that breaks the contract is not sent, and the command runs again', async () => {
    let runs = 0;
    const rig = new ServiceRig(servePayments(async () => (++runs === 1 ? ({ paymentId: 7 } as never) : { paymentId: 'p-7' })));
    rig.send();
    expect(await rig.deliver()).toMatchObject([{ action: 'given-back' }]);
    expect(rig.replies).toEqual([]);
    rig.clock.advance(2_000);
    await rig.deliver();
    expect(rig.outcomes()).toEqual(['completed']);
  });

  test('data of more than 100 KB goes to the payload store, in replies and commands', async () => {
    let card = '';
    const note = 'n'.repeat(110_000);
    const rig = new ServiceRig(
      servePayments(async (input) => {
        card = input.card;
        return { paymentId: 'p-7', note };
      }),
    );
    const stored = '{"amount":5,"card":"stored"}';
    const name = createHash('sha256').update(stored).digest('hex');
    await rig.payloads.put('p', name, stored);
    const { data: _, ...rest } = command();
    rig.queue.put(JSON.stringify({ ...rest, dataref: `payload:${name}`, datahash: `sha256:${name}` }));
    await rig.deliver();
    expect(card).toBe('stored');
    const [reply] = rig.replies;
    expect(reply).not.toHaveProperty('data');
    const hash = /^payload:([0-9a-f]{64})$/.exec(reply!.dataref!)![1]!;
    expect(reply!.datahash).toBe(`sha256:${hash}`);
    expect(JSON.parse((await rig.payloads.get('p', hash))!)).toEqual({ paymentId: 'p-7', note });
  });

  test('the reply is published before the message is deleted, and a refused reply leads to a redelivery', async () => {
    let refuse = true;
    const rig = new ServiceRig(servePayments(charged), {
      publisher: (bus) => ({
        publish: async (events) => (refuse ? events.map(() => ({ status: 'failed', reason: 'throttled' })) : bus.publish(events)),
      }),
    });
    rig.send();
    expect(await rig.deliver()).toMatchObject([{ action: 'given-back' }]);
    expect(await rig.record()).toMatchObject({ state: 'DONE' });
    refuse = false;
    rig.clock.advance(2_000);
    expect(await rig.deliver()).toMatchObject([{ action: 'deleted' }]);
    expect(rig.outcomes()).toEqual(['completed']);
  });

  test('the replies of a batch are published in one call, and its messages deleted in one call', async () => {
    const calls: string[] = [];
    const rig = new ServiceRig(servePayments(charged), {
      publisher: (bus) => ({ publish: (events) => (calls.push(`publish ${events.length}`), bus.publish(events)) }),
      queue: (queue) => ({
        receive: (options) => queue.receive(options),
        delete: (handles) => (calls.push(`delete ${handles.length}`), queue.delete(handles)),
        changeVisibility: (changes) => queue.changeVisibility(changes),
      }),
    });
    for (let n = 0; n < 10; n++) rig.send({ id: `default#book-trip#cart-${n}/r1/1` });
    await rig.deliver();
    expect(calls).toEqual(['publish 10', 'delete 10']);
  });
});

describe('a handler', () => {
  test('a handler gets its command, and the same token on each run', async () => {
    const seen: unknown[] = [];
    const tokens = new Set<string>();
    const rig = new ServiceRig(
      servePayments(async (input, task) => {
        seen.push([input, task.commandId, task.processId, task.attempt, task.deadline?.toISOString(), task.undoes]);
        tokens.add(task.token);
        if (seen.length === 1) throw new TypeError('the network is down');
        return { paymentId: 'p-7' };
      }),
    );
    rig.send({ undoes: 'default#book-trip#cart-42/r5f2c/1' });
    await rig.deliver();
    rig.clock.advance(2_000);
    await rig.deliver();
    const expected = [{ amount: 5, card: 'tok_1' }, ID, 'cart-42', 1, '2026-11-24T10:00:00.000Z', 'default#book-trip#cart-42/r5f2c/1'];
    expect(seen).toEqual([expected, expected]);
    expect(tokens.size).toBe(1);
  });

  test('a handler that throws runs again after the pauses of its policy, under a new claim', async () => {
    const rig = new ServiceRig(
      servePayments(async () => {
        throw new TypeError('the network is down');
      }),
    );
    rig.send({ retryfirst: 8_000, retrymost: 100_000, retryfactor: '1.5' });
    for (let n = 0; n < 12; n++) {
      const [outcome] = await rig.deliver();
      expect(outcome!.visibilitySeconds).toBeLessThanOrEqual(Math.min(100, Math.ceil(8 * 1.5 ** n)));
      expect((await rig.record())?.failures).toBe(n + 1);
      rig.clock.advance(outcome!.visibilitySeconds! * 1000);
    }
    expect(rig.replies).toEqual([]);
    expect(rig.notices[0]).toMatchObject({ kind: 'handler-failed', commandId: ID, message: 'the network is down' });
  });

  test('a handler sets its own delay with retryAfter', async () => {
    const rig = new ServiceRig(
      servePayments(async (_input, task) => {
        throw task.retryAfter('10 minutes', 'rate limited');
      }),
    );
    rig.send();
    expect(await rig.deliver()).toMatchObject([{ action: 'given-back', visibilitySeconds: 600 }]);
  });

  test('a failing handler runs again beyond the receive limit, which only stops commands that crash their worker', async () => {
    const rig = new ServiceRig(
      servePayments(async () => {
        throw new TypeError('the network is down');
      }),
    );
    rig.send();
    await rig.receiveInVain(19);
    expect(await rig.deliver()).toMatchObject([{ action: 'deleted' }]);
    expect(rig.outcomes()).toEqual([]);
    rig.clock.advance(1_000);
    expect(await rig.deliver()).toMatchObject([{ action: 'given-back' }]);
    expect(await rig.record()).toMatchObject({ state: 'RUN', failures: 2 });
    expect(rig.deadLetter.size).toBe(0);
  });

  test('a handler of class once does not run twice: a run that throws is answered unknown', async () => {
    let runs = 0;
    const rig = new ServiceRig(
      servePayments({
        effect: 'once',
        run: async () => {
          runs++;
          throw new TypeError('the connection broke');
        },
      }),
    );
    rig.send();
    await rig.deliver();
    rig.send({ attempt: 2 });
    await rig.deliver();
    expect(runs).toBe(1);
    expect(rig.outcomes()).toEqual(['unknown', 'unknown']);
  });

  test('a handler of class once runs only after its claim is durable', async () => {
    const order: string[] = [];
    const rig = new ServiceRig(servePayments({ effect: 'once', run: async () => (order.push('run'), { paymentId: 'p-7' }) }));
    const write = rig.store.write.bind(rig.store);
    rig.store.write = (id, record, expected) => (order.push(record.state), write(id, record, expected));
    rig.store.durable = async () => void order.push('durable');
    rig.send();
    await rig.deliver();
    expect(order).toEqual(['RUN', 'durable', 'run', 'DONE']);
  });
});

describe('settling', () => {
  test('settling a command that was never begun answers cancelled, and a late copy does not run', async () => {
    const rig = new ServiceRig(servePayments(charged));
    rig.send(SETTLING);
    await rig.deliver();
    rig.send();
    await rig.deliver();
    expect(rig.outcomes()).toEqual(['cancelled', 'cancelled']);
    expect(await rig.record()).toMatchObject({ state: 'TOMB' });
  });

  test('settling a running command aborts its signal, and the message is redelivered after the lease', async () => {
    const reached = gate();
    const rig = new ServiceRig(
      servePayments(async (_input, task) => {
        reached.open();
        await new Promise((_, reject) => task.signal.addEventListener('abort', () => reject(task.signal.reason as Error)));
        return { paymentId: 'never' };
      }),
    );
    rig.send();
    const running = rig.deliver();
    await reached.opened;
    rig.clock.advance(10_000);
    rig.send(SETTLING);
    expect(await rig.deliver()).toMatchObject([{ action: 'given-back', visibilitySeconds: 50 }]);
    expect(await running).toMatchObject([{ action: 'given-back' }]);
    // The handler obeyed its signal, so there is nothing to report.
    expect(rig.notices).toEqual([]);
    expect(await rig.record()).toMatchObject({ failures: 1, maybeDone: true, lastError: { code: 'CANCELLED' } });
    expect(rig.replies).toEqual([]);
  });
});

describe('another worker', () => {
  test('a worker waits for a valid lease and takes over a lapsed one, and the first worker neither answers nor acknowledges', async () => {
    const first = gate<{ paymentId: string }>();
    let runs = 0;
    const rig = new ServiceRig(servePayments(async () => (++runs === 1 ? first.opened : { paymentId: 'p-second' })));
    const other = rig.worker(0.9);
    rig.send();
    const stalled = rig.deliver();
    await turn();
    rig.send({ attempt: 2 });
    expect(await rig.deliver(other)).toMatchObject([{ action: 'given-back', visibilitySeconds: 60 }]);
    rig.clock.advance(60_000);
    // Both copies are redelivered: one takes the lease over, the other waits for it.
    expect(await rig.deliver(other)).toMatchObject([{ action: 'deleted' }, { action: 'given-back' }]);
    first.open({ paymentId: 'p-first' });
    expect(await stalled).toMatchObject([{ action: 'left' }]);
    expect(new Set(rig.replies.map((reply) => JSON.stringify(reply.data)))).toEqual(new Set(['{"paymentId":"p-second"}']));
  });

  test('a heartbeat keeps the lease valid for other workers', async () => {
    const first = gate<{ paymentId: string }>();
    const rig = new ServiceRig(servePayments(() => first.opened));
    rig.send();
    const running = rig.deliver();
    await turn();
    for (let n = 0; n < 6; n++) {
      rig.clock.advance(20_000);
      await rig.consumer.beat();
    }
    expect(await rig.deliver(rig.worker(0.9))).toEqual([]);
    rig.send({ attempt: 2 });
    expect(await rig.deliver(rig.worker(0.9))).toMatchObject([{ action: 'given-back', visibilitySeconds: 60 }]);
    first.open({ paymentId: 'p-7' });
    expect(await running).toMatchObject([{ action: 'deleted' }]);
    expect(rig.outcomes()).toEqual(['completed']);
  });

  test('the second heartbeat that the queue refuses aborts the signal', async () => {
    const lost = gate<unknown>();
    const rig = new ServiceRig(
      servePayments(async (_input, task) => {
        task.signal.addEventListener('abort', () => lost.open(task.signal.reason));
        throw await lost.opened;
      }),
    );
    rig.send();
    const running = rig.deliver();
    await turn();
    rig.clock.advance(60_000);
    await rig.queue.receive({ max: 1, waitSeconds: 0, visibilitySeconds: 600 });
    await rig.consumer.beat();
    await rig.consumer.beat();
    expect(await running).toMatchObject([{ action: 'left' }]);
    expect(await lost.opened).toMatchObject({ code: 'CANCELLED', reason: 'lost-race' });
  });

  test('a waiting message near the receive limit is sent as a new message', async () => {
    const first = gate<{ paymentId: string }>();
    const rig = new ServiceRig(servePayments(() => first.opened));
    rig.send();
    const running = rig.deliver();
    await turn();
    rig.send({ attempt: 2 });
    await rig.receiveInVain(17);
    expect(await rig.deliver(rig.worker(0.9))).toMatchObject([{ action: 'deleted' }]);
    rig.clock.advance(60_000);
    await rig.consumer.beat();
    const [anew] = (await rig.queue.receive({ max: 10, waitSeconds: 0, visibilitySeconds: 60 })).slice(-1);
    expect(anew).toMatchObject({ messageId: '3', receiveCount: 1 });
    first.open({ paymentId: 'p-7' });
    await running;
  });
});

describe('a command that cannot run', () => {
  test.each([
    ['an unknown command', { type: 'payments.repay' }],
    ['newer data', { dataversion: 2 }],
    ['data that the contract does not allow', { data: { amount: -5, card: 'tok_1' } }],
  ])('%s is held for 15 minutes, then answered failed as POISON and moved to the dead-letter queue', async (_, over) => {
    const rig = new ServiceRig(servePayments(charged));
    rig.send(over);
    for (let minute = 0; minute < 15; minute++) {
      expect(await rig.deliver()).toMatchObject([{ action: 'given-back', visibilitySeconds: 60 }]);
      rig.clock.advance(60_000);
    }
    expect(await rig.deliver()).toMatchObject([{ action: 'deleted' }]);
    expect(rig.replies).toMatchObject([{ outcome: 'failed', retryable: true, data: { type: 'POISON' } }]);
    expect(parseEnvelope(rig.replies[0]).kind).toBe('reply');
    expect(rig.deadLetter.size).toBe(1);
    expect(await rig.record()).toMatchObject({ state: 'FAILED' });
  });

  test('a command that was never claimed is failed at the receive limit, and its copy does not run', async () => {
    let runs = 0;
    const rig = new ServiceRig(servePayments(async () => (runs++, { paymentId: 'p-7' })));
    rig.send();
    await rig.receiveInVain(20);
    await rig.deliver();
    rig.send();
    await rig.deliver();
    expect(runs).toBe(0);
    expect(rig.outcomes()).toEqual(['failed', 'failed']);
    expect(rig.replies[0]).toMatchObject({ retryable: true, data: { type: 'POISON' } });
  });

  test('a message that is not a command goes to the dead-letter queue without an answer', async () => {
    const rig = new ServiceRig(servePayments(charged));
    rig.queue.put('{"specversion":"1.0"}');
    expect(await rig.deliver()).toMatchObject([{ action: 'deleted' }]);
    expect(rig.deadLetter.size).toBe(1);
    expect(rig.replies).toEqual([]);
    expect(rig.notices).toMatchObject([{ kind: 'malformed' }]);
  });

  test('a command with a recorded id and another hash is reported, moved to the dead-letter queue, and answered unknown', async () => {
    const rig = new ServiceRig(servePayments(charged));
    rig.send();
    await rig.deliver();
    const datahash = `sha256:${'00'.repeat(32)}`;
    rig.send({ datahash });
    await rig.deliver();
    expect(rig.outcomes()).toEqual(['completed', 'unknown']);
    expect(rig.replies.at(-1)).toMatchObject({ commandid: ID, commandhash: datahash });
    expect(rig.deadLetter.size).toBe(1);
    expect(rig.notices).toMatchObject([{ kind: 'id-reused', commandId: ID }]);
  });

  test('a failing store returns the message to the queue without a reply', async () => {
    const rig = new ServiceRig(servePayments(charged));
    const write = rig.store.write.bind(rig.store);
    rig.store.write = () => Promise.reject(new TypeError('no route to host'));
    rig.send();
    expect(await rig.deliver()).toMatchObject([{ action: 'given-back' }]);
    expect(rig.notices).toMatchObject([{ kind: 'fault' }]);
    rig.store.write = write;
    rig.clock.advance(2_000);
    await rig.deliver();
    expect(rig.outcomes()).toEqual(['completed']);
  });
});

describe('a served service', () => {
  test('a service outside of a deployment names the variable that is missing', async () => {
    const served = servePayments(charged);
    expect(served['~service']).toBe('payments');
    expect(Object.isFrozen(served)).toBe(true);
    const missing = (name: string) => (error: unknown) =>
      isOrchestratorError(error) && error.code === 'ENVIRONMENT_INVALID' && error.message.includes(`${name} is not set`);
    await expect(served({ Records: [] }, {})).rejects.toSatisfy(missing('TUTTI_QUEUE_URL'));
    await expect(served.poll({ queueUrl: 'https://sqs' })).rejects.toSatisfy(missing('TUTTI_DEAD_LETTER_URL'));
  });

  test('serve refuses effect transaction without a store that has transactions', () => {
    expect(() => servePayments({ effect: 'transaction', run: charged })).toThrow(expect.objectContaining({ code: 'CONTRACT_INVALID' }));
  });

  test('serve refuses a missing handler, an unknown handler and an invalid number of slots', async () => {
    const { serve } = await import('../../lib/service/index.ts');
    expect(() => serve(payments, { charge: charged } as never)).toThrow(/payments\.ping/);
    expect(() => serve(payments, { charge: charged, ping: async () => {}, refund: charged } as never)).toThrow(/handler refund/);
    expect(() => servePayments(charged, { slots: 0 })).toThrow(/slots 0/);
  });
});

describe('polling', () => {
  test('polling never has more messages in flight than slots', async () => {
    const open: (() => void)[] = [];
    const rig = new ServiceRig(
      servePayments(
        async () => {
          await new Promise<void>((resolve) => open.push(resolve));
          return { paymentId: 'p-7' };
        },
        { slots: 3 },
      ),
    );
    for (let n = 0; n < 8; n++) rig.send({ id: `default#book-trip#cart-${n}/r1/1` });
    const stop = new AbortController();
    const polling = rig.consumer.poll(stop.signal);
    for (let ended = 0; ended < 8; ended++) {
      await turn();
      expect(open.length).toBe(Math.min(3, 8 - ended));
      open.shift()!();
    }
    await turn();
    stop.abort();
    await polling;
    expect(rig.replies).toHaveLength(8);
    expect(rig.queue.size).toBe(0);
  });

  test('polling sends a heartbeat every 20 seconds while a handler runs', async () => {
    const end = gate<{ paymentId: string }>();
    const rig = new ServiceRig(servePayments(() => end.opened));
    rig.send();
    const stop = new AbortController();
    const polling = rig.consumer.poll(stop.signal);
    await turn();
    for (let second = 0; second < 300; second += 5) {
      rig.clock.advance(5_000);
      await turn();
    }
    expect((await rig.record())!.leaseUntil).toBeGreaterThan(rig.clock.now() + 39_000);
    expect(rig.queue.nextVisibleAt()).toBeGreaterThan(rig.clock.now() + 39_000);
    end.open({ paymentId: 'p-7' });
    stop.abort();
    await polling;
    expect(rig.outcomes()).toEqual(['completed']);
  });

  test('polling stops gracefully: it aborts handlers after the grace period and returns their messages', async () => {
    const quick = gate<{ paymentId: string }>();
    const rig = new ServiceRig(
      servePayments(
        async (input, task) => {
          if (input.amount === 1) return quick.opened;
          return new Promise((_, reject) => task.signal.addEventListener('abort', () => reject(task.signal.reason as Error)));
        },
        { grace: '30 seconds' },
      ),
    );
    rig.send({ id: 'default#book-trip#a/r1/1', data: { amount: 1, card: 'c' } });
    rig.send({ id: 'default#book-trip#b/r1/1', data: { amount: 2, card: 'c' } });
    const stop = new AbortController();
    const polling = rig.consumer.poll(stop.signal);
    await turn();
    stop.abort();
    await turn();
    quick.open({ paymentId: 'p-7' });
    rig.clock.advance(29_000);
    await turn();
    expect(rig.outcomes()).toEqual(['completed']);
    rig.clock.advance(1_000);
    await polling;
    expect(rig.clock.now()).toBe(START + 30_000);
    expect(rig.queue.nextVisibleAt()).toBeLessThanOrEqual(rig.clock.now() + 1_000);
    const stopped = await rig.record('default#book-trip#b/r1/1');
    expect(stopped).toMatchObject({ failures: 1 });
    expect(stopped).not.toHaveProperty('leaseUntil');
    expect(rig.notices).toEqual([]);
  });
});

describe('a command that prepares its run', () => {
  /** The handler of the step runner has this form. `found`: what a run needs, or why this build does not have it. */
  const prepared = (found: () => object, run = charged): Served<'payments'> =>
    servePayments({ prepare: async () => found(), run } as never);

  test('passes what it has found to the run, and finds it again for the next run', async () => {
    const runs: unknown[] = [];
    let finds = 0;
    const run = async (...[, , found]: readonly unknown[]): Promise<{ paymentId: string }> => {
      runs.push(found);
      if (runs.length === 1) throw new TypeError('connection reset');
      return charged();
    };
    const rig = new ServiceRig(prepared(() => ({ find: (finds += 1) }), run));
    rig.send();
    await rig.deliver();
    rig.clock.advance(60_000);
    await rig.deliver();
    expect(runs).toEqual([{ find: 1 }, { find: 2 }]);
    expect(rig.outcomes()).toEqual(['completed']);
  });

  test('claims nothing in a build without it: it is held for a minute, and run by a build that has it', async () => {
    let found: object = { fault: 'this build has no charge' };
    const rig = new ServiceRig(prepared(() => found));
    rig.send();
    expect(await rig.deliver()).toMatchObject([{ action: 'given-back' }]);
    expect(await rig.record()).toBeUndefined();
    expect(rig.notices).toMatchObject([{ kind: 'held', commandId: ID, message: 'this build has no charge: it waits for another build' }]);
    found = {};
    rig.clock.advance(61_000);
    await rig.deliver();
    expect(rig.outcomes()).toEqual(['completed']);
  });

  test('is answered after 15 minutes that nothing happened, as the process may repeat it', async () => {
    const rig = new ServiceRig(prepared(() => ({ fault: 'this build has no charge' })));
    rig.send();
    await rig.deliver();
    rig.clock.advance(15 * 60_000);
    await rig.deliver();
    expect(rig.replies).toMatchObject([{ outcome: 'failed', retryable: true }]);
    expect(JSON.stringify(rig.replies[0]?.data)).toContain('this build has no charge');
  });

  test('is not prepared for a redelivery after its answer was recorded: that answer is repeated', async () => {
    let finds = 0;
    const rig = new ServiceRig(prepared(() => ({ find: (finds += 1) })));
    rig.send();
    await rig.deliver();
    rig.send();
    await rig.deliver();
    expect(rig.outcomes()).toEqual(['completed', 'completed']);
  });

  test('waits with backoff if a port of its search fails, and the consumer reports the port', async () => {
    const rig = new ServiceRig(
      prepared(() => {
        throw new Error('the table is throttled');
      }),
    );
    rig.send();
    expect(await rig.deliver()).toMatchObject([{ action: 'given-back' }]);
    expect(await rig.record()).toBeUndefined();
    expect(rig.notices).toMatchObject([{ kind: 'fault', message: 'A port failed: the table is throttled' }]);
  });
});
