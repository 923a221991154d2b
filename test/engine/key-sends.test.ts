import { expect, test } from 'vitest';
import { newImage } from '../../lib/core/image.ts';
import type { SignalInbound } from '../../lib/core/inbound.ts';
import type { Item } from '../../lib/engine/admit/admission.ts';
import { keySends } from '../../lib/engine/send/key-sends.ts';
import type { ForwardMessage } from '../../lib/format/inbox-message.ts';

const PID = 'default#ride#r-1';
const KEY = 'default#tutti--key#AAAAAAAAAAAAAAAAAAAAAA';
const SUBSCRIPTION = `${PID}/r1/1`;
const AT = Date.parse('2026-11-21T10:00:00.000Z');

const held = { ...newImage(PID, 'r1', 'ride@1', AT), subscriptions: [{ run: 'r1', n: 1, owner: KEY, event: 'drivers.moved', key: 'd-1' }] };
const ended = newImage(PID, 'r1', 'ride@1', AT);

/** The bodies of the messages that a message of a key causes at this head. */
const sent = (target: unknown, verdict: Item['verdict'], image = ended): unknown[] =>
  keySends({ target: { pid: PID, ...(target as object) }, verdict } as Item, image, {} as never).map((dispatch) =>
    'body' in dispatch ? JSON.parse(dispatch.body) : dispatch,
  );

test.each([
  ['the run has ended', 'completed', ended, 1],
  ['the run holds it', 'completed', held, 0],
  ['the key refuses it', 'failed', ended, 0],
])('the reply to a subscription ends it again if the run has ended: %s', (_case, outcome, image, count) => {
  const inbound = { kind: 'reply', run: 'r1', n: 1, outcome, at: AT };
  const messages = sent({ inbound, owned: { owner: KEY, hash: '' }, ofKey: {} }, 'closed', image);
  const unsubscribe = { tutti: 'unsubscribe', subscription: SUBSCRIPTION, owner: KEY, time: '2026-11-21T10:00:00.000Z' };
  expect(messages).toEqual(Array.from({ length: count }, () => unsubscribe));
});

const event = {
  specversion: '1.0',
  id: 'e-1',
  source: 'drivers',
  type: 'drivers.moved',
  time: '2026-11-21T10:00:00.000Z',
  hops: 0,
  data: {},
};
const forward = { tutti: 'forward', subscription: SUBSCRIPTION, owner: KEY, process: 'ride', key: 'd-1', to: 2, event } as ForwardMessage;

test.each([
  ['comes back if the subscription has ended', 'closed', 1],
  ['stays if it applies', 'apply', 0],
  ['stays if it is a duplicate', 'dup', 0],
] as const)('a forwarded event %s', (_case, verdict, count) => {
  const inbound = { kind: 'signal', id: 'e-1', subscription: { run: 'r1', n: 1 } } as SignalInbound;
  const messages = sent({ inbound, ofKey: { forward } }, verdict);
  expect(messages).toEqual(Array.from({ length: count }, () => ({ ...forward, tutti: 'return' })));
});
