import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { operationsApi } from '../../lib/console/operations-api.ts';
import { ROUTES } from '../../lib/console/routes.ts';
import type {
  BulkPreview,
  BulkResultsView,
  BulkView,
  InstanceView,
  JournalView,
  ParkedEventView,
  ParkedGroupsView,
  ParkedView,
  RefusalView,
  SchedulesView,
  StartResult,
  SystemView,
  TasksView,
  VersionsView,
} from '../../lib/console/views.ts';
import type { InstanceFilter } from '../../lib/ports/instance-index.ts';
import type { Head } from '../../lib/ports/process-store.ts';
import { approval, order } from '../client/shop-orders.ts';
import { reachedConsole, type ReachedConsole } from './reached-console.ts';

describe('the operations of the operations API', () => {
  let reached: ReachedConsole;
  const statusOf = async (id: string): Promise<string> => (await reached.get<InstanceView>(`/api/instances/order/${id}`)).body.status;
  const ends = (id: string, status: string): Promise<void> => vi.waitFor(async () => expect(await statusOf(id)).toBe(status), 10_000);

  beforeAll(async () => {
    reached = await reachedConsole();
  });
  afterAll(() => reached.close());

  test('start, publish and signal begin and continue instances', async () => {
    const started = await reached.post<StartResult>('/api/processes/approval/start', { input: { item: 'lamp' }, id: 'a-1' });
    expect(started).toMatchObject({ status: 200, body: { id: 'a-1', started: true } });
    expect((await reached.post<RefusalView>('/api/processes/none/start', { input: {} })).body.error.code).toBe('NOT_FOUND');
    expect((await reached.post<RefusalView>('/api/processes/approval/start', { input: { item: 7 } })).body.error.code).toBe('DATA_INVALID');
    await reached.post('/api/events/shop.order-placed', { data: { orderId: 'o-1', item: 'lamp' } });
    await vi.waitFor(async () => expect(await statusOf('o-1')).toBe('running'), 10_000);
    const sent = { event: 'shop.note-added', data: { orderId: 'o-1', text: 'a note' } };
    expect((await reached.post('/api/instances/order/o-1/signal', sent)).status).toBe(200);
    await ends('o-1', 'completed');
  });

  test('a bulk job operates exactly the instances of its preview', async () => {
    for (const id of ['b-1', 'b-2']) await reached.client.start(order, { orderId: id, item: 'lamp' });
    const preview = await reached.post<BulkPreview>('/api/bulk/preview', { act: 'terminate', where: 'id~b- process:order' });
    expect(preview.body).toMatchObject({ count: 2, samples: [{ process: 'order' }, { process: 'order' }] });
    await reached.client.start(order, { orderId: 'b-3', item: 'lamp' });
    const begun = await reached.post<BulkView>('/api/bulk', { preview: preview.body, reason: 'a test', perSecond: 50 });
    expect(begun.body.jobs).toEqual([expect.objectContaining({ act: 'terminate', of: 2, reason: 'a test', by: 'local' })]);
    await ends('b-1', 'terminated');
    await ends('b-2', 'terminated');
    expect(await statusOf('b-3')).toBe('running');
    const { id = '' } = begun.body.jobs[0] ?? {};
    expect((await reached.get<BulkView>('/api/bulk')).body.jobs.map((job) => job.id)).toEqual([id]);
    const page = (await reached.get<BulkResultsView>(`/api/bulk/${id}/results?limit=1`)).body;
    expect(page).toMatchObject({ results: [{ result: 'done' }], next: '1' });
    expect((await reached.get<BulkResultsView>(`/api/bulk/${id}/results?after=1&result=done`)).body.results).toHaveLength(1);
    expect((await reached.post<RefusalView>(`/api/bulk/${id}/cancel`, { reason: 'too late' })).status).toBe(409);
    expect((await reached.get('/api/bulk/none')).status).toBe(404);
  });

  test('parked events are listed, grouped, sent back and discarded', async () => {
    await reached.reach.ports.publisher.publish([{ source: 'shop', type: 'shop.note-added', detail: '{"wrong":true}' }]);
    const parked = async (): Promise<ParkedView> => (await reached.get<ParkedView>('/api/parked?waiting=true')).body;
    await vi.waitFor(async () => expect((await parked()).events).toHaveLength(1), 10_000);
    const [event] = (await parked()).events;
    const { groups } = (await reached.get<ParkedGroupsView>('/api/parked/groups')).body;
    expect(groups).toEqual([expect.objectContaining({ reason: event?.reason, count: 1, first: event?.parked, last: event?.parked })]);
    expect(groups[0]?.remedy).toMatch(/\.$/);
    expect((await reached.post('/api/parked/redrive', { events: [] })).status).toBe(400);
    const discarded = await reached.post('/api/parked/discard', { events: [event?.key], reason: 'of a test' });
    expect(discarded).toMatchObject({ status: 200, body: { discarded: 1, left: 0 } });
    expect((await parked()).events).toEqual([]);
    expect((await reached.get('/api/parked?process=order')).status).toBe(400);
  });

  test('a parked event is read with its data, corrected, and sent again once', async () => {
    const { ports } = reached.reach;
    await ports.publisher.publish([{ source: 'shop', type: 'shop.order-placed', detail: '{"orderId":"p-1","item":7}' }]);
    const parked = async (): Promise<ParkedView> => (await reached.get<ParkedView>('/api/parked?waiting=true')).body;
    await vi.waitFor(async () => expect((await parked()).events).toHaveLength(1), 10_000);
    const key = (await parked()).events[0]?.key ?? { pid: '', id: '', parkedAt: 0 };
    const query = new URLSearchParams({ ...(key.pid && { pid: key.pid }), id: key.id, parkedAt: String(key.parkedAt) }).toString();
    const { event, message } = (await reached.get<ParkedEventView>(`/api/parked/event?${query}`)).body;
    expect(event).toEqual({ type: 'shop.order-placed', id: expect.any(String) as string, data: { orderId: 'p-1', item: 7 } });
    expect(JSON.parse(message)).toMatchObject({ 'detail-type': 'shop.order-placed' });
    const edited = { data: { orderId: 'p-1', item: 'lamp' }, id: `${event?.id}-edited` };
    for (let times = 0; times < 2; times += 1) await reached.post('/api/events/shop.order-placed', edited);
    await reached.post('/api/parked/discard', { events: [key], reason: 'corrected' });
    await vi.waitFor(async () => expect(await statusOf('p-1')).toBe('running'), 10_000);
    expect((await reached.get(`/api/parked/event?${query}`)).status).toBe(404);
    expect((await reached.get(`/api/parked/event?id=${encodeURIComponent(key.id)}`)).status).toBe(400);
  });

  test('a schedule is created with its reason, changed, and deleted', async () => {
    const create = async (times: object): Promise<{ status: number; body: SchedulesView & RefusalView }> =>
      reached.post('/api/schedules/weekly/create', { reason: 'a report', process: 'approval', times, input: { item: 'lamp' } });
    expect(await create({ cron: '0 6 * *', zone: 'UTC' })).toMatchObject({ status: 400, body: { error: { code: 'CONTRACT_INVALID' } } });
    const created = await create({ cron: '0 6 * * MON', zone: 'Europe/Paris', overlap: 'queue-one' });
    const row = { name: 'weekly', process: 'approval', cron: '0 6 * * MON', overlap: 'queue-one', origin: 'client' };
    expect(created).toMatchObject({ status: 200, body: { schedules: [row] } });
    expect((await create({ cron: '0 7 * * MON', zone: 'UTC' })).body.schedules).toEqual([
      expect.objectContaining({ cron: '0 7 * * MON', zone: 'UTC' }),
    ]);
    const { rows } = (await reached.get<JournalView>('/api/instances/tutti--schedule/weekly/journal')).body;
    expect(JSON.stringify(rows)).toContain('a report');
    expect((await reached.post('/api/schedules/weekly/delete', { reason: 'no longer' })).status).toBe(200);
  });

  test('an example starts an instance that has not run yet, and the next example is the next of the list', async () => {
    const examples = new Map([
      [
        'shop.order-placed',
        [
          { orderId: 'e-1', item: 'lamp' },
          { orderId: 'x', item: 'sofa' },
        ],
      ],
    ]);
    const api = operationsApi(reached.reach, { place: 'here', option: '', examples });
    const example = async (): Promise<unknown> => (await api(new Request('http://x/api/events/shop.order-placed/example'))).json();
    for (const id of ['e-1', 'e-2']) await reached.client.start(order, { orderId: id, item: 'lamp' });
    expect(await example()).toEqual({ data: { orderId: 'e-3', item: 'lamp' } });
    expect(await example()).toEqual({ data: { orderId: 'x-2', item: 'sofa' } });
    expect(await example()).toEqual({ data: { orderId: 'e-3', item: 'lamp' } });
    const { events } = (await (await api(new Request('http://x/api/system'))).json()) as SystemView;
    expect(events.filter(({ hasExample }) => hasExample).map(({ type }) => type)).toEqual(['shop.order-placed']);
    expect((await reached.get('/api/events/shop.order-placed/example')).status).toBe(404);
  });

  test('tasks of more than 2,000 running instances are read in pages, each instance once', async () => {
    await reached.post('/api/processes/approval/start', { input: { item: 'lamp' }, id: 't-0' });
    const isDeferred = async (): Promise<void> =>
      expect((await reached.get<TasksView>('/api/tasks')).body.tasks).toContainEqual(expect.objectContaining({ id: 't-0' }));
    await vi.waitFor(isDeferred, 10_000);
    const { ports } = reached.reach;
    const [head] = await ports.store.load(['default#approval#t-0'], { consistent: true });
    const heads = Array.from({ length: 2_100 }, (_, at) => ({
      ...(head as Head),
      pid: `default#approval#t-${at}`,
      startedAt: 5_000 - Math.floor(at / 3),
    }));
    const list = async function* ({ after }: InstanceFilter): AsyncGenerator<Head> {
      yield* heads.slice(heads.findIndex(({ pid }) => pid === after?.pid) + 1);
    };
    const api = operationsApi({ ...reached.reach, ports: { ...ports, index: { ...ports.index, list } } }, { place: 'here', option: '' });
    const page = async (query: string): Promise<TasksView> =>
      (await api(new Request(`http://x/api/tasks${query}`))).json() as Promise<TasksView>;
    const first = await page('');
    const second = await page(`?after=${encodeURIComponent(first.next ?? '')}`);
    expect([first.read, second.read, second.next]).toEqual([2_000, 100, undefined]);
    expect(new Set([...first.tasks, ...second.tasks].map(({ id }) => id)).size).toBe(2_100);
    expect(await (await api(new Request('http://x/api/services'))).json()).toMatchObject({ more: true });
  });

  test('versions and schedules are read', async () => {
    const { versions } = (await reached.get<VersionsView>('/api/versions')).body;
    expect(versions.map(({ process, version }) => `${process}@${version}`)).toEqual(expect.arrayContaining(['order@1', 'approval@1']));
    expect((await reached.get<SchedulesView>('/api/schedules')).body.schedules).toEqual([]);
    expect((await reached.get('/api/schedules/nightly')).status).toBe(404);
    expect((await reached.post('/api/schedules/nightly/pause', { reason: 'r' })).status).toBe(404);
  });

  test('a request within a tenant concerns its instances only', async () => {
    await reached.post('/api/processes/approval/start?tenant=acme', { input: { item: 'lamp' }, id: 'a-1' });
    const tasks = async (query: string): Promise<TasksView> => (await reached.get<TasksView>(`/api/tasks${query}`)).body;
    await vi.waitFor(async () => expect((await tasks('?tenant=acme')).tasks).toHaveLength(1), 10_000);
    expect((await tasks('?tenant=acme')).tasks[0]).toMatchObject({ tenant: 'acme', id: 'a-1' });
    await reached.post('/api/instances/approval/a-1/terminate?tenant=acme', { reason: 'r' });
    expect((await reached.client.describe(approval, 'a-1')).status).toBe('running');
  });

  test('an instance that has ended is erased, and then nothing is left to operate', async () => {
    await reached.post('/api/processes/approval/start', { input: { item: 'lamp of Ada' }, id: 'e-1' });
    const path = '/api/instances/approval/e-1';
    expect(await reached.post<RefusalView>(`${path}/erase`, { reason: 'r' })).toMatchObject({
      status: 409,
      body: { error: { code: 'NOT_ERASED' } },
    });
    await reached.post(`${path}/terminate`, { reason: 'r' });
    expect((await reached.post(`${path}/erase`, { reason: 'request 7', abandon: true })).status).toBe(200);
    const { body } = await reached.get<InstanceView>(path);
    expect(body).toMatchObject({ status: 'terminated', can: [], why: expect.stringContaining('request 7') as unknown });
    expect(JSON.stringify(body)).not.toContain('Ada');
  });

  test('a console that only reads refuses each operation and says why', async () => {
    const closed = await reachedConsole({ readOnly: 'No system runs on the folder: start it.' });
    const answer = await closed.post<RefusalView>('/api/processes/approval/start', { input: { item: 'lamp' } });
    await closed.close();
    expect(answer).toMatchObject({ status: 503, body: { error: { message: 'No system runs on the folder: start it.' } } });
  });

  test('the OpenAPI document has each path with its parameters, and a body for each request that has one', async () => {
    const { body } = await reached.get<{ paths: Record<string, Record<string, { operationId: string; parameters: { name: string }[] }>> }>(
      '/api/openapi.json',
    );
    for (const { method, path, body: takes } of ROUTES) {
      const operation = body.paths[path]?.[method.toLowerCase()];
      expect(operation, `${method} ${path}`).toBeDefined();
      expect(Object.hasOwn(operation ?? {}, 'requestBody')).toBe(takes !== undefined);
      const named = operation?.parameters.map(({ name }) => name) ?? [];
      expect(named).toEqual(expect.arrayContaining([...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name)));
    }
    const ids = Object.values(body.paths).flatMap((each) => Object.values(each).map(({ operationId }) => operationId));
    expect(new Set(ids).size).toBe(ids.length);
  });
});
