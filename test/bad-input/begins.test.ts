import { expect, test } from 'vitest';
import { InboxRig } from './inbox-rig.ts';

const PID = 'default#p-signalling#o-1';
const TIME = '2026-11-21T10:00:00.000Z';
const start = { id: 's-1', event: 'shop.signalling', source: 'shop', time: TIME, hops: 0, data: { orderId: 'o-1' } };
const begin = { tutti: 'begin', pid: PID, owner: PID, data: start };

test.each([
  [{ ...begin, pid: 'o-1' }, 'pid'],
  [{ ...begin, owner: 7 }, 'pid'],
  [{ ...begin, data: undefined }, 'data is missing'],
  [{ ...begin, data: [] }, 'data must be a start'],
  [{ ...begin, data: { ...start, id: '' } }, 'id'],
  [{ ...begin, data: { ...start, event: 7 } }, 'event'],
  [{ ...begin, data: { ...start, time: 'soon' } }, 'instant'],
  [{ ...begin, data: { ...start, hops: -1 } }, 'hops'],
  [{ ...begin, data: { ...start, trace: 7 } }, 'traceparent'],
  [{ ...begin, data: { ...start, data: undefined } }, 'data of the start'],
  [{ ...begin, data: { ...start, tags: { a: 1 } } }, 'tags'],
])('the message of a start that has waited is MALFORMED with a bad member: %j', async (message, detail) => {
  const rig = new InboxRig();
  rig.put(JSON.stringify(message));
  await rig.work();
  const parked = [...(await rig.parked()), ...(await rig.parked(PID))];
  expect(parked).toMatchObject([{ reason: 'MALFORMED', detail: expect.stringContaining(detail) }]);
});

test('a start that has waited for a process that no system lists any more is UNKNOWN_PROCESS, beside its instance', async () => {
  const rig = new InboxRig();
  const pid = 'default#gone#o-1';
  rig.put(JSON.stringify({ ...begin, pid, owner: pid }));
  await rig.work();
  expect(await rig.parked(pid)).toMatchObject([{ reason: 'UNKNOWN_PROCESS' }]);
});

test('a start whose data the contract refuses by now begins as it was admitted, because others wait after it', async () => {
  const rig = new InboxRig();
  rig.put(JSON.stringify({ ...begin, data: { ...start, data: { other: true } } }));
  await rig.work();
  expect(await rig.head(PID)).toMatchObject({ pid: PID });
  expect(await rig.parked(PID)).toEqual([]);
});

test('a start that has waited passes the limit of its tenant, because others wait after it', async () => {
  const rig = new InboxRig({ startsPerMinute: 1 });
  rig.event('shop.placed', { orderId: 'o-2' });
  await rig.work();
  rig.put(JSON.stringify(begin));
  await rig.work();
  expect([(await rig.head(PID))?.status, rig.inbox.size]).toEqual(['running', 0]);
});

test('the message of a start that has waited is FORBIDDEN in the queue of clients', async () => {
  const rig = new InboxRig({ deployed: true });
  rig.put(JSON.stringify(begin), { channel: 'starts', senderId: 'AIDA' });
  await rig.work();
  expect([...(await rig.parked()), ...(await rig.parked(PID))]).toMatchObject([{ reason: 'FORBIDDEN' }]);
});
