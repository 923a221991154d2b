import { describe, expect, test } from 'vitest';
import { inboxBody } from '../../lib/format/inbox-message.ts';
import { busText, InboxRig, START } from './inbox-rig.ts';

const ORDER = { orderId: 'o-1' };
const PID = 'default#fulfil#o-1';
const DAY_MS = 86_400_000;

/** An event of an account, its detail a CloudEvents envelope or the data itself. */
const from = (account: string | undefined, plain: boolean): string => {
  const time = new Date(START).toISOString();
  const envelope = {
    specversion: '1.0',
    id: 'e-1',
    source: 'shop',
    type: 'shop.placed',
    time,
    datacontenttype: 'application/json',
    hops: 0,
  };
  const bus = JSON.parse(busText('shop.placed', plain ? ORDER : { ...envelope, data: ORDER })) as Record<string, unknown>;
  return JSON.stringify({ ...bus, account });
};

const CLOSED = { own: '111111111111', services: {}, events: {} };
const OPEN = { ...CLOSED, events: { 'shop.placed': ['222222222222'] } };

describe('an event of an account that may not publish here', () => {
  test.each([
    ['another account', '999999999999', false],
    ['another account, its detail the data alone', '999999999999', true],
    ['no account', undefined, false],
    ['no account, its detail the data alone', undefined, true],
  ])('an event of an account without the right is parked as FORBIDDEN: %s', async (_, account, plain) => {
    const rig = new InboxRig({ accounts: OPEN });
    rig.put(from(account, plain));
    await rig.work();
    expect(await rig.head(PID)).toBeUndefined();
    expect(rig.inbox.size).toBe(0);
    const [parked] = await rig.parked();
    expect(parked).toMatchObject({ reason: 'FORBIDDEN', body: from(account, plain) });
    expect(parked?.detail).toBe(
      `shop.placed of shop came from the account ${String(account)}: only 111111111111, 222222222222 may publish it.`,
    );
    expect(rig.notices).toMatchObject([{ kind: 'parked', reason: 'FORBIDDEN', pid: '' }]);
  });

  test.each([false, true])('a forbidden event in a wrapper is parked, plain: %s', async (plain) => {
    const rig = new InboxRig({ accounts: CLOSED });
    rig.put(inboxBody({ tutti: 'forced', body: from('999999999999', plain), sentat: START }));
    await rig.work();
    expect(await rig.parked()).toMatchObject([{ reason: 'FORBIDDEN' }]);
  });

  test.each([
    ['as it was sent', (text: string) => text],
    ['with its JSON formatted again on its way, as LocalStack does', (text: string) => text.replace('{"tutti":', '{ "tutti": ')],
  ])('a forbidden event in a wrapper is parked as it first came, with its event and its time: %s', async (_, laidOut) => {
    const rig = new InboxRig({ accounts: CLOSED });
    const body = from('999999999999', false);
    rig.put(laidOut(inboxBody({ tutti: 'forced', body, sentat: START - 60_000 })));
    await rig.work();
    const id = expect.stringMatching(new RegExp(`^0*${START - 60_000}#`));
    expect(await rig.parked()).toMatchObject([{ reason: 'FORBIDDEN', body, id, event: { type: 'shop.placed' } }]);
  });

  test.each([false, true])('an event of an account with the right is admitted, plain: %s', async (plain) => {
    const rig = new InboxRig({ accounts: OPEN });
    rig.put(from('222222222222', plain));
    await rig.work();
    expect(await rig.parked()).toEqual([]);
    expect(await rig.head(PID)).toMatchObject({ status: 'running' });
    expect(rig.notices).toEqual([]);
  });
});

describe('a start above the limit of its tenant', () => {
  const MINUTE_MS = 60_000;
  const place = (rig: InboxRig, ...ids: readonly string[]): void => {
    for (const orderId of ids) rig.event('shop.placed', { orderId }, { id: `e-${orderId}` });
  };
  const begun = async (rig: InboxRig, ...ids: readonly string[]): Promise<number> =>
    (await Promise.all(ids.map((id) => rig.head(`default#fulfil#${id}`)))).filter((head) => head !== undefined).length;

  test('it waits for the next minute, and then begins', async () => {
    const rig = new InboxRig({ startsPerMinute: 2 });
    place(rig, 'a', 'b', 'c');
    await rig.work();
    expect(await begun(rig, 'a', 'b', 'c')).toBe(2);
    expect([rig.inbox.size, rig.notices]).toEqual([1, []]);
    await rig.pass(MINUTE_MS);
    expect(await begun(rig, 'a', 'b', 'c')).toBe(3);
    expect(await rig.parked('default#fulfil#c')).toEqual([]);
  });

  test('15 minutes after it was sent it is parked, and a redrive passes the limit', async () => {
    const rig = new InboxRig({ startsPerMinute: 1 });
    place(rig, ...Array.from({ length: 18 }, (_, each) => `o-${each}`));
    await rig.pass(20 * MINUTE_MS);
    const pids = Array.from({ length: 18 }, (_, each) => `default#fulfil#o-${each}`);
    const parked = (await Promise.all(pids.map((pid) => rig.parked(pid)))).flat();
    expect(parked.length).toBeGreaterThan(0);
    expect(new Set(parked.map(({ reason }) => reason))).toEqual(new Set(['TOO_MANY_STARTS']));
    expect(parked[0]?.detail).toMatch(
      /^The tenant default may begin 1 instances in a minute: in that of 2026-11-21T10:15 this is start \d+\.$/,
    );
    expect(rig.notices.filter(({ kind, reason }) => kind === 'parked' && reason === 'TOO_MANY_STARTS')).toHaveLength(parked.length);
    // Nothing is lost: each start has begun its instance, or is parked beside it.
    expect(parked.length + (await begun(rig, ...pids.map((pid) => pid.split('#')[2] as string)))).toBe(18);
    for (const { body } of parked) rig.put(inboxBody({ tutti: 'forced', body, sentat: START }));
    await rig.work();
    expect(await begun(rig, ...pids.map((pid) => pid.split('#')[2] as string))).toBe(18);
  });

  test('a duplicate, a later event and another tenant are not held', async () => {
    const rig = new InboxRig({ startsPerMinute: 1 });
    place(rig, 'a');
    await rig.work();
    place(rig, 'a');
    rig.event('shop.confirmed', { orderId: 'a', by: 'x' });
    rig.event('shop.placed', { orderId: 'a' }, { id: 'e-zoo', tenant: 'zoo' });
    await rig.work();
    expect(rig.inbox.size).toBe(0);
    expect(await rig.head('zoo#fulfil#a')).toMatchObject({ status: 'running' });
  });

  test('a start by a client is held too', async () => {
    const rig = new InboxRig({ startsPerMinute: 1 });
    place(rig, 'a');
    await rig.work();
    const time = new Date(START).toISOString();
    rig.put(
      inboxBody({
        tutti: 'start',
        startid: 's-1',
        tenant: 'default',
        process: 'fulfil',
        id: 'b',
        data: { orderId: 'b' },
        time,
        by: 'test',
      }),
    );
    await rig.work();
    expect([await begun(rig, 'b'), rig.inbox.size]).toEqual([0, 1]);
  });
});

describe('a start that is older than the retention', () => {
  const old = new Date(START - 15 * DAY_MS).toISOString();
  const start = (time: string): string =>
    inboxBody({ tutti: 'start', startid: 's-1', tenant: 'default', process: 'fulfil', id: 'o-1', data: ORDER, time, by: 'test' });

  test.each([
    ['by an event', (rig: InboxRig) => rig.event('shop.placed', ORDER, { time: old })],
    ['by a client', (rig: InboxRig) => rig.put(start(old))],
  ])('a start that is too old is parked and begins nothing: %s', async (_, starts) => {
    const rig = new InboxRig({ startAgeMaxMs: 14 * DAY_MS });
    starts(rig);
    await rig.work();
    expect(await rig.head(PID)).toBeUndefined();
    const [parked] = await rig.parked(PID);
    expect(parked).toMatchObject({ reason: 'START_TOO_OLD' });
    expect(parked?.detail).toBe(`The start is of ${old}: at most 14 days may lie between it and now.`);
    expect(rig.notices).toMatchObject([{ kind: 'parked', reason: 'START_TOO_OLD', pid: PID }]);
  });

  test('a start that is too old is parked even if early events wait for it', async () => {
    const rig = new InboxRig({ startAgeMaxMs: 14 * DAY_MS });
    rig.event('shop.confirmed', { orderId: 'o-1', by: 'x' });
    rig.event('shop.placed', ORDER, { time: old });
    await rig.work();
    expect(await rig.head(PID)).toMatchObject({ status: 'early' });
    expect(await rig.parked(PID)).toMatchObject([{ reason: 'START_TOO_OLD' }]);
  });

  test('a start that is too old does not begin a run over a younger one of its id', async () => {
    const rig = new InboxRig({ startAgeMaxMs: 14 * DAY_MS });
    const pid = 'default#p-restarting#o-1';
    rig.event('shop.restarting', { orderId: 'o-1' }, { id: 'younger' });
    await rig.work();
    rig.operate('terminate', pid);
    await rig.work();
    const before = await rig.head(pid);
    expect(before).toMatchObject({ status: 'terminated' });
    rig.event('shop.restarting', { orderId: 'o-1' }, { id: 'older', time: old });
    await rig.work();
    expect(await rig.head(pid)).toEqual(before);
    expect(await rig.parked(pid)).toMatchObject([{ reason: 'START_TOO_OLD' }]);
  });

  test('a start that is too old is a duplicate if its instance still exists', async () => {
    const rig = new InboxRig({ startAgeMaxMs: 14 * DAY_MS });
    rig.event('shop.placed', ORDER);
    await rig.work();
    const before = await rig.head(PID);
    rig.clock.advance(15 * DAY_MS);
    rig.event('shop.placed', ORDER, { time: new Date(START).toISOString() });
    await rig.work();
    expect(await rig.head(PID)).toEqual(before);
    expect(await rig.parked(PID)).toEqual([]);
  });

  test('a start begins an instance if it is young enough, or if instances are never retired', async () => {
    for (const rig of [new InboxRig({ startAgeMaxMs: 15 * DAY_MS }), new InboxRig()]) {
      rig.event('shop.placed', ORDER, { time: old });
      await rig.work();
      expect(await rig.head(PID)).toMatchObject({ status: 'running' });
    }
  });
});
