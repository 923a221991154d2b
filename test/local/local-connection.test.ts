import { execFile } from 'node:child_process';
import { rmSync, statSync, symlinkSync } from 'node:fs';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { connect, type Client, type Summary } from 'tutti/client';
import { local, startLocal } from 'tutti/local';
import { socketPath } from '../../lib/local/channel/socket-path.ts';
import {
  approval,
  code,
  desk,
  NoteAdded,
  order,
  OrderPlaced,
  people,
  peopleHandler,
  shop,
  stockHandler,
  Viewed,
  views,
} from '../client/shop-orders.ts';
import { testFolder } from './running-jobs.ts';

const lamp = { orderId: 'o-1', item: 'lamp' };

beforeEach(() => {
  desk.clear();
  code.mended = false;
});

/** The shop runs on the folder; the client reaches it through its socket only. */
async function shopOnFolder(directory = testFolder()): Promise<{ readonly client: Client; stop(): Promise<void> }> {
  const { stop } = await startLocal(shop, { directory, services: [stockHandler, peopleHandler] });
  onTestFinished(() => stop());
  return { client: connect(shop, local(directory)), stop };
}

async function listed(client: Client, filter?: Parameters<Client['list']>[0]): Promise<Summary[]> {
  const found: Summary[] = [];
  for await (const summary of client.list(filter)) found.push(summary);
  return found;
}

/** Resolves with the task's token when a person has the approval of the item on the desk. */
async function tokenOf(client: Client, item: string): Promise<string> {
  for (;;) {
    await client.describe(approval, item);
    const token = desk.get(item);
    if (token !== undefined) return token;
  }
}

describe('through the socket of a folder', () => {
  test('an instance is started, seen, signalled and gives its result', async () => {
    const { client } = await shopOnFolder();
    const started = await client.start(order, lamp, { tags: { kind: 'gift' } });
    expect(started).toEqual({ id: 'o-1', run: expect.stringMatching(/^[\w-]{22}$/), started: true });
    await expect(client.start(order, lamp)).rejects.toMatchObject({ name: 'ClientError', code: 'ALREADY_OPEN' });
    const result = client.result(order, 'o-1');
    await client.signal(order, 'o-1', NoteAdded, { orderId: 'o-1', text: 'wrap\u2028it' });
    expect(await result).toEqual({ shelf: 'shelf of lamp', text: 'wrap\u2028it' });
    expect(await client.query(order, 'o-1')).toEqual({ shelf: 'shelf of lamp' });
    expect(await client.describe(order, 'o-1')).toMatchObject({
      status: 'completed',
      run: started.run,
      tags: { kind: 'gift' },
      pending: [],
    });
    await expect(client.describe(order, 'o-2')).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  test('an event is published once under its id', async () => {
    const { client } = await shopOnFolder();
    for (const item of ['lamp', 'rug', 'lamp']) await client.publish(Viewed, { userId: 'ada', item });
    await client.publish(OrderPlaced, { orderId: 'o-1', item: 'nothing' });
    await expect(client.result(order, 'o-1')).rejects.toSatisfy(order.failed);
    expect(await client.describe(views, 'ada')).toMatchObject({ status: 'running' });
  });

  test('an instance is cancelled or terminated with a reason, and then closed', async () => {
    const { client } = await shopOnFolder();
    await client.start(order, lamp);
    await client.start(order, { orderId: 'o-2', item: 'rug' });
    await client.cancel(order, 'o-1', 'changed their mind');
    await client.terminate(order, 'o-2', 'a test');
    await expect(client.result(order, 'o-1')).rejects.toMatchObject({ code: 'CANCELLED' });
    await expect(client.result(order, 'o-2')).rejects.toMatchObject({ code: 'CLOSED' });
    await expect(client.cancel(order, 'o-2', 'again')).rejects.toMatchObject({ code: 'CLOSED' });
  });

  test('a stuck instance is resumed when its code is fixed', async () => {
    const { client } = await shopOnFolder();
    await client.start(order, { orderId: 'o-1', item: 'bug' });
    expect(await client.describe(order, 'o-1')).toMatchObject({ status: 'stuck' });
    code.mended = true;
    await client.resume(order, 'o-1');
    await client.signal(order, 'o-1', NoteAdded, { orderId: 'o-1', text: 'at last' });
    expect(await client.result(order, 'o-1')).toEqual({ shelf: 'shelf of bug', text: 'at last' });
  });

  test('a deferred command is kept alive, completed and failed by its token', async () => {
    const { client } = await shopOnFolder();
    await client.start(approval, { item: 'rug', long: '' }, { id: 'rug' });
    await client.start(approval, { item: 'vase', long: '' }, { id: 'vase' });
    const [rug, vase] = [await tokenOf(client, 'rug'), await tokenOf(client, 'vase')];
    await client.heartbeat(rug);
    await client.complete(people.approve, rug, { by: 'ada' });
    await client.fail(people.approve, vase, people.approve.errors.Refused({}));
    expect(await client.result(approval, 'rug')).toEqual({ by: 'ada' });
    await expect(client.result(approval, 'vase')).rejects.toMatchObject({ code: 'PROCESS_FAILED' });
    await expect(client.complete(people.approve, rug, { by: 'ben' })).rejects.toMatchObject({ name: 'ClientError', code: 'ALREADY_USED' });
    await expect(client.heartbeat('nonsense')).rejects.toMatchObject({ name: 'ClientError', code: 'TOKEN_INVALID' });
  });

  test.each([
    ['no JSON', { by: 1n }, 'The answer to people.approve is not JSON: a value of type bigint is not JSON.'],
    ['not what the contract says', { by: 1 }, expect.stringContaining('people.approve was completed with')],
  ])('a deferred command is not completed with %s', async (_, output, message: unknown) => {
    const { client } = await shopOnFolder();
    await client.start(approval, { item: 'rug', long: '' }, { id: 'rug' });
    const completed = client.complete(people.approve, await tokenOf(client, 'rug'), output as never);
    await expect(completed).rejects.toMatchObject({ name: 'ContractError', code: 'DATA_INVALID', message });
  });

  test('a list is whole and in order over its pages, even if many instances started at one instant', async () => {
    const { client } = await shopOnFolder();
    const ids = Array.from({ length: 230 }, (_, number) => `o-${number}`);
    await Promise.all(ids.map((orderId) => client.start(order, { orderId, item: 'lamp' })));
    await client.terminate(order, 'o-7', 'a test');
    const all = await listed(client);
    expect(all.map(({ id }) => id).toSorted()).toEqual(ids.toSorted());
    expect(all.map(({ started }) => started.getTime())).toEqual(all.map(({ started }) => started.getTime()).toSorted((a, b) => b - a));
    expect(await listed(client, { status: 'terminated' })).toMatchObject([{ id: 'o-7' }]);
  });
});

describe('the folder of a system', () => {
  test('without a running system every call is unreachable and states the remedy', async () => {
    const client = connect(shop, local(testFolder()));
    const acts = [
      client.start(order, lamp),
      client.publish(OrderPlaced, lamp),
      client.describe(order, 'o-1'),
      client.heartbeat('t'),
      listed(client),
    ];
    for (const act of acts) {
      await expect(act).rejects.toMatchObject({ name: 'ClientError', code: 'UNREACHABLE', remedy: expect.stringContaining('tutti dev') });
    }
  });

  test('a call that waits while the system stops fails, and the same client reaches the next system on the folder', async () => {
    const directory = testFolder();
    const before = await shopOnFolder(directory);
    await before.client.start(order, lamp);
    const waiting = Promise.allSettled([before.client.result(order, 'o-1')]);
    await before.client.describe(order, 'o-1');
    await before.stop();
    expect(await waiting).toMatchObject([{ reason: { code: 'UNREACHABLE', message: expect.stringContaining('ended before') } }]);
    await expect(before.client.describe(order, 'o-1')).rejects.toMatchObject({ code: 'UNREACHABLE' });
    await shopOnFolder(directory);
    expect(await before.client.describe(order, 'o-1')).toMatchObject({ status: 'running' });
  });

  test('only its owner may open the socket, which is gone with the system', async () => {
    const directory = testFolder();
    const { stop } = await shopOnFolder(directory);
    expect(statSync(socketPath(directory)).mode & 0o777).toBe(0o600);
    await stop();
    expect(statSync(socketPath(directory), { throwIfNoEntry: false })).toBeUndefined();
  });

  test('a system is found on a path that is too long for a socket', async () => {
    const { client } = await shopOnFolder(join(testFolder(), 'long'.repeat(40)));
    await client.start(order, lamp);
    expect(await listed(client)).toHaveLength(1);
  });

  test('a system is found under another name of its folder', async () => {
    const directory = testFolder();
    await shopOnFolder(directory);
    symlinkSync(directory, `${directory}-again`);
    onTestFinished(() => rmSync(`${directory}-again`));
    const client = connect(shop, local(`${directory}-again`));
    await client.start(order, lamp);
    expect(await listed(client)).toHaveLength(1);
  });

  test('another process reaches the system, and ends by itself when it has no pending calls', async () => {
    const directory = testFolder();
    const { client } = await shopOnFolder(directory);
    const program = fileURLToPath(new URL('asking-program.ts', import.meta.url));
    const { stdout } = await promisify(execFile)(process.execPath, ['--conditions=source', '--import', 'tsx', program, directory], {
      timeout: 25_000,
    });
    expect(JSON.parse(stdout)).toEqual({ started: true, waited: 'TIMED_OUT' });
    expect(await client.describe(order, 'o-1')).toMatchObject({ status: 'running' });
  });

  test.each([
    ['is no post', 'GET / HTTP/1.1\n'],
    ['is half a post', '[[1,"store.load"],[]]\n'],
  ])('a line that %s ends that connection and no other', async (_, text) => {
    const directory = testFolder();
    const { client } = await shopOnFolder(directory);
    await client.start(order, lamp);
    const stranger = createConnection(socketPath(directory));
    stranger.write(text);
    await new Promise((resolve) => stranger.on('close', resolve));
    expect(await client.describe(order, 'o-1')).toMatchObject({ status: 'running' });
  });

  test.each(['store.commit', 'toString', '__proto__', 'client.sweep'])('%s is no method that a client may call', async (method) => {
    const directory = testFolder();
    await shopOnFolder(directory);
    const stranger = createConnection(socketPath(directory));
    stranger.write(`${JSON.stringify([[1, method, []], []])}\n`);
    const answer = await new Promise<string>((resolve) => stranger.setEncoding('utf8').once('data', resolve));
    stranger.destroy();
    expect(JSON.parse(answer)).toEqual([[], [1, true, expect.objectContaining({ code: 'UNSUPPORTED' })]]);
  });
});
