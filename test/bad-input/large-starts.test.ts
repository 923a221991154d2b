import { describe, expect, test } from 'vitest';
import { inboxBody, type StartMessage } from '../../lib/format/inbox-message.ts';
import { InboxRig, START } from './inbox-rig.ts';

const ORDER = { orderId: 'o-1' };
const PID = 'default#fulfil#o-1';

const startWith = (over: Partial<StartMessage>): string =>
  inboxBody({
    tutti: 'start',
    startid: 's-1',
    tenant: 'default',
    process: 'fulfil',
    id: 'o-1',
    time: new Date(START).toISOString(),
    by: 'test',
    ...over,
  });

describe('a start whose data is in the payload store', () => {
  test('a start with stored data begins its instance with that data', async () => {
    const rig = new InboxRig();
    rig.put(startWith(await rig.stores('fulfil', ORDER)));
    await rig.work();
    expect((await rig.journal(PID))[0]).toMatchObject({ type: 'ProcessStarted', data: ORDER });
  });

  test('a start is parked if the stored data differs from its hash', async () => {
    const rig = new InboxRig();
    const { dataref } = await rig.stores('fulfil', { orderId: 'o-2' });
    const { datahash } = await rig.stores('fulfil', ORDER);
    rig.put(startWith({ dataref, datahash }));
    await rig.work();
    expect(await rig.parked()).toMatchObject([{ reason: 'MALFORMED', detail: expect.stringContaining('SHA-256') }]);
    expect(await rig.head(PID)).toBe(undefined);
  });

  test('a start is parked if its data is missing and does not arrive in time', async () => {
    const rig = new InboxRig();
    rig.put(startWith({ dataref: `payload:${'0'.repeat(64)}`, datahash: `sha256:${'0'.repeat(64)}` }));
    await rig.pass(16 * 60_000);
    expect(await rig.parked()).toMatchObject([{ reason: 'PAYLOAD_MISSING' }]);
  });

  test.each([
    ['neither data nor a reference', {}, 'MALFORMED'],
    ['a reference to another store', { dataref: 's3://elsewhere' }, 'FORBIDDEN'],
  ])('a start is parked if it has %s', async (_, over, reason) => {
    const rig = new InboxRig();
    rig.put(startWith(over));
    expect(await rig.work()).toBe(0);
    expect(await rig.parked()).toMatchObject([{ reason }]);
  });
});
