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
  test('the source, the type and the detail of an event are sent to its bus', async () => {
    const { publisher, calls } = publisherThat(() => ({ FailedEntryCount: 0, Entries: [{ EventId: 'e' }] }));
    expect(await publisher.publish([event('{}')])).toEqual([{ status: 'published', eventId: 'e' }]);
    expect(calls).toEqual([[{ EventBusName: 'trips', Source: 'payments', DetailType: 'payments.charged', Detail: '{}' }]]);
  });

  test('the failed entries of a partly failed call are reported', async () => {
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

  test('an entry without a result counts as failed', async () => {
    const { publisher } = publisherThat(() => ({ Entries: [{ EventId: 'e' }] }));
    expect(await publisher.publish([event('1'), event('2')])).toEqual([
      { status: 'published', eventId: 'e' },
      { status: 'failed', reason: 'EventBridge did not say what became of the event.' },
    ]);
  });

  test('a call that fails as a whole reports its error for each event', async () => {
    const { publisher } = publisherThat(() => {
      throw new Error('no route');
    });
    expect(await publisher.publish([event('1'), event('2')])).toEqual([
      { status: 'failed', reason: 'Error: no route' },
      { status: 'failed', reason: 'Error: no route' },
    ]);
  });

  test('events are split over calls only when they are too large together, and an event that is too large alone is left out', async () => {
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
