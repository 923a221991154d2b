import { describe, expect, test } from 'vitest';
import type { BulkMessage, CommandMessage } from '../../lib/format/inbox-message.ts';
import { charging, InboxRig } from './inbox-rig.ts';

const PID = 'default#fulfil#o-1';
const JOB = 'default#tutti--bulk#job-1';
const job = { act: 'cancel', where: 'process:fulfil', targets: [['fulfil', ['o-1']]], rate: 5 } as const;
const bulk: BulkMessage = {
  tutti: 'bulk',
  opid: 'job-1',
  tenant: 'default',
  id: 'job-1',
  job,
  reason: 'a test',
  by: 'mallory',
  time: '2026-11-21T10:00:00.000Z',
};
const operate: CommandMessage = {
  tutti: 'command',
  commandid: `${JOB}/r1/1`,
  owner: PID,
  command: 'tutti.operate',
  depth: 0,
  data: { act: 'cancel', reason: 'a test', by: 'mallory' },
  datahash: `sha256:${'0'.repeat(64)}`,
  time: '2026-11-21T10:00:00.000Z',
  hops: 0,
};

describe('a bulk request without its form is MALFORMED, and begins no job', () => {
  const many = Array.from({ length: 2_001 }, (_, i) => `o-${i}`);
  test.each([
    ['opid', '', 'opid'],
    ['opid', 'a b', 'opid'],
    ['tenant', 'x', 'pid'],
    ['id', 'a/b', 'pid'],
    ['reason', 7, 'reason'],
    ['by', undefined, 'by'],
    ['time', 'soon', 'time'],
    ['job', null, 'job'],
    ['job', { ...job, act: 'resolve' }, 'act'],
    ['job', { ...job, where: 7 }, 'filter'],
    ['job', { ...job, rate: 0 }, 'rate'],
    ['job', { ...job, rate: 1_000 }, 'rate'],
    ['job', { ...job, clock: 'wind' }, 'clock'],
    ['job', { ...job, version: 0.5 }, 'version'],
    ['job', { ...job, targets: 'all' }, 'targets'],
    ['job', { ...job, targets: [['fulfil', 'o-1']] }, 'targets'],
    ['job', { ...job, targets: [] }, 'targets'],
    ['job', { ...job, targets: [['fulfil', ['o-1', 'o-1']]] }, 'targets'],
    ['job', { ...job, targets: [['fulfil', many]] }, 'targets'],
    ['job', { ...job, targets: [['fulfil', ['o 1']]] }, 'pid'],
    ['job', { ...job, targets: [['fulfil', ['o-1'], 'r']] }, 'runs'],
    ['job', { ...job, targets: [['fulfil', ['o-1'], ['r', 'r']]] }, 'runs'],
    ['job', { ...job, targets: [['fulfil', ['o-1'], ['r 1']]] }, 'runs'],
    ['job', { ...job, targets: [['fulfil', ['o-1'], [7]]] }, 'runs'],
    ['job', { ...job, targets: [['tutti--key', ['k']]] }, 'no instance of the engine'],
  ])('with the %s %j', async (member, value, detail) => {
    const rig = new InboxRig();
    rig.put(JSON.stringify({ ...bulk, [member]: value }));
    await rig.work();
    expect(await rig.parked()).toMatchObject([{ reason: 'MALFORMED', detail: expect.stringContaining(detail) }]);
    expect(await rig.head(JOB)).toBeUndefined();
  });
});

test('a bulk request that comes twice begins one job, and each instance is operated once', async () => {
  const { rig } = await charging();
  for (let i = 0; i < 2; i += 1) rig.put(JSON.stringify(bulk));
  await rig.work();
  rig.put(JSON.stringify(bulk));
  await rig.work();
  expect((await rig.story(JOB)).filter((type) => type === 'CommandIssued')).toHaveLength(1);
  expect((await rig.story(PID)).filter((type) => type === 'CancelRequested')).toHaveLength(1);
});

describe('the command of a bulk job counts only from a job, with its form', () => {
  test.each([
    ['FORBIDDEN', { commandid: `${PID}/r1/1` }],
    ['FORBIDDEN', { commandid: 'acme#tutti--bulk#job-1/r1/1' }],
    ['MALFORMED', { data: null }],
    ['MALFORMED', { data: { act: 'resolve', reason: 'a test', by: 'x' } }],
    ['MALFORMED', { data: { act: 'cancel', by: 'x' } }],
    ['MALFORMED', { data: { act: 'cancel', reason: 'a test', by: 'x', sender: 7 } }],
    ['MALFORMED', { data: { act: 'pause', reason: 'a test', by: 'x', clock: 'wind' } }],
    ['MALFORMED', { data: { act: 'resume', reason: 'a test', by: 'x', version: 0 } }],
    ['MALFORMED', { data: { act: 'cancel', reason: 'a test', by: 'x', run: 7 } }],
  ])('else it is %s: %j', async (reason, over) => {
    const { rig } = await charging();
    const before = await rig.head(PID);
    rig.put(JSON.stringify({ ...operate, ...over }));
    await rig.work();
    expect(await rig.parked(PID)).toMatchObject([{ reason }]);
    expect(await rig.head(PID)).toEqual(before);
  });

  test('an instance of the engine is not operated by a job', async () => {
    const rig = new InboxRig();
    rig.put(JSON.stringify({ ...operate, owner: JOB }));
    await rig.work();
    expect(await rig.parked(JOB)).toMatchObject([{ reason: 'FORBIDDEN' }]);
  });

  test('no client starts a job as an instance', async () => {
    const rig = new InboxRig();
    rig.start('tutti--bulk', 'job-1', job);
    await rig.work();
    expect(await rig.head(JOB)).toBeUndefined();
    expect([...(await rig.parked()), ...(await rig.parked(JOB))]).toMatchObject([{ reason: 'MALFORMED' }]);
  });
});
