import { KEYS, SUBSCRIBE } from '../../contract/keys.ts';
import type { KeyInbound, ReturnedEvent } from '../../core/inbound.ts';
import { isKept, keepEarly, openKey, rest, RETURNED, UNSUBSCRIBED } from '../../core/keys.ts';
import { rememberSignal } from '../../core/signal-ring.ts';
import type { LiveInstance } from './live-instance.ts';

/** Applies a message to a key: journals it, lets the reducer decide (lib/core/keys.ts), and lets the key rest without a subscriber. */
export async function applyToKey(live: LiveInstance, inbound: KeyInbound, at: number): Promise<void> {
  const { image, position } = live.run;
  const { act, id, time } = inbound;
  const fact = { at, id, source: KEYS, time };
  if (act === 'subscribe') {
    openKey(image, inbound);
    if (position === 0) await live.apply({ ...fact, type: 'ProcessStarted', definition: image.definition, event: SUBSCRIBE });
    else await live.apply({ ...fact, type: 'EventReceived', event: SUBSCRIBE });
    return;
  }
  if (act === 'unsubscribe') await live.apply({ ...fact, type: 'EventReceived', event: UNSUBSCRIBED });
  else await applyReturn(live, inbound, at);
  rest(image);
}

async function applyReturn(live: LiveInstance, { id, identity, time, returned }: KeyInbound, at: number): Promise<void> {
  const { image } = live.run;
  const { body: _body, earlyMs: _earlyMs, ...event } = returned as ReturnedEvent;
  const kept = isKept(image, id, returned as ReturnedEvent);
  await live.apply({ at, id, source: KEYS, time, type: 'EventReceived', event: RETURNED, data: event });
  // The ring must not hold an event that is kept: it comes again with the next subscriber.
  if (kept) keepEarly(image, returned as ReturnedEvent, at);
  else rememberSignal(image, { id: identity, time: Date.parse(time) }, at);
}
