import { describe, expect, test } from 'vitest';
import { makeHandler as makeAdvance, type AdvanceProcessesPorts } from '../../functions/advance-processes/handler.ts';
import { makeHandler as makeDrain } from '../../functions/drain-dead-letters/handler.ts';
import type { LogLine } from '../../functions/log-line.ts';
import type { VisibilityChange } from '../../lib/ports/message-queue.ts';
import type { MessageSender } from '../../lib/ports/message-sender.ts';
import { Checkout, flights, payments, services, tripOf } from '../core/trip-contracts.ts';
import { EngineRig } from '../engine/engine-rig.ts';
import { sqsEvent } from './sqs-event.ts';

const context = { getRemainingTimeInMillis: () => 60_000 };

/** The queues to which a function returns messages, and its log lines. */
class Deployment {
  readonly givenBack: { readonly queue: string; readonly changes: readonly VisibilityChange[] }[] = [];
  readonly lines: LogLine[] = [];
  broken = false;

  readonly queue: AdvanceProcessesPorts['queue'] = (queue) => ({
    changeVisibility: async (changes) => {
      if (this.broken) throw new TypeError('no queue');
      this.givenBack.push({ queue, changes });
      return [];
    },
  });

  readonly log = (line: LogLine): void => void this.lines.push(line);
}

const trip = tripOf(async (ctx) => {
  await ctx.call(flights.book, { to: 'Oslo' });
  await ctx.call(payments.charge, { amount: 1 });
});

const checkout = (id: string, trip: string): { readonly id: string; readonly body: string } => ({
  id,
  body: JSON.stringify({
    'detail-type': Checkout.type,
    source: 'shop',
    account: '111111111111',
    detail: {
      specversion: '1.0',
      id,
      source: 'shop',
      type: Checkout.type,
      time: '2026-01-01T00:00:00.000Z',
      datacontenttype: 'application/json',
      hops: 0,
      data: { id: trip },
    },
  }),
});

describe('advance-processes', () => {
  test('a batch that was decided reports no failures', async () => {
    const rig = new EngineRig([trip], services);
    const deployment = new Deployment();
    const handler = makeAdvance(() => ({ engine: rig.engine, queue: deployment.queue, log: deployment.log }));

    const answer = await handler(sqsEvent('trips-inbox', [checkout('m1', 'a'), checkout('m2', 'b')]), context);

    expect(answer).toEqual({ batchItemFailures: [] });
    expect(await rig.commands('flights')).toHaveLength(2);
    expect(deployment.givenBack).toEqual([]);
  });

  test('a message that cannot be decided now is reported to Lambda, and hidden for the time that the engine sets', async () => {
    const rig = new EngineRig([trip], services);
    const deployment = new Deployment();
    const handler = makeAdvance(() => ({ engine: rig.engine, queue: deployment.queue, log: deployment.log }));
    const newer = checkout('m2', 'b');
    const body = newer.body.replace('"data":', '"dataversion":99,"data":');

    const answer = await handler(sqsEvent('trips-inbox', [checkout('m1', 'a'), { ...newer, body }]), context);

    expect(answer).toEqual({ batchItemFailures: [{ itemIdentifier: 'm2' }] });
    expect(deployment.givenBack).toEqual([{ queue: 'trips-inbox', changes: [{ receiptHandle: 'receipt of m2', seconds: 60 }] }]);
  });

  test('a message whose visibility timeout cannot be set is still reported, and the error is logged', async () => {
    const deployment = new Deployment();
    deployment.broken = true;
    const engine = { advance: async () => ({ acknowledge: [], giveBack: [{ receiptHandle: 'receipt of m1', seconds: 5 }] }) };
    const handler = makeAdvance(() => ({ engine, queue: deployment.queue, log: deployment.log }));

    const answer = await handler(sqsEvent('trips-inbox', [checkout('m1', 'a')]), context);

    expect(answer).toEqual({ batchItemFailures: [{ itemIdentifier: 'm1' }] });
    expect(deployment.lines).toMatchObject([{ event: 'fault', error: 'TypeError' }]);
  });

  test.each([
    ['trips-inbox', false, 'inbox'],
    ['trips-starts', false, 'starts'],
    ['trips-operations', false, 'operations'],
    ['trips-hot-lane.fifo', true, 'inbox'],
  ])('the engine gets for a batch of %s: hot lane %s, channel %s, the senders, and the remaining time', async (queue, lane, channel) => {
    const told: unknown[] = [];
    const engine: AdvanceProcessesPorts['engine'] = {
      advance: async (messages, options) => {
        told.push(messages, { lane: options?.lane, remainingMs: options?.remainingMs?.() });
        return { acknowledge: messages.map((message) => message.receiptHandle), giveBack: [] };
      },
    };
    const deployment = new Deployment();
    const handler = makeAdvance(() => ({ engine, queue: deployment.queue, log: deployment.log }));

    await handler(sqsEvent(queue, [{ id: 'm1', body: 'x', receives: 3 }]), context);

    expect(told).toEqual([
      [
        {
          messageId: 'm1',
          receiptHandle: 'receipt of m1',
          body: 'x',
          sentAt: 1_767_225_600_000,
          receiveCount: 3,
          channel,
          senderId: 'sender',
        },
      ],
      { lane, remainingMs: 60_000 },
    ]);
  });
});

describe('drain-dead-letters', () => {
  test('a dead letter returns to the inbox, and after a day it returns to be parked', async () => {
    const rig = new EngineRig([trip], services);
    const deployment = new Deployment();
    const { clock } = rig;
    const sent: string[] = [];
    const sender: MessageSender = {
      send: async (_queue, messages) => messages.map(({ body }) => (sent.push(body), { status: 'sent', messageId: body })),
    };
    const handler = makeDrain(() => ({ clock, sender, queue: deployment.queue, log: deployment.log }));

    expect(await handler(sqsEvent('trips-inbox-dead-letter', [checkout('m1', 'a')]))).toEqual({ batchItemFailures: [] });
    expect(sent).toEqual([expect.stringContaining('"tutti":"forced"')]);

    clock.advance(86_400_000);
    await handler(sqsEvent('trips-inbox-dead-letter', [{ id: 'm2', body: sent[0] ?? '' }]));
    expect(sent[1]).toContain('"park":"DEAD_LETTER"');
  });
});
