import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { connect, type Client, type Connection } from 'tutti/client';
import { local, startLocal } from 'tutti/local';
import type { Operations } from '../../lib/client/operations/operations.ts';
import { operationsOn } from '../../lib/client/operations/operations-on.ts';
import { connectionPorts } from '../../lib/client/connection.ts';
import { systemContract } from '../../lib/contract/system.ts';
import { approval, desk, NoteAdded, order, OrderPlaced, people, peopleHandler, shop, stockHandler, Viewed, views } from './shop-orders.ts';

vi.setConfig({ testTimeout: 30_000 });

interface Reached {
  readonly connection: Connection;
  readonly close: () => Promise<void>;
}

const services = [stockHandler, peopleHandler];

const inMemory = async (): Promise<Reached> => {
  const { connection, stop } = await startLocal(shop, { services });
  return { connection, close: stop };
};

const inAnotherProcess = async (): Promise<Reached> => {
  const directory = mkdtempSync(join(tmpdir(), 'tutti-tenants-'));
  const { stop } = await startLocal(shop, { services, directory });
  return {
    connection: local(directory),
    close: async () => {
      await stop();
      rmSync(directory, { recursive: true });
    },
  };
};

describe.each([
  ['in this process', inMemory],
  ['over the socket of a folder', inAnotherProcess],
])('clients of two tenants and the default one, %s', (_, reach) => {
  let reached: Reached;
  let acts: Operations;
  const clients: Record<string, Client> = {};
  const of = (tenant: string): Client => clients[tenant] as Client;
  const TENANTS = ['acme', 'zoo', 'default'];

  beforeAll(async () => {
    reached = await reach();
    acts = operationsOn({ system: systemContract(shop), ports: connectionPorts(reached.connection) });
    for (const tenant of ['acme', 'zoo']) clients[tenant] = connect(shop, reached.connection, { tenant });
    clients['default'] = connect(shop, reached.connection);
  });
  afterAll(() => reached.close());

  const begun = async (id: string, tenants: readonly string[] = TENANTS): Promise<void> => {
    for (const tenant of tenants) await of(tenant).start(order, { orderId: id, item: 'lamp' });
    for (const tenant of tenants) await waitsForNote(tenant, id);
  };
  const waitsForNote = (tenant: string, id: string): Promise<void> =>
    vi.waitFor(
      async () => expect(await of(tenant).describe(order, id)).toMatchObject({ why: 'waits for the event shop.note-added' }),
      10_000,
    );
  const statuses = (id: string): Promise<string[]> =>
    Promise.all(TENANTS.map(async (tenant) => (await of(tenant).describe(order, id)).status));
  const listedIds = async (tenant: string): Promise<string[]> => {
    const ids: string[] = [];
    for await (const { id } of of(tenant).list({ process: order })) ids.push(id);
    return ids;
  };

  test('start, signal, query and result address the instance of their own tenant, although other tenants use the same id', async () => {
    await begun('o-1');
    await of('acme').signal(order, 'o-1', NoteAdded, { orderId: 'o-1', text: 'of acme' });
    expect(await of('acme').result(order, 'o-1')).toMatchObject({ text: 'of acme' });
    expect(await statuses('o-1')).toEqual(['completed', 'running', 'running']);
    await of('default').signal(order, 'o-1', NoteAdded, { orderId: 'o-1', text: 'of none' });
    expect(await of('default').result(order, 'o-1')).toMatchObject({ text: 'of none' });
    expect(await of('zoo').query(order, 'o-1')).toEqual(expect.objectContaining({ shelf: expect.any(String) as string }));
    expect(await of('zoo').describe(order, 'o-1')).toMatchObject({ tenant: 'zoo', id: 'o-1', status: 'running' });
    expect(await of('default').describe(order, 'o-1')).not.toHaveProperty('tenant');
  });

  test('publish starts and reaches only instances of its own tenant', async () => {
    await of('zoo').publish(OrderPlaced, { orderId: 'o-2', item: 'lamp' });
    await waitsForNote('zoo', 'o-2');
    for (const tenant of ['acme', 'default']) await expect(of(tenant).describe(order, 'o-2')).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await of('zoo').publish(NoteAdded, { orderId: 'o-2', text: 'published' });
    expect(await of('zoo').result(order, 'o-2')).toMatchObject({ text: 'published' });
    for (const tenant of TENANTS) await of(tenant).publish(Viewed, { userId: 'u-1', item: tenant });
    for (const tenant of TENANTS) await vi.waitFor(() => of(tenant).describe(views, 'u-1'), 10_000);
  });

  test('list returns only its own tenant, and an error names the tenant', async () => {
    await begun('o-3', ['acme']);
    expect(await listedIds('acme')).toContain('o-3');
    expect(await listedIds('zoo')).not.toContain('o-3');
    expect(await listedIds('default')).not.toContain('o-3');
    await expect(of('zoo').describe(order, 'o-3')).rejects.toThrow('There is no order o-3 of the tenant zoo');
    await expect(of('default').describe(order, 'o-3')).rejects.toThrow('There is no order o-3: ');
  });

  test('cancel and terminate end only the instance of their own tenant', async () => {
    await begun('o-4');
    await of('acme').cancel(order, 'o-4', 'not wanted');
    await of('default').terminate(order, 'o-4', 'not wanted');
    await vi.waitFor(async () => expect(await statuses('o-4')).toEqual(['cancelled', 'running', 'terminated']), 10_000);
  });

  test('resume and resolve address only the instance of their own tenant', async () => {
    await begun('o-5', ['acme']);
    await of('acme').resume(order, 'o-5');
    for (const tenant of ['zoo', 'default']) {
      await expect(of(tenant).resume(order, 'o-5')).rejects.toMatchObject({ code: 'NOT_FOUND' });
      await expect(of(tenant).resolve(order, 'o-5', 'stock.take:1', { output: { shelf: 'x' } })).rejects.toMatchObject({
        code: 'NOT_FOUND',
      });
    }
  });

  test('a signal before the start waits for the start in its own tenant', async () => {
    expect(await of('acme').signal(order, 'o-6', NoteAdded, { orderId: 'o-6', text: 'early' })).toHaveProperty('keptUntil');
    await begun('o-6', ['zoo']);
    await of('acme').start(order, { orderId: 'o-6', item: 'lamp' });
    expect(await of('acme').result(order, 'o-6')).toMatchObject({ text: 'early' });
    expect(await of('zoo').describe(order, 'o-6')).toMatchObject({ status: 'running' });
  });

  test('operations of the command line take a tenant', async () => {
    await begun('o-7', ['acme', 'default']);
    await acts.cancel({ tenant: 'acme', process: 'order', id: 'o-7', reason: 'not wanted' });
    await vi.waitFor(
      async () => expect(await acts.why({ tenant: 'acme', process: 'order', id: 'o-7' })).toMatchObject({ status: 'cancelled' }),
      10_000,
    );
    expect(await acts.why({ tenant: 'acme', process: 'order', id: 'o-7' })).toMatchObject({ tenant: 'acme', id: 'o-7' });
    expect((await acts.why({ process: 'order', id: 'o-7' })).status).toBe('running');
    const { instances } = await acts.list({ tenant: 'acme', limit: 100 });
    expect(new Set(instances.map(({ tenant }) => tenant))).toEqual(new Set(['acme']));
    expect((await acts.list({ limit: 100 })).instances.filter(({ tenant }) => tenant !== undefined)).toEqual([]);
    expect((await acts.journal({ tenant: 'acme', process: 'order', id: 'o-7', payloads: false, from: 0 })).status).toBe('cancelled');
  });

  test('parked lists the events of all tenants, or of the named one', async () => {
    for (const tenant of ['acme', 'zoo']) {
      await of(tenant).start(order, { orderId: 'o-8', item: 'lamp' });
      await of(tenant).terminate(order, 'o-8', 'not wanted');
      await of(tenant).publish(NoteAdded, { orderId: 'o-8', text: 'late' });
    }
    const parked = async (tenant?: string): Promise<unknown[]> => {
      const request = tenant === undefined ? { limit: 50 } : { tenant, limit: 50 };
      return (await acts.parked(request)).events.filter(({ id }) => id === 'o-8').map((event) => event.tenant);
    };
    await vi.waitFor(async () => expect(new Set(await parked())).toEqual(new Set(['acme', 'zoo'])), 10_000);
    expect(await parked('zoo')).toEqual(['zoo']);
    expect(await parked('default')).toEqual([]);
    expect((await acts.parked({ tenant: 'acme', process: 'order', id: 'o-8', limit: 5 })).events).toMatchObject([{ tenant: 'acme' }]);
  });

  test('a malformed tenant is refused by connect and by each operation', async () => {
    for (const tenant of ['A', '', 'a#b', 'ä'.repeat(3), 'x'.repeat(65)]) {
      expect(() => connect(shop, reached.connection, { tenant })).toThrow(/The tenant .* was named: expected 2 to 64 letters/);
      await expect(acts.list({ tenant, limit: 1 })).rejects.toMatchObject({ code: 'DATA_INVALID' });
    }
  });

  test('a client of any tenant completes a task, because the token names the instance with its tenant', async () => {
    await of('acme').start(approval, { item: 'vase of acme' }, { id: 'a-1' });
    await vi.waitFor(() => expect(desk.has('vase of acme')).toBe(true), 10_000);
    await of('default').complete(people.approve, desk.get('vase of acme')!, { by: 'ada' });
    expect(await of('acme').result(approval, 'a-1')).toEqual({ by: 'ada' });
    desk.delete('vase of acme');
  });
});
