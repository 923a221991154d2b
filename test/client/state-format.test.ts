import { expect, test } from 'vitest';
import { connect } from 'tutti/client';
import { operationsOn } from '../../lib/client/operations/operations-on.ts';
import { connectionOf } from '../../lib/client/connection.ts';
import { systemContract } from '../../lib/contract/system.ts';
import { head } from '../contracts/process-store.contract.ts';
import { memoryPorts, type MemoryPorts } from './ports.ts';
import { order, shop } from './shop-orders.ts';

const PID = 'default#order#o-1';
const CONTROL = '{"format":3,"seq":7,"commands":[]}';
const unreadable = head({ pid: PID, definition: 'order@1', control: CONTROL, tail: [] });
const stuck = {
  ...unreadable,
  status: 'stuck',
  why: JSON.stringify({ code: 'STATE_FORMAT', message: 'It is of format 3.', was: 'running' }),
} as const;
const readable = head({ pid: 'default#order#o-2', definition: 'order@1', control: '{"format":2,"seq":1}', tail: [], startedAt: 1 });

const portsWith = async (...heads: Parameters<MemoryPorts['put']>[0][]): Promise<MemoryPorts> => {
  const ports = memoryPorts();
  for (const each of heads) await ports.put(each);
  return ports;
};

test('why, describe and list report a head of another format, and list returns the other instances too', async () => {
  const ports = await portsWith(unreadable, readable);
  const client = connect(shop, connectionOf(ports));
  const acts = operationsOn({ system: systemContract(shop), ports });
  const why = 'cannot be read (STATE_FORMAT): The state of default#order#o-1 is of format 3: this build reads format 2';
  expect(await acts.why({ process: 'order', id: 'o-1' })).toMatchObject({ status: 'running', why });
  expect(await client.describe(order, 'o-1')).toMatchObject({ status: 'running', why, unresolved: [] });
  expect(await acts.journal({ process: 'order', id: 'o-1', payloads: false, from: 0 })).toMatchObject({ why, entries: [] });
  const listed = [];
  for await (const each of client.list()) listed.push([each.id, each.why.slice(0, 14)]);
  expect(listed).toEqual([
    ['o-1', 'cannot be read'],
    ['o-2', 'waits for an e'],
  ]);
});

test('why of an instance that is stuck for its format returns the reason and the remedy', async () => {
  const ports = await portsWith(stuck);
  const acts = operationsOn({ system: systemContract(shop), ports });
  expect(await acts.why({ process: 'order', id: 'o-1' })).toMatchObject({
    status: 'stuck',
    stuck: { code: 'STATE_FORMAT', message: 'It is of format 3.', remedy: expect.stringContaining('reads its format') },
  });
  const { instances } = await acts.list({ limit: 10 });
  expect(instances).toMatchObject([{ id: 'o-1', status: 'stuck', why: expect.stringContaining('stuck (STATE_FORMAT)') }]);
});

test.each(['cancel', 'terminate', 'resume'] as const)('%s of a head of another format is refused before a message is sent', async (act) => {
  const ports = await portsWith(stuck);
  const client = connect(shop, connectionOf(ports));
  const acted = act === 'resume' ? client.resume(order, 'o-1') : client[act](order, 'o-1', 'tested');
  await expect(acted).rejects.toMatchObject({ code: 'STATE_FORMAT', retryable: false });
  expect(ports.inbox.size).toBe(0);
});
