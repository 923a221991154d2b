import { describe, expect, test } from 'vitest';
import type { EventPublisher, OutgoingEvent } from '../../lib/ports/event-publisher.ts';

export interface Bus {
  readonly publisher: EventPublisher;
  /** Bodies in the inbox of the system `trips`, which subscribes to `trips.asked`, since the last call. */
  readonly inbox: () => Promise<string[]>;
  /** Whether the inbox holds events in the order in which they were published. No bus guarantees it. @default true */
  readonly keepsOrder?: boolean;
}

/** The contract of each event publisher. `make` returns a bus with an empty inbox. */
export function eventPublisherContract(name: string, make: () => Promise<Bus> | Bus): void {
  describe(`event publisher: ${name}`, () => {
    const asked: OutgoingEvent = { source: 'web', type: 'trips.asked', detail: '{"specversion":"1.0","data":{"cart":"\\u00e9"}}' };
    const other: OutgoingEvent = { source: 'web', type: 'trips.other', detail: '{"data":{"replyto":"trips"}}' };

    test('delivers an event to the inbox of a system that subscribes to it, as an EventBridge envelope with the detail unchanged', async () => {
      const { publisher, inbox } = await make();
      const [result] = await publisher.publish([asked]);
      const bodies = await inbox();
      expect(bodies).toHaveLength(1);
      expect(bodies[0]).toContain(`"detail":${asked.detail}`);
      const envelope = JSON.parse(bodies[0] as string) as Record<string, unknown>;
      expect(envelope).toMatchObject({
        version: '0',
        source: 'web',
        'detail-type': 'trips.asked',
        resources: [],
        detail: JSON.parse(asked.detail),
      });
      expect(result).toEqual({ status: 'published', eventId: envelope['id'] });
      expect(envelope['time']).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    });

    test('delivers a reply to the system that it names, and only a top-level name counts', async () => {
      const { publisher, inbox, keepsOrder = true } = await make();
      const answer = (detail: object): OutgoingEvent => ({ source: 'payments', type: 'payments.charged', detail: JSON.stringify(detail) });
      await publisher.publish([
        answer({ replyto: 'trips', data: 1 }),
        answer({ data: { x: 1 }, replyto: 'trips' }),
        answer({ replyto: 'else' }),
        other,
      ]);
      const details = (await inbox()).map((body) => JSON.stringify((JSON.parse(body) as { detail: unknown }).detail));
      const expected = ['{"replyto":"trips","data":1}', '{"data":{"x":1},"replyto":"trips"}'];
      if (keepsOrder) expect(details).toEqual(expected);
      else expect(details.toSorted(byText)).toEqual(expected.toSorted(byText));
    });

    test('delivers an event with two reasons once', async () => {
      const { publisher, inbox } = await make();
      await publisher.publish([{ ...asked, detail: '{"replyto":"trips"}' }]);
      expect(await inbox()).toHaveLength(1);
    });

    test('returns results in the order of the events, with an id for each', async () => {
      const { publisher } = await make();
      const results = await publisher.publish([asked, { ...asked, detail: JSON.stringify('x'.repeat(2_000_000)) }, asked]);
      expect(results.map(({ status }) => status)).toEqual(['published', 'failed', 'published']);
      expect(new Set(results.map((result) => (result.status === 'published' ? result.eventId : '')))).toHaveProperty('size', 3);
    });
  });
}

function byText(one: string, other: string): number {
  return one < other ? -1 : 1;
}
