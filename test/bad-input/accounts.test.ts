import { describe, expect, test } from 'vitest';
import type { PublishingAccounts } from '../../lib/contract/accounts.ts';
import { busText, charging, InboxRig } from './inbox-rig.ts';

const PID = 'default#fulfil#o-1';
const [OWN, FLIGHTS, HOTELS] = ['111111111111', '222222222222', '333333333333'];
const ORDER = { orderId: 'o-1' };

const from = (account: string, body: string): string => JSON.stringify({ ...(JSON.parse(body) as object), account });
const placed = (account: string, over: object = {}): string =>
  from(
    account,
    busText('shop.placed', {
      specversion: '1.0',
      id: 'e-1',
      source: 'shop',
      type: 'shop.placed',
      time: '2026-11-21T10:00:00.000Z',
      datacontenttype: 'application/json',
      hops: 0,
      data: ORDER,
      ...over,
    }),
  );

/** An instance whose payment is out, and the answer to it as `account` publishes it. */
const answeredFrom = async (account: string, accounts: PublishingAccounts): Promise<InboxRig> => {
  const { rig, charge } = await charging();
  const deployed = new InboxRig({ accounts, state: rig.state });
  deployed.put(
    from(
      account,
      busText('payments.charge.completed', {
        specversion: '1.0',
        id: `${charge.id}:completed`,
        source: 'payments',
        type: 'payments.charge.completed',
        time: '2026-11-21T10:00:00.000Z',
        datacontenttype: 'application/json',
        dataversion: 2,
        hops: 0,
        commandid: charge.id,
        commandhash: charge.datahash,
        attempt: 1,
        outcome: 'completed',
        replyto: charge.replyto,
        data: { paymentId: 'p-1' },
      }),
    ),
  );
  await deployed.work();
  return deployed;
};

describe('an account may publish only for its services and its events', () => {
  const atHome: PublishingAccounts = { own: OWN, services: { flights: FLIGHTS, hotels: HOTELS }, events: {} };
  const abroad: PublishingAccounts = { ...atHome, services: { ...atHome.services, payments: FLIGHTS } };
  const asEvent: PublishingAccounts = { ...atHome, events: { 'payments.charge.completed': [HOTELS] } };

  test.each([
    ['a reply of a service of the own account is applied from the own account', OWN, atHome],
    ['a reply of a service of another account is applied from that account', FLIGHTS, abroad],
  ])('%s', async (_what, account, accounts) => {
    expect(await (await answeredFrom(account, accounts)).story(PID)).toContain('CommandAnswered');
  });

  test.each([
    ['a reply of a service of the own account is forbidden from another account', FLIGHTS, atHome],
    ['a reply of a service of another account is forbidden from the own account', OWN, abroad],
    ['a reply of a service of another account is forbidden from a third account', HOTELS, abroad],
    ['a reply is forbidden from an account that may only publish an event of its type', HOTELS, asEvent],
  ])('%s', async (_what, account, accounts) => {
    const rig = await answeredFrom(account, accounts);
    expect(await rig.story(PID)).not.toContain('CommandAnswered');
    expect(await rig.parked()).toMatchObject([{ reason: 'FORBIDDEN' }]);
  });

  test.each([
    ['an event is admitted from the own account', OWN, atHome, {}],
    ['an event is admitted from an account that may publish it', FLIGHTS, { ...atHome, events: { 'shop.placed': [FLIGHTS] } }, {}],
  ])('%s', async (_what, account, accounts) => {
    const rig = new InboxRig({ accounts });
    rig.put(placed(account));
    await rig.work();
    expect(await rig.head(PID)).toMatchObject({ status: 'running' });
  });

  test.each([
    ['an event of the system is forbidden from an account that has only services', FLIGHTS, atHome],
    [
      'an event is forbidden from an account that may publish another event',
      FLIGHTS,
      { ...atHome, events: { 'shop.confirmed': [FLIGHTS] } },
    ],
    ['an event of an owner in another account is forbidden from the own account', OWN, { ...atHome, services: { shop: HOTELS } }],
    ['an event type named as a member of every object grants nothing', FLIGHTS, { ...atHome, events: { constructor: [FLIGHTS] } }],
  ])('%s', async (_what, account, accounts) => {
    const rig = new InboxRig({ accounts });
    rig.put(placed(account));
    await rig.work();
    expect(await rig.head(PID)).toBeUndefined();
    expect(await rig.parked()).toMatchObject([{ reason: 'FORBIDDEN' }]);
  });
});
