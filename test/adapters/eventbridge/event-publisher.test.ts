import type { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { describe, expect, test } from 'vitest';
import { EventBridgeEventPublisher } from '../../../lib/adapters/eventbridge/event-publisher.ts';

type Entries = { readonly Detail: string }[];

/** A publisher whose client answers so, and the entries of each call that it made. */
function publisherThat(answer: (entries: Entries) => unknown): {
  readonly publisher: EventBridgeEventPublisher;
  readonly calls: Entries[];
} {
  const calls: Entries[] = [];
  const send = async ({ input }: { readonly input: { readonly Entries: Entries } }): Promise<unknown> => {
    calls.push(input.Entries);
    return answer(input.Entries);
  };
  return { publisher: new EventBridgeEventPublisher({ client: { send } as unknown as EventBridgeClient, busName: 'trips' }), calls };
}

const event = (detail: string) => ({ source: 'payments', type: 'payments.charged', detail });

describe('the EventBridge event publisher', () => {
  test('sends the source, the type and the detail of an event to its bus', async () => {
    const { publisher, calls } = publisherThat(() => ({ FailedEntryCount: 0, Entries: [{ EventId: 'e' }] }));
    expect(await publisher.publish([event('{}')])).toEqual([{ status: 'published', eventId: 'e' }]);
    expect(calls).toEqual([[{ EventBusName: 'trips', Source: 'payments', DetailType: 'payments.charged', Detail: '{}' }]]);
  });

  test('tells which entries failed of a call that was answered', async () => {
    const { publisher } = publisherThat(() => ({
      FailedEntryCount: 2,
      Entries: [{ ErrorCode: 'ThrottlingException', ErrorMessage: 'slow down' }, { EventId: 'e' }, { ErrorCode: 'InternalFailure' }],
    }));
    expect(await publisher.publish([event('1'), event('2'), event('3')])).toEqual([
      { status: 'failed', reason: 'ThrottlingException: slow down' },
      { status: 'published', eventId: 'e' },
      { status: 'failed', reason: 'InternalFailure' },
    ]);
  });

  test('counts an entry without a result as failed', async () => {
    const { publisher } = publisherThat(() => ({ Entries: [{ EventId: 'e' }] }));
    expect(await publisher.publish([event('1'), event('2')])).toEqual([
      { status: 'published', eventId: 'e' },
      { status: 'failed', reason: 'EventBridge did not say what became of the event.' },
    ]);
  });

  test('says of each event why the whole call failed', async () => {
    const { publisher } = publisherThat(() => {
      throw new Error('no route');
    });
    expect(await publisher.publish([event('1'), event('2')])).toEqual([
      { status: 'failed', reason: 'Error: no route' },
      { status: 'failed', reason: 'Error: no route' },
    ]);
  });

  test('makes more than one call only where the events are too large together, and leaves out what is too large alone', async () => {
    const { publisher, calls } = publisherThat((entries) => ({ Entries: entries.map(({ Detail }) => ({ EventId: `e${Detail[0]}` })) }));
    const sizes = [100_000, 100_000, 204_801, 100_000, 20];
    const results = await publisher.publish(sizes.map((size, index) => event(String(index).repeat(size))));
    expect(calls.map((entries) => entries.map(({ Detail }) => Detail[0]))).toEqual([
      ['0', '1'],
      ['3', '4'],
    ]);
    expect(results.map((result) => (result.status === 'published' ? result.eventId : 'failed'))).toEqual([
      'e0',
      'e1',
      'failed',
      'e3',
      'e4',
    ]);
  });
});
