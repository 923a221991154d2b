import type { Client } from 'tutti/client';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { CausesView, CountsView, InstancesView, RefusalView } from '../../lib/console/views.ts';
import { order } from '../client/shop-orders.ts';
import { reachedConsole, type ReachedConsole } from './reached-console.ts';

const waitsOrEnded = (client: Client): Promise<void> =>
  vi.waitFor(async () => {
    expect((await client.describe(order, 'o-1')).why).toContain('note-added');
    expect((await client.describe(order, 'o-none')).status).toBe('failed');
  }, 10_000);

describe('the lists of the operations API', () => {
  let reached: ReachedConsole;

  beforeAll(async () => {
    reached = await reachedConsole();
    const { client } = reached;
    for (const id of ['o-1', 'o-2', 'o-3']) await client.start(order, { orderId: id, item: 'lamp' });
    await client.start(order, { orderId: 'o-bug', item: 'bug' });
    await client.start(order, { orderId: 'o-none', item: 'nothing' });
    await waitsOrEnded(client);
  });
  afterAll(() => reached.close());

  const list = async (query: string): Promise<InstancesView> => (await reached.get<InstancesView>(`/api/instances${query}`)).body;
  const ids = ({ instances }: InstancesView): readonly string[] => instances.map(({ id }) => id);

  test('a row has the version, the waits and since when it waits', async () => {
    const { instances } = await list('?where=id:o-1');
    expect(instances).toEqual([
      expect.objectContaining({ process: 'order', id: 'o-1', status: 'running', version: 1, waits: ['shop.note-added'] }),
    ]);
    expect(instances[0]?.waitsSince).toMatch(/^\d{4}-.*Z$/);
    expect(instances[0]).not.toHaveProperty('closed');
    expect((await list('?where=status:failed')).instances[0]?.closed).toMatch(/^\d{4}-.*Z$/);
  });

  test('pages have each instance once, in the order of one list', async () => {
    const whole = ids(await list(''));
    expect(whole).toHaveLength(5);
    const paged: string[] = [];
    let next: string | undefined = '';
    while (next !== undefined) {
      const page: InstancesView = await list(`?limit=2${next === '' ? '' : `&after=${encodeURIComponent(next)}`}`);
      expect(page.instances.length).toBeLessThanOrEqual(2);
      paged.push(...ids(page));
      next = page.next;
    }
    expect(paged).toEqual(whole);
  });

  test('the counts are by process and status', async () => {
    const { body } = await reached.get<CountsView>('/api/counts');
    expect(body.counts).toEqual([
      { process: 'order', status: 'failed', count: 1 },
      { process: 'order', status: 'running', count: 3 },
      { process: 'order', status: 'stuck', count: 1 },
    ]);
    // The start of the instance that is stuck is kept for its resume.
    expect(body).toMatchObject({ parked: 1 });
    expect((await reached.get<CountsView>('/api/counts?where=status:stuck')).body.counts).toHaveLength(1);
  });

  test('the causes group the stuck instances, each with its remedy', async () => {
    const { body } = await reached.get<CausesView>('/api/causes?where=status:stuck');
    expect(body.causes).toEqual([expect.objectContaining({ code: 'POISON', count: 1, example: { process: 'order', id: 'o-bug' } })]);
    expect(body.causes[0]?.remedy).toContain('resume');
  });

  test.each([
    ['/api/instances?where=nonsense:1', 400, 'DATA_INVALID'],
    ['/api/instances?limit=201', 400, 'DATA_INVALID'],
    ['/api/instances?limit=0', 400, 'DATA_INVALID'],
    ['/api/instances?limit=2&limit=3', 400, 'DATA_INVALID'],
    ['/api/instances?after=yesterday', 400, 'DATA_INVALID'],
    ['/api/instances?filter=status:stuck', 400, 'DATA_INVALID'],
    ['/api/instances?tenant=x', 400, 'DATA_INVALID'],
    ['/api/other', 404, 'NOT_FOUND'],
  ])('%s is refused with a status and a remedy', async (path, status, code) => {
    const answer = await reached.get<RefusalView>(path);
    expect(answer.status).toBe(status);
    expect(answer.body.error).toMatchObject({ code, remedy: expect.stringMatching(/\w/) as string });
  });
});
