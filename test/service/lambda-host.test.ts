import { describe, expect, test } from 'vitest';
import type { ReceivedMessage } from '../../lib/ports/message-queue.ts';
import type { BatchResponse, LambdaHost } from '../../lib/service/aws/lambda-host.ts';
import { servePayments } from './payments.ts';
import { ID, ServiceRig, gate, turn } from './service-rig.ts';

const charged = async (): Promise<{ paymentId: string }> => ({ paymentId: 'p-7' });
const id = (number: number): string => `default#book-trip#cart-42/r5f2c/${number}`;
const charge = (card: string) => ({ data: { amount: 5, card } });

/** A message as an event source mapping passes it. */
function record({ messageId, receiptHandle, body, sentAt, receiveCount }: ReceivedMessage): object {
  const attributes = { ApproximateReceiveCount: String(receiveCount), SentTimestamp: String(sentAt) };
  return { messageId, receiptHandle, body, attributes, eventSource: 'aws:sqs', awsRegion: 'local' };
}

interface Invocation {
  readonly response: Promise<BatchResponse>;
  readonly messages: readonly ReceivedMessage[];
}

/** Plays Lambda's event source mapping: receives, calls the function, deletes messages that are not reported. */
async function invoke(rig: ServiceRig, host: LambdaHost, remainingMs = 30_000): Promise<Invocation> {
  const messages = await rig.queue.receive({ max: 10, waitSeconds: 0, visibilitySeconds: 180 });
  const response = host.handle({ Records: messages.map(record) }, { getRemainingTimeInMillis: () => remainingMs });
  const settled = response.then(async (answer) => {
    const failed = new Set(answer.batchItemFailures.map(({ itemIdentifier }) => itemIdentifier));
    await rig.queue.delete(messages.filter(({ messageId }) => !failed.has(messageId)).map(({ receiptHandle }) => receiptHandle));
    return answer;
  });
  return { response: settled, messages };
}

const failures = async ({ response }: Invocation): Promise<string[]> =>
  (await response).batchItemFailures.map(({ itemIdentifier }) => itemIdentifier);

describe('a service as a Lambda function', () => {
  test('each command of a batch is answered by itself, and unanswered ones are reported as failures', async () => {
    const rig = new ServiceRig(
      servePayments(async ({ card }, task) => {
        if (card === 'declined') throw task.errors.CardDeclined({ reason: 'expired' });
        if (card === 'later') return task.defer();
        if (card === 'down') throw new Error('connect ECONNREFUSED');
        return { paymentId: 'p-7' };
      }),
    );
    for (const [index, card] of ['good', 'declined', 'later', 'down'].entries()) rig.send({ id: id(index), ...charge(card) });
    const invocation = await invoke(rig, rig.lambda());
    const down = invocation.messages[3]?.messageId;
    expect(await failures(invocation)).toEqual([down]);
    expect(rig.outcomes().toSorted()).toEqual(['completed', 'deferred', 'failed']);
    expect(rig.queue.size).toBe(1);
    // The visibility timeout is the backoff of one to two seconds, not that of the queue.
    rig.clock.advance(2_000);
    expect(await failures(await invoke(rig, rig.lambda()))).toEqual([down]);
  });

  test('the function deletes no message itself', async () => {
    const deleted: string[] = [];
    const rig = new ServiceRig(servePayments(charged), {
      queue: (queue) => ({
        receive: (options) => queue.receive(options),
        changeVisibility: (changes) => queue.changeVisibility(changes),
        delete: async (handles) => {
          deleted.push(...handles);
          return [];
        },
      }),
    });
    rig.send();
    expect(await failures(await invoke(rig, rig.lambda()))).toEqual([]);
    expect(rig.outcomes()).toEqual(['completed']);
    expect(deleted).toEqual([]);
  });

  test('a command that is twice in a batch runs once, and the second copy is reported and repeats the reply later', async () => {
    let runs = 0;
    const rig = new ServiceRig(
      servePayments(async () => {
        runs += 1;
        return { paymentId: 'p-7' };
      }),
    );
    rig.send();
    rig.send();
    const invocation = await invoke(rig, rig.lambda());
    expect(await failures(invocation)).toEqual([invocation.messages[1]?.messageId]);
    rig.clock.advance(60_000);
    expect(await failures(await invoke(rig, rig.lambda()))).toEqual([]);
    expect(runs).toBe(1);
    expect(rig.outcomes()).toEqual(['completed', 'completed']);
    expect(rig.queue.size).toBe(0);
  });

  test('a command whose lease was lost during its run is reported and not answered', async () => {
    const until = gate();
    const rig = new ServiceRig(
      servePayments(async () => {
        await until.opened;
        return { paymentId: 'p-7' };
      }),
    );
    rig.send();
    const invocation = await invoke(rig, rig.lambda());
    await turn();
    const standing = await rig.record();
    await rig.store.write(ID, { ...standing!, token: "another worker's" }, standing!.revision);
    until.open();
    expect(await failures(invocation)).toEqual([invocation.messages[0]?.messageId]);
    expect(rig.replies).toEqual([]);
    expect(rig.notices).toMatchObject([{ kind: 'lease-lost' }]);
  });

  test('heartbeats extend the visibility timeouts and leases of long commands', async () => {
    const until = gate();
    const rig = new ServiceRig(
      servePayments(async () => {
        await until.opened;
        return { paymentId: 'p-7' };
      }),
    );
    rig.send();
    const invocation = await invoke(rig, rig.lambda(), 900_000);
    for (let passed = 0; passed < 200; passed += 20) {
      await turn();
      rig.clock.advance(20_000);
    }
    await turn();
    expect((await rig.record())?.leaseUntil).toBe(rig.clock.now() + 60_000);
    expect(await rig.queue.receive({ max: 1, waitSeconds: 0, visibilitySeconds: 0 })).toEqual([]);
    until.open();
    expect(await failures(invocation)).toEqual([]);
    expect(rig.outcomes()).toEqual(['completed']);
  });

  test('an event that is not a batch of SQS messages is refused with the expected event', async () => {
    const rig = new ServiceRig(servePayments(charged));
    const refused = { code: 'UNSUPPORTED', message: expect.stringContaining('expected a batch of messages from its SQS queue') as string };
    await expect(rig.lambda().handle({ Records: [{ eventSource: 'aws:s3' }] }, {})).rejects.toMatchObject(refused);
    await expect(rig.lambda().handle({ detail: {} }, {})).rejects.toMatchObject(refused);
    await expect(rig.lambda().handle(undefined, {})).rejects.toMatchObject(refused);
  });
});

describe('a Lambda function whose time runs out', () => {
  test('signals abort two seconds before the timeout, and commands that end then return to the queue after a pause', async () => {
    let runs = 0;
    const rig = new ServiceRig(
      servePayments(async (_input, task) => {
        runs += 1;
        if (runs > 1) return { paymentId: 'p-7' };
        return new Promise((_, reject) => task.signal.addEventListener('abort', () => reject(task.signal.reason as Error)));
      }),
    );
    rig.send();
    const invocation = await invoke(rig, rig.lambda(), 20_000);
    await turn();
    rig.clock.advance(17_999);
    await turn();
    expect((await rig.record())?.leaseUntil).toBeGreaterThan(rig.clock.now());
    rig.clock.advance(1);
    expect(await failures(invocation)).toEqual([invocation.messages[0]?.messageId]);
    // Neither the visibility timeout nor the lease delays the next delivery.
    rig.clock.advance(1_000);
    expect(await failures(await invoke(rig, rig.lambda()))).toEqual([]);
    expect(rig.outcomes()).toEqual(['completed']);
  });

  test('a handler that ignores its signal does not delay the response, and its late answer counts', async () => {
    const until = gate();
    const rig = new ServiceRig(
      servePayments(async ({ card }) => {
        if (card === 'deaf') await until.opened;
        return { paymentId: 'p-7' };
      }),
    );
    rig.send({ id: id(1), ...charge('good') });
    rig.send({ id: id(2), ...charge('deaf') });
    const invocation = await invoke(rig, rig.lambda(), 20_000);
    await turn();
    rig.clock.advance(18_000);
    await turn();
    rig.clock.advance(1_500);
    expect(await failures(invocation)).toEqual([invocation.messages[1]?.messageId]);
    expect(rig.outcomes()).toEqual(['completed']);
    until.open();
    await turn();
    expect(rig.outcomes()).toEqual(['completed', 'completed']);
    expect(await rig.record(id(2))).toMatchObject({ state: 'DONE' });
  });

  test('a heartbeat that hangs does not delay the response', async () => {
    const rig = new ServiceRig(
      servePayments(({ card }) => (card === 'good' ? charged() : new Promise(() => {}))),
      {
        queue: (queue) => ({
          receive: (options) => queue.receive(options),
          delete: (handles) => queue.delete(handles),
          changeVisibility: () => new Promise(() => {}),
        }),
      },
    );
    rig.send({ id: id(1), ...charge('good') });
    rig.send({ id: id(2), ...charge('endless') });
    const invocation = await invoke(rig, rig.lambda(), 22_000);
    await turn();
    for (const milliseconds of [20_000, 1_500]) {
      rig.clock.advance(milliseconds);
      await turn();
    }
    expect(await failures(invocation)).toEqual([invocation.messages[1]?.messageId]);
  });

  test('an abandoned command gets no further heartbeat', async () => {
    const rig = new ServiceRig(servePayments(() => new Promise(() => {})));
    rig.send();
    const host = rig.lambda();
    const first = await invoke(rig, host, 20_000);
    await turn();
    rig.clock.advance(18_000);
    await turn();
    rig.clock.advance(1_500);
    await failures(first);
    const until = (await rig.record())?.leaseUntil as number;
    // The next call in the same environment sends heartbeats only for its own commands.
    rig.send({ id: id(9) });
    await invoke(rig, host, 900_000);
    await turn();
    rig.clock.advance(20_000);
    await turn();
    expect((await rig.record(id(9)))?.leaseUntil).toBe(rig.clock.now() + 60_000);
    expect((await rig.record())?.leaseUntil).toBe(until);
  });

  test.each([
    [3_000, 1_500],
    [400, 200],
  ])('handlers get half of a timeout of %s ms', async (totalMs, halfMs) => {
    const rig = new ServiceRig(
      servePayments(
        (_input, task) => new Promise((_, reject) => task.signal.addEventListener('abort', () => reject(task.signal.reason as Error))),
      ),
    );
    rig.send();
    const invocation = await invoke(rig, rig.lambda(), totalMs);
    await turn();
    rig.clock.advance(halfMs);
    expect(await failures(invocation)).toEqual([invocation.messages[0]?.messageId]);
  });
});
