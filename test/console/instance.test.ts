import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type {
  ForkPreview,
  InstanceView,
  JournalView,
  OperatedResult,
  ParkedGroupsView,
  RefusalView,
  ServicesView,
  SystemView,
  TasksView,
  TimelineView,
} from '../../lib/console/views.ts';
import { operationsApi } from '../../lib/console/operations-api.ts';
import { PARKING_REMEDIES } from '../../lib/console/parked-views.ts';
import type { Head, JournalChunk } from '../../lib/ports/process-store.ts';
import { approval, code, NoteAdded, order } from '../client/shop-orders.ts';
import { chapterOf } from './errors-page.ts';
import { reachedConsole, type ReachedConsole } from './reached-console.ts';

describe('an instance by the operations API', () => {
  let reached: ReachedConsole;
  const at = (id: string, process = 'order'): string => `/api/instances/${process}/${id}`;
  const instance = async (id: string, process?: string): Promise<InstanceView> => (await reached.get<InstanceView>(at(id, process))).body;
  const waitsForNote = (id: string): Promise<void> =>
    vi.waitFor(async () => expect((await instance(id)).why).toContain('note-added'), 10_000);
  const begun = async (id: string): Promise<void> => {
    await reached.client.start(order, { orderId: id, item: 'lamp' });
    await waitsForNote(id);
  };

  beforeAll(async () => {
    reached = await reachedConsole();
  });
  afterAll(() => reached.close());

  test('it shows the status, the waits, the input, the view, and the operations that its status allows', async () => {
    await begun('o-1');
    expect(await instance('o-1')).toMatchObject({
      process: 'order',
      version: 1,
      status: 'running',
      why: 'waits for the event shop.note-added',
      lines: ['waits for the event shop.note-added'],
      pending: [{ kind: 'event', event: 'shop.note-added' }],
      input: { orderId: 'o-1', item: 'lamp' },
      view: { shelf: 'shelf of lamp' },
      children: [],
      waiting: [],
      standing: [],
      can: ['signal', 'ask', 'pause', 'fork', 'cancel', 'terminate'],
    });
    await reached.client.signal(order, 'o-1', NoteAdded, { orderId: 'o-1', text: 'done' });
    await reached.client.result(order, 'o-1');
    expect(await instance('o-1')).toMatchObject({
      status: 'completed',
      result: { shelf: 'shelf of lamp', text: 'done' },
      can: ['fork', 'erase'],
    });
  });

  test('its ETag changes with a commit: until then the answer is 304, at once or after the wait', async () => {
    await begun('o-2');
    const { headers } = await reached.get(at('o-2'));
    const etag = headers.get('etag') as string;
    expect(await reached.get(at('o-2'), { 'if-none-match': etag })).toMatchObject({ status: 304, body: undefined });
    expect((await reached.get(`${at('o-2')}?wait=1`, { 'if-none-match': etag })).status).toBe(304);
    expect((await reached.get(at('o-2'), { 'if-none-match': '"0.0"' })).status).toBe(200);
  });

  test('a held request is answered at the next commit', async () => {
    await begun('o-3');
    const { headers } = await reached.get(at('o-3'));
    const held = reached.get<InstanceView>(`${at('o-3')}?wait=20`, { 'if-none-match': headers.get('etag') as string });
    await reached.client.pause(order, 'o-3', 'look at it');
    expect(await held).toMatchObject({
      status: 200,
      body: { paused: { reason: 'look at it', by: 'local' }, can: ['resume', 'signal', 'fork', 'cancel', 'terminate'] },
    });
  });

  test('the journal is read in pages from its end, each row with its time and its sentence', async () => {
    await begun('o-4');
    const whole = (await reached.get<JournalView>(`${at('o-4')}/journal`)).body;
    expect(whole).toMatchObject({ from: 0, total: whole.rows.length });
    expect(whole.rows[0]).toMatchObject({
      index: 0,
      kind: 'fact',
      entry: { type: 'ProcessStarted' },
      text: 'started by shop.order-placed',
    });
    expect(whole.rows.find(({ entry }) => entry.type === 'CommandIssued')).toMatchObject({
      kind: 'decision',
      path: 'stock.take:1',
      text: 'stock.take sent',
      at: whole.rows[0]?.at,
    });
    const last = (await reached.get<JournalView>(`${at('o-4')}/journal?limit=2`)).body;
    expect(last).toEqual({ ...whole, from: whole.total - 2, rows: whole.rows.slice(-2) });
    const before = (await reached.get<JournalView>(`${at('o-4')}/journal?before=${last.from}`)).body;
    expect([...before.rows, ...last.rows]).toEqual(whole.rows);
  });

  test('the timeline has a row for each step, with its parts, attempts and open waits', async () => {
    await begun('o-5');
    const { steps, total } = (await reached.get<TimelineView>(`${at('o-5')}/timeline`)).body;
    expect(total).toBe(2);
    expect(steps).toEqual([
      expect.objectContaining({ path: 'stock.take:1', name: 'stock.take', kind: 'command', state: 'done', scope: [], entry: 1 }),
      expect.objectContaining({ name: 'shop.note-added', kind: 'wait', state: 'open' }),
    ]);
    expect(steps[0]?.parts).toEqual([{ kind: 'running', from: steps[0]?.from, to: steps[0]?.to }]);
    expect(steps[0]?.attempts).toEqual([{ at: steps[0]?.from }]);
    const past = (await reached.get<TimelineView>(`${at('o-5')}/timeline?at=1`)).body;
    expect(past.steps).toEqual([expect.objectContaining({ path: 'stock.take:1', state: 'open' })]);
  });

  test('the journal of one state is read once for its pages and its timeline, and again after a commit', async () => {
    await begun('o-7');
    const { ports } = reached.reach;
    let reads = 0;
    const load = async (pids: readonly string[]): Promise<readonly (Head | undefined)[]> => {
      const heads = await ports.store.load(pids, { consistent: true });
      return heads.map((head) => head && { ...head, tail: [], tailFrom: head.tail.length });
    };
    const chunks = async (pid: string, run: string): Promise<readonly JournalChunk[]> => {
      const [head] = await ports.store.load([pid], { consistent: true });
      reads += 1;
      return [{ pid, run, from: 0, entries: head?.tail ?? [] }];
    };
    const api = operationsApi({ ...reached.reach, ports: { ...ports, store: { load, chunks } } }, { place: 'here', option: '' });
    const totals = async (): Promise<readonly number[]> => {
      const parts = ['journal', 'timeline', 'journal?limit=1'].map(async (part) => api(new Request(`http://x${at('o-7')}/${part}`)));
      return Promise.all(parts.map(async (part) => ((await (await part).json()) as { readonly total: number }).total));
    };
    const [entries = 0] = await totals();
    expect(reads).toBe(1);
    await reached.client.signal(order, 'o-7', NoteAdded, { orderId: 'o-7', text: 'done' });
    await reached.client.result(order, 'o-7');
    expect((await totals())[0]).toBeGreaterThan(entries);
    expect(reads).toBe(2);
  });

  test('a cancel undoes the step, which the timeline shows as a part of it', async () => {
    await begun('o-6');
    const { body } = await reached.post<OperatedResult>(`${at('o-6')}/cancel`, { reason: 'not wanted' });
    expect(body.status).toMatch(/running|cancelled/);
    await vi.waitFor(async () => expect((await instance('o-6')).status).toBe('cancelled'), 10_000);
    const { steps } = (await reached.get<TimelineView>(`${at('o-6')}/timeline`)).body;
    expect(steps[0]).toMatchObject({ name: 'stock.take', state: 'undone' });
    expect(steps[0]?.parts.map(({ kind }) => kind)).toEqual(['running', 'undo']);
    const { rows } = (await reached.get<JournalView>(`${at('o-6')}/journal`)).body;
    expect(rows.find(({ entry }) => entry.type === 'CancelRequested')).toMatchObject({
      by: 'local',
      text: 'cancel requested by local: not wanted',
    });
  });

  test('a stuck instance names its step and its remedy, and resume continues it with the reason', async () => {
    await reached.client.start(order, { orderId: 'o-bug', item: 'bug' });
    await vi.waitFor(async () => expect((await instance('o-bug')).stuck?.code).toBe('POISON'), 10_000);
    expect((await instance('o-bug')).can).toContain('resume');
    code.mended = true;
    expect((await reached.post(`${at('o-bug')}/resume`, { reason: 'the code is fixed' })).status).toBe(200);
    await waitsForNote('o-bug');
    code.mended = false;
  });

  test('a fork is planned, then begun with its reason', async () => {
    const fork = { at: 'stock.take:1', to: 'o-1-again' };
    const plan = await reached.post<ForkPreview>(`${at('o-1')}/fork/plan`, fork);
    expect(plan).toMatchObject({ status: 200, body: { to: 'o-1-again' } });
    expect((await reached.get(at('o-1-again'))).status).toBe(404);
    expect(await reached.post(`${at('o-1')}/fork`, { ...fork, completed: 'leave', reason: 'once more' })).toMatchObject({
      status: 200,
      body: { id: 'o-1-again' },
    });
    const { rows } = (await reached.get<JournalView>(`${at('o-1-again')}/journal`)).body;
    expect(rows.map(({ text }) => text)).toContain('goes on as a fork of order o-1 by local: once more');
  });

  test('a deferred command is a task, and resolve completes it with an output or a failure of its contract', async () => {
    for (const id of ['a-1', 'a-2']) await reached.client.start(approval, { item: id }, { id });
    const tasks = async (): Promise<TasksView> => (await reached.get<TasksView>('/api/tasks?process=approval')).body;
    await vi.waitFor(async () => expect((await tasks()).tasks).toHaveLength(2), 10_000);
    expect((await tasks()).tasks[0]).toMatchObject({ process: 'approval', command: 'people.approve', step: 'people.approve:1' });
    expect((await tasks()).tasks.map(({ input }) => input)).toEqual(expect.arrayContaining([{ item: 'a-1' }, { item: 'a-2' }]));
    const step = 'people.approve:1';
    const wrong = await reached.post<RefusalView>(`${at('a-1', 'approval')}/resolve`, { step, reason: 'asked', output: { by: 7 } });
    expect(wrong.body.error.code).toBe('DATA_INVALID');
    await reached.post(`${at('a-1', 'approval')}/resolve`, { step, reason: 'asked', output: { by: 'Ada' } });
    expect(await reached.client.result(approval, 'a-1')).toEqual({ by: 'Ada' });
    await reached.post(`${at('a-2', 'approval')}/resolve`, { step, reason: 'asked', failure: { type: 'Refused', data: {} } });
    await vi.waitFor(async () => expect((await instance('a-2', 'approval')).status).toBe('failed'), 10_000);
    expect((await tasks()).tasks).toEqual([]);
  });

  test('the services show their open commands', async () => {
    await reached.client.start(approval, { item: 'slow' }, { id: 'a-3' });
    await vi.waitFor(async () => expect((await reached.get<TasksView>('/api/tasks')).body.tasks).toHaveLength(1), 10_000);
    const { services } = (await reached.get<ServicesView>('/api/services')).body;
    expect(services.map(({ name }) => name)).toEqual(['stock', 'people']);
    expect(services[1]).toMatchObject({ open: 1, failing: 0, oldest: { command: 'people.approve', process: 'approval', id: 'a-3' } });
  });

  test('the system has the schemas from which forms are made', async () => {
    const { body } = await reached.get<SystemView>('/api/system');
    expect(body).toMatchObject({ name: 'shop', place: 'the folder .tutti', option: '--local .tutti', principal: 'local', live: 'hold' });
    const people = body.services.find(({ name }) => name === 'people');
    expect(people?.commands[0]).toMatchObject({ name: 'people.approve', output: { properties: { by: { type: 'string' } } } });
    expect(people?.commands[0]?.errors).toHaveProperty('Refused');
    expect(body.processes.map(({ name, startedBy }) => [name, startedBy])).toEqual([
      ['order', ['shop.order-placed']],
      ['approval', []],
      ['views', ['shop.viewed']],
    ]);
    expect(body.processes[1]?.input).toMatchObject({ required: ['item'] });
    expect(body.acts.cancel).toEqual({ allowed: true });
  });

  test.each([
    ['cancel without a reason', 'o-4/cancel', {}, 400, 'has no member reason'],
    ['an empty reason', 'o-4/cancel', { reason: '' }, 400, 'The member reason is empty'],
    ['an unknown member', 'o-4/pause', { reason: 'r', until: 'tomorrow' }, 400, 'has a member until'],
    ['a value outside its list', 'o-4/pause', { reason: 'r', clock: 'slow' }, 400, 'stop, run'],
    ['a version that is no number', 'o-4/move', { reason: 'r', version: '2' }, 400, 'expected an integer'],
    ['an outcome that is neither', 'o-4/resolve', { reason: 'r', step: 'stock.take:1' }, 400, 'none of its forms'],
    ['text that is not JSON', 'o-4/cancel', '{', 400, 'is not JSON'],
    ['an unknown instance', 'o-0/cancel', { reason: 'r' }, 404, 'There is no order o-0'],
    ['an instance that has ended', 'o-1/cancel', { reason: 'r' }, 409, 'has ended'],
  ])('%s is refused', async (_, path, body, status, message) => {
    const answer = await reached.post<RefusalView>(at(path), body);
    expect(answer).toMatchObject({ status, body: { error: { message: expect.stringContaining(message) as string } } });
  });

  test('the parked events are grouped, each with the remedy of docs/errors.md', async () => {
    expect((await reached.get<ParkedGroupsView>('/api/parked/groups')).body.groups).toEqual([]);
    const page = chapterOf('Parking reasons');
    for (const [reason, remedy] of Object.entries(PARKING_REMEDIES)) expect(page.get(reason)).toBe(remedy);
    expect([...page.keys()].toSorted()).toEqual(Object.keys(PARKING_REMEDIES).toSorted());
  });
});
