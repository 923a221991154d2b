import { describe, expect, test } from 'vitest';
import { inboxBody, type CommandMessage, type ReplyMessage } from '../../lib/format/inbox-message.ts';
import { busText, charging, InboxRig } from './inbox-rig.ts';

const PID = 'default#fulfil#o-1';
const OWNER = 'default#repaying#o-9';

const command: CommandMessage = {
  tutti: 'command',
  commandid: `${PID}/r1/1`,
  owner: OWNER,
  command: 'tutti.other',
  depth: 0,
  data: { orderId: 'o-9' },
  datahash: `sha256:${'0'.repeat(64)}`,
  time: '2026-11-21T10:00:00.000Z',
  hops: 0,
};
const reply: ReplyMessage = {
  tutti: 'reply',
  commandid: `${PID}/r1/1`,
  commandhash: '0'.repeat(16),
  owner: OWNER,
  outcome: 'completed',
  data: null,
  hops: 0,
};

describe('an engine command or its reply without its form is MALFORMED', () => {
  test.each([
    ['commandid', 'o-1'],
    ['commandid', 7],
    ['owner', 'o-9'],
    ['command', ''],
    ['depth', 'deep'],
    ['cancel', 'yes'],
    ['time', 'soon'],
    ['datahash', 'md5:1'],
    ['hops', -1],
    ['traceparent', ''],
    ['data', undefined],
  ])('a command with the %s %j', async (member, value) => {
    const rig = new InboxRig();
    rig.put(JSON.stringify({ ...command, [member]: value }));
    await rig.work();
    const parked = [...(await rig.parked()), ...(await rig.parked(OWNER))];
    expect(parked).toMatchObject([{ reason: 'MALFORMED', detail: expect.stringContaining(member === 'owner' ? 'pid' : member) }]);
  });

  test.each([
    ['commandid', 'o-1'],
    ['commandhash', '0'],
    ['owner', 7],
    ['outcome', 'unknown'],
    ['hops', 'many'],
    ['traceparent', 7],
    ['data', undefined],
  ])('a reply with the %s %j', async (member, value) => {
    const rig = new InboxRig();
    rig.put(JSON.stringify({ ...reply, [member]: value }));
    await rig.work();
    const parked = [...(await rig.parked()), ...(await rig.parked(PID))];
    expect(parked).toMatchObject([{ reason: 'MALFORMED', detail: expect.stringContaining(member === 'owner' ? 'pid' : member) }]);
  });
});

test('an engine command of a later build is parked beside its owner', async () => {
  const rig = new InboxRig();
  rig.put(inboxBody(command));
  await rig.work();
  expect(await rig.parked(OWNER)).toMatchObject([
    {
      reason: 'UNKNOWN_COMMAND',
      detail: 'tutti.other is no command of this engine.',
      event: { id: command.commandid, type: 'tutti.other' },
    },
  ]);
  expect(await rig.head(OWNER)).toBeUndefined();
});

test('the data of an engine command counts only from its issuer', async () => {
  const { rig } = await charging();
  const { dataref, datahash } = await rig.stores(PID, { note: 'x' });
  const { data: _data, ...rest } = command;
  rig.put(JSON.stringify({ ...rest, dataref: `${dataref.slice(0, -1)}!`, datahash }));
  rig.put(JSON.stringify({ ...rest, dataref, datahash: command.datahash }));
  await rig.work();
  expect((await rig.parked()).map(({ reason }) => reason).toSorted()).toEqual(['FORBIDDEN', 'MALFORMED']);
});

test('a reply by the inbox to a command of a service is FORBIDDEN', async () => {
  const { rig, charge } = await charging();
  rig.put(inboxBody({ ...reply, commandid: charge.id, commandhash: charge.datahash.slice(7, 23), owner: PID }));
  await rig.work();
  expect(await rig.story(PID)).not.toContain('CommandAnswered');
  expect(await rig.parked(PID)).toMatchObject([{ reason: 'FORBIDDEN' }]);
});

test('a reply to a command that is not open changes nothing', async () => {
  const { rig } = await charging();
  const before = await rig.head(PID);
  rig.put(inboxBody(reply));
  rig.put(busText('payments.charge.completed', {}));
  await rig.work();
  expect(await rig.head(PID)).toEqual(before);
});
