import { expect, test } from 'vitest';
import { InboxRig } from './inbox-rig.ts';

const KEY = 'default#tutti--key#AAAAAAAAAAAAAAAAAAAAAA';
const SUBSCRIBER = 'default#fulfil#o-1';
const TIME = '2026-11-21T10:00:00.000Z';

const event = {
  specversion: '1.0',
  id: 'e-1',
  source: 'shop',
  type: 'shop.moved',
  time: TIME,
  datacontenttype: 'application/json',
  hops: 0,
  data: {},
};
const forward = { tutti: 'forward', subscription: `${SUBSCRIBER}/r1/1`, owner: KEY, process: 'fulfil', key: 'k', to: 1, event };
const unsubscribe = { tutti: 'unsubscribe', subscription: `${SUBSCRIBER}/r1/1`, owner: KEY, time: TIME };

test.each([
  ['forward', { ...forward, subscription: 'o-1' }, 'subscription'],
  ['forward', { ...forward, owner: SUBSCRIBER }, 'expected a key'],
  ['forward', { ...forward, owner: 7 }, 'pid'],
  ['forward', { ...forward, owner: KEY.replace('default', 'other') }, 'tenant'],
  ['forward', { ...forward, key: '' }, 'key'],
  ['forward', { ...forward, to: 0 }, 'to must'],
  ['forward', { ...forward, round: -1 }, 'round'],
  ['forward', { ...forward, process: '' }, 'process'],
  ['forward', { ...forward, event: null }, 'event'],
  ['forward', { ...forward, event: { ...event, id: '' } }, 'The forwarded event is not an event'],
  ['return', { ...forward, tutti: 'return', event: { ...event, id: '' } }, 'The event that comes back is not an event'],
  ['return', { ...forward, tutti: 'return', key: 7 }, 'key'],
  ['unsubscribe', { ...unsubscribe, time: 'soon' }, 'time'],
  ['unsubscribe', { ...unsubscribe, owner: SUBSCRIBER }, 'expected a key'],
])('a message %s of a key with a bad member is MALFORMED: %j', async (_kind, message, detail) => {
  const rig = new InboxRig();
  rig.put(JSON.stringify(message));
  await rig.work();
  const parked = [
    ...(await rig.parked()),
    ...(await rig.parked(KEY)),
    ...(await rig.parked(SUBSCRIBER)),
    ...(await rig.parked(KEY.replace('default', 'other'))),
  ];
  expect(parked).toMatchObject([{ reason: 'MALFORMED', detail: expect.stringContaining(detail) }]);
});

test('the subscription to another key than its data names is MALFORMED', async () => {
  const rig = new InboxRig();
  const data = { process: 'fulfil', event: 'shop.moved', key: 'k' };
  const command = { tutti: 'command', commandid: `${SUBSCRIBER}/r1/1`, owner: KEY, command: 'tutti.subscribe', depth: 0, data };
  rig.put(JSON.stringify({ ...command, datahash: `sha256:${'0'.repeat(64)}`, time: TIME, hops: 0 }));
  await rig.work();
  expect(await rig.parked(KEY)).toMatchObject([{ reason: 'MALFORMED' }]);
  expect(await rig.head(KEY)).toBeUndefined();
});

test('a key is only resumed: another operation on it is REFUSED', async () => {
  const rig = new InboxRig();
  rig.operate('terminate', KEY);
  await rig.work();
  expect(await rig.parked(KEY)).toMatchObject([{ reason: 'REFUSED', detail: expect.stringContaining('is a key, which is only resumed') }]);
});

test('the end of a subscription that no key holds changes nothing', async () => {
  const rig = new InboxRig();
  rig.put(JSON.stringify(unsubscribe));
  await rig.work();
  expect(await rig.head(KEY)).toBeUndefined();
  expect(await rig.parked(KEY)).toEqual([]);
});
