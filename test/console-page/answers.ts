import { fileURLToPath } from 'node:url';
import type {
  Act,
  AskResult,
  BulkPreview,
  BulkResultsView,
  BulkView,
  CausesView,
  CostView,
  CountsView,
  DiscardResponse,
  ExampleView,
  FlowView,
  ForkPreview,
  ForkResult,
  InstanceRow,
  InstancesView,
  InstanceView,
  JournalView,
  JsonSchema,
  ListedParked,
  ListedSchedule,
  OperatedResult,
  ParkedEventView,
  ParkedGroupsView,
  ParkedView,
  RedriveResponse,
  SchedulesView,
  ServicesView,
  StartResult,
  SystemView,
  TasksView,
  TimelineStep,
  TimelineView,
  VersionsView,
} from '../../lib/console/views.ts';
import { flowsOf } from '../../lib/flow/flows.ts';
import { layOut } from '../../lib/flow/layout.ts';

/** A text with markup, an escape code and a right-to-left override. */
export const HOSTILE = '<img src=x onerror=alert(1)>\u202Egnirts\u001b[31m';

const NOW = Date.now();
const [SECOND, MINUTE, HOUR] = [1_000, 60_000, 3_600_000];
const DAY = 24 * HOUR;
const ago = (milliseconds: number): string => new Date(NOW - milliseconds).toISOString();

/** A posted operation. */
export interface Posted {
  readonly path: string;
  readonly body: unknown;
}

/** The answers of an operations API about a travel agency, of every view, and the operations that the page has posted. */
export interface Answers {
  readonly posted: Posted[];
  answer(method: string, url: URL, body: unknown): unknown;
}

export async function travelAnswers(): Promise<Answers> {
  const posted: Posted[] = [];
  const views = { ...VIEWS, ...(await flows()) };
  return {
    posted,
    answer(method, url, body) {
      if (method === 'GET') return answerGet(views, url);
      posted.push({ path: url.pathname, body });
      return RESULTS[url.pathname] ?? operated;
    },
  };
}

/** A tenant whose instances a reader may not terminate. */
export const WITHOUT_GRANT = 'guest';

function answerGet(views: Readonly<Record<string, unknown>>, { pathname, searchParams }: URL): unknown {
  const path = decodeURIComponent(pathname);
  if (path === '/api/system' && searchParams.get('tenant') === WITHOUT_GRANT)
    return { ...system, acts: { ...acts, terminate: { allowed: false, grant: 'grantOperate' } } } satisfies SystemView;
  if (path === '/api/instances') return instances(searchParams.get('where') ?? '', Number(searchParams.get('after') ?? 0));
  if (path === '/api/tasks' && searchParams.has('after')) return olderTasks;
  if (path.endsWith('/journal')) return journal(searchParams);
  const [, id, part] = /^\/api\/instances\/book-trip\/(.+?)(?:\/(timeline|flow|cost))?$/.exec(path) ?? [];
  if (id !== undefined) return part === undefined ? instance(id) : views[part];
  return views[path];
}

const acts = Object.fromEntries(
  (
    [
      'start',
      'publish',
      'signal',
      'ask',
      'cancel',
      'terminate',
      'pause',
      'resume',
      'resolve',
      'move',
      'fork',
      'redrive',
      'discard',
      'bulk',
      'schedules',
    ] as const
  ).map((act) => [act, { allowed: true }]),
) as SystemView['acts'];

const trip: JsonSchema = {
  type: 'object',
  properties: {
    cartId: { type: 'string' },
    email: { type: 'string', format: 'email', description: 'The confirmation goes there.' },
    total: { type: 'integer' },
    cabin: { enum: ['economy', 'business'] },
    express: { type: 'boolean' },
    flight: { type: 'object', properties: { from: { type: 'string' }, to: { type: 'string' } }, required: ['from', 'to'] },
    extras: { type: 'array', items: { type: 'string' } },
  },
  required: ['cartId', 'email', 'total', 'flight'],
};
const reference: JsonSchema = { type: 'object', properties: { reference: { type: 'string' } }, required: ['reference'] };

const system: SystemView = {
  name: 'trips',
  place: 'the folder .tutti',
  option: '--local .tutti',
  principal: 'ada@laptop',
  now: ago(0),
  live: 'poll',
  pollMs: 60_000,
  acts,
  processes: [
    {
      name: 'book-trip',
      versions: [2, 1],
      kind: 'async',
      startedBy: ['trips.checkout-travel-cart'],
      receives: ['trips.cart-changed', 'trips.where-is-it'],
      publishes: ['trips.trip-booked'],
      input: trip,
      calls: ['payments', 'flights', 'hotels', 'notifications'],
    },
    { name: 'count-views', versions: [1], kind: 'decider', startedBy: ['shop.viewed'], receives: ['shop.viewed'], publishes: [] },
  ],
  services: ['payments', 'flights', 'hotels', 'notifications'].map((name) => ({
    name,
    commands: [
      {
        name: `${name}.book`,
        about: 'Books, or says why not.',
        input: {},
        output: reference,
        errors: { SoldOut: { type: 'object', properties: { freeFrom: { type: 'string', format: 'date' } }, required: ['freeFrom'] } },
        timeoutMs: 30 * SECOND,
        withinMs: DAY,
      },
    ],
  })),
  events: [
    { type: 'trips.cart-changed', data: trip, hasExample: true },
    {
      type: 'trips.where-is-it',
      data: { type: 'object', properties: { cartId: { type: 'string' } }, required: ['cartId'] },
      answer: reference,
    },
  ],
};

const STATUSES = ['running', 'completed', 'stuck', 'failed', 'running', 'cancelled', 'running', 'terminated'] as const;
const WHYS: Readonly<Record<string, string>> = {
  running: 'waits for flights.book (attempt 4, last error: the airline does not answer) since 04:11',
  completed: 'completed',
  stuck: 'stuck (POISON): Cannot read properties of undefined (reading "reference")',
  failed: 'failed: hotels.book: SoldOut',
  cancelled: 'cancelled by ada@laptop: the customer called',
  terminated: 'terminated by ada@laptop: test data',
};

const rows = Array.from({ length: 130 }, (_, at): InstanceRow => {
  const status = STATUSES[at % STATUSES.length] ?? 'running';
  const isOpen = status === 'running';
  return {
    process: at % 5 === 0 ? 'count-views' : 'book-trip',
    id: at === 3 ? HOSTILE : `cart-${1_000 - at}`,
    run: `run-${at}`,
    status,
    started: ago(at * 7 * MINUTE + 20 * SECOND),
    why: WHYS[status] ?? '',
    version: 1,
    tags: { customer: String(40 + at), region: 'eu' },
    ...(isOpen && { waitsSince: ago(at * 5 * MINUTE + 10 * SECOND), waits: ['flights.book'] }),
  };
});

function instances(where: string, after: number): InstancesView {
  const status = /status:(\w+)/.exec(where)?.[1];
  const id = /(?:^|id~"?)([\w-]+)"?$/.exec(where)?.[1];
  const found = rows.filter(
    (row) => (status === undefined || row.status === status) && (status !== undefined || id === undefined || row.id.includes(id)),
  );
  return { instances: found.slice(after, after + 50), ...(after + 50 < found.length && { next: String(after + 50) }), asOf: ago(0) };
}

const counts: CountsView = {
  counts: [
    { process: 'book-trip', status: 'stuck', count: 12 },
    { process: 'book-trip', status: 'running', count: 10_000, more: true },
    { process: 'book-trip', status: 'completed', count: 431 },
    { process: 'count-views', status: 'failed', count: 2 },
  ],
  parked: 7,
  asOf: ago(0),
};

const causes: CausesView = {
  causes: [
    {
      cause: 'book-trip stuck POISON reference',
      process: 'book-trip',
      status: 'stuck',
      code: 'POISON',
      reason: 'Cannot read properties of undefined (reading "reference")',
      remedy: 'Fix the code, deploy it, then resume.',
      count: 12,
      oldest: ago(3 * HOUR),
      example: { process: 'book-trip', id: 'cart-stuck' },
    },
  ],
  asOf: ago(0),
};

function instance(id: string): InstanceView | undefined {
  if (id === 'none') return undefined;
  const isStuck = id === 'cart-stuck';
  return {
    process: 'book-trip',
    id,
    run: '01JD3QZ6V8K5Y',
    version: 1,
    status: isStuck ? 'stuck' : 'running',
    started: ago(3 * HOUR),
    etag: '17',
    why: WHYS['running'] ?? '',
    lines: [WHYS['running'] ?? '', 'times out tomorrow at 07:00'],
    wakes: ago(-12 * MINUTE),
    pending: [
      {
        kind: 'command',
        path: 'flights.book:1',
        command: 'flights.book',
        commandId: `book-trip#${id}/01JD3QZ6V8K5Y/2`,
        mode: 'call',
        attempt: 4,
        since: ago(50 * MINUTE),
        due: ago(-2 * MINUTE),
      },
      { kind: 'timer', path: 'process', purpose: 'process', due: ago(-23 * HOUR) },
    ],
    unresolved: [],
    tags: { customer: '42', note: HOSTILE },
    children: [{ process: 'book-trip', id: 'child-7' }],
    waiting: [],
    parked: {},
    standing: [],
    input: { cartId: id, email: 'ada@example.com', total: 129_000, note: HOSTILE },
    view: { step: 'flights', done: ['payments.charge'] },
    entries: 20_000,
    can: ['signal', 'ask', 'cancel', 'terminate', 'pause', 'resolve', 'move', 'fork'],
    ...(isStuck && {
      stuck: {
        code: 'POISON',
        message: 'Cannot read properties of undefined (reading "reference")',
        remedy: 'Fix the code, deploy it, then resume.',
      },
      stuckStep: 'flights.book:1',
      can: ['resume', 'cancel', 'terminate', 'resolve'] satisfies Act[],
    }),
  };
}

function journal(query: URLSearchParams): JournalView {
  const total = 20_000;
  const before = Number(query.get('before') ?? total);
  const from = Math.max(0, before - Number(query.get('limit') ?? 500));
  return {
    run: '01JD3QZ6V8K5Y',
    total,
    from,
    rows: Array.from({ length: before - from }, (_, at): JournalView['rows'][number] => {
      const index = from + at;
      const isFact = index % 2 === 1;
      const path = `flights.book:${Math.floor(index / 2)}`;
      return {
        index,
        at: ago((total - index) * SECOND),
        kind: isFact ? 'fact' : 'decision',
        entry: isFact
          ? { type: 'CommandAnswered', n: index, outcome: index % 20 === 1 ? 'failed' : 'completed', data: HOSTILE }
          : { type: 'CommandIssued', n: index, path },
        path,
        text: isFact ? 'flights answered' : 'sends flights.book',
        tone: isFact ? (index % 20 === 1 ? 'bad' : 'good') : 'plain',
      };
    }),
  };
}

function step(path: string, more: Partial<TimelineStep> & { readonly took: readonly [from: number, to?: number] }): TimelineStep {
  const { took, ...rest } = more;
  const [from, to] = took;
  const times = { from: ago(from), ...(to !== undefined && { to: ago(to) }) };
  return {
    path,
    scope: path.split('/').slice(0, -1),
    name: path.split('/').at(-1)?.split(':')[0] ?? path,
    kind: 'command',
    state: 'done',
    ...times,
    parts: [{ kind: 'running', ...times }],
    attempts: [],
    entry: 1,
    ...rest,
  };
}

const steps: readonly TimelineStep[] = [
  step('payments.charge:1', {
    took: [3 * HOUR, 2.9 * HOUR],
    state: 'undone',
    parts: [
      { kind: 'running', from: ago(3 * HOUR), to: ago(2.9 * HOUR) },
      { kind: 'undo', from: ago(40 * MINUTE), to: ago(30 * MINUTE) },
    ],
  }),
  step('hotel', { took: [2.85 * HOUR, HOUR], kind: 'scope', state: 'failed' }),
  step('hotel/hotels.book:1', {
    took: [2.8 * HOUR, HOUR],
    state: 'failed',
    failure: 'SoldOut: free from 2026-12-24',
    attempts: [{ at: ago(2.6 * HOUR), failed: 'ETIMEDOUT' }, { at: ago(1.6 * HOUR) }],
    parts: [
      { kind: 'running', from: ago(2.8 * HOUR), to: ago(2.6 * HOUR) },
      { kind: 'waiting', from: ago(2.6 * HOUR), to: ago(1.6 * HOUR) },
      { kind: 'running', from: ago(1.6 * HOUR), to: ago(HOUR) },
    ],
  }),
  step('trips.approved:1', {
    took: [2 * HOUR, 1.5 * HOUR],
    kind: 'wait',
    parts: [{ kind: 'waiting', from: ago(2 * HOUR), to: ago(1.5 * HOUR) }],
  }),
  step('reminder:1', {
    took: [2 * HOUR, 1.5 * HOUR],
    kind: 'timer',
    state: 'cancelled',
    parts: [{ kind: 'waiting', from: ago(2 * HOUR), to: ago(1.5 * HOUR) }],
  }),
  step('notifications.book:1', { took: [1.4 * HOUR, 1.4 * HOUR], kind: 'send' }),
  step('flights.book:1', {
    took: [50 * MINUTE],
    state: 'open',
    attempts: [{ at: ago(30 * MINUTE), failed: 'the airline does not answer' }],
  }),
  ...Array.from({ length: 500 }, (_, at) =>
    step(`each/hotels.book:${at + 2}`, { took: [45 * MINUTE - at * SECOND, 44 * MINUTE - at * SECOND] }),
  ),
];

const timeline: TimelineView = { run: '01JD3QZ6V8K5Y', started: ago(3 * HOUR), until: ago(0), total: 10_000, steps };

async function flows(): Promise<Readonly<Record<string, FlowView>>> {
  const file = fileURLToPath(new URL('../../examples/travel-booking/book-trip.ts', import.meta.url));
  const [flow] = await flowsOf([file]);
  if (!flow) throw new Error('The example has no flow.');
  const layout = await layOut(flow);
  const [start, first, second, third] = flow.nodes;
  const whole = { process: 'book-trip', version: 1, layout, svg: '', notes: [] };
  const reached = { times: 1, retries: 0, since: NOW };
  return {
    flow: {
      ...whole,
      progress: {
        [start?.id ?? '']: { ...reached, state: 'done' },
        [first?.id ?? '']: { ...reached, state: 'failed' },
        [second?.id ?? '']: { ...reached, state: 'running', retries: 3 },
      },
      here: [second?.id ?? ''],
    },
    '/api/flows/book-trip': { ...whole, counts: { [third?.id ?? '']: 31 }, sampled: 33 },
  };
}

const parkedEvents = Array.from({ length: 7 }, (_, at): ListedParked => ({
  process: 'book-trip',
  id: `cart-${at}`,
  reason: at % 2 === 0 ? 'INVALID' : 'CLOSED',
  detail: at % 2 === 0 ? 'data/total: expected an integer' : 'The instance had ended when the event came.',
  eventId: `01J${at}`,
  type: 'trips.cart-changed',
  source: 'shop',
  parked: ago(at * 20 * MINUTE),
  expires: ago(-at * DAY - HOUR),
  key: { pid: `book-trip#cart-${at}`, id: `01J${at}`, parkedAt: NOW - at },
}));
const cart = { cartId: 'cart-0', email: 'ada@example.com', total: 12, flight: { from: 'BER', to: 'LIS' } };
const example: ExampleView = { data: { ...cart, cartId: 'cart-13' } };
const parkedEvent: ParkedEventView = {
  message: JSON.stringify({ 'detail-type': 'trips.cart-changed', detail: { ...cart, total: HOSTILE } }),
  event: { type: 'trips.cart-changed', id: '01J0', data: { cartId: cart.cartId, email: cart.email, flight: cart.flight } },
};
const parked: ParkedView = { events: parkedEvents, asOf: ago(0) };
const parkedGroups: ParkedGroupsView = {
  groups: [
    {
      reason: 'INVALID',
      type: 'trips.cart-changed',
      process: 'book-trip',
      count: 4,
      first: ago(9 * HOUR),
      last: ago(MINUTE),
      example: parkedEvents[0] as ListedParked,
      remedy: 'Fix the publisher, publish the event again, and discard this one.',
    },
  ],
  asOf: ago(0),
};

const tasks: TasksView = {
  tasks: [
    {
      process: 'book-trip',
      id: 'cart-7',
      step: 'hotels.book:1',
      command: 'hotels.book',
      commandId: 'book-trip#cart-7/01J/3',
      since: ago(2 * HOUR),
      deadline: ago(-20 * MINUTE),
      input: { city: 'Lisbon', nights: 4, note: HOSTILE },
      tags: { region: 'eu' },
    },
  ],
  read: 2_000,
  next: '1.book-trip#cart-7',
  asOf: ago(0),
};
const [newestTask] = tasks.tasks;
const olderTasks: TasksView = {
  tasks: newestTask ? [{ ...newestTask, id: 'cart-1', commandId: 'book-trip#cart-1/01J/3' }] : [],
  read: 31,
  asOf: ago(0),
};

const services: ServicesView = {
  more: true,
  services: [
    {
      name: 'flights',
      queued: 31,
      inFlight: 2,
      dead: 1,
      open: 33,
      oldest: { since: ago(3 * HOUR), command: 'flights.book', process: 'book-trip', id: 'cart-4' },
      failing: 2,
      lastError: 'the airline does not answer',
      sampled: 100,
    },
    { name: 'hotels', open: 0, failing: 0, sampled: 100 },
  ],
  asOf: ago(0),
};

const nightly: ListedSchedule = {
  name: 'nightly',
  process: 'book-trip',
  cron: '0 2 * * *',
  zone: 'Europe/Berlin',
  overlap: 'skip',
  catchUp: 'latest',
  origin: 'system',
  status: 'active',
  next: { id: 'nightly-2', at: ago(-5 * HOUR) },
  last: { id: 'nightly-1', at: ago(19 * HOUR), result: 'started' },
  running: [],
  waiting: [],
  started: 4,
  skipped: 1,
  missed: 0,
};
const schedules: SchedulesView = {
  schedules: [
    nightly,
    { ...nightly, name: 'hourly', origin: 'client', status: 'paused', paused: { since: ago(HOUR), by: 'ada@laptop', reason: 'holidays' } },
  ],
  asOf: ago(0),
};

const job: BulkView['jobs'][number] = {
  id: 'job-1',
  act: 'resume',
  where: 'status:stuck',
  reason: 'the fix is deployed',
  by: 'ada@laptop',
  started: ago(3 * MINUTE),
  status: 'running',
  of: 120,
  done: 61,
  unchanged: 3,
  failed: 2,
  open: 4,
};
const bulk: BulkView = { jobs: [job], asOf: ago(0) };
const bulkResults: BulkResultsView = {
  results: [
    { process: 'book-trip', id: 'cart-1', result: 'done', status: 'running' },
    { process: 'book-trip', id: 'cart-2', result: 'failed', failure: { code: 'STUCK', message: 'its journal does not replay' } },
  ],
};
const preview: BulkPreview = {
  act: 'resume',
  where: 'status:stuck',
  count: 12,
  unchanged: 3,
  samples: [{ process: 'book-trip', id: 'cart-1', status: 'stuck', why: 'stuck (POISON)', would: 'tries again' }],
  targets: [['book-trip', ['cart-1']]],
};

const versions: VersionsView = {
  versions: [
    { process: 'book-trip', version: 2, running: 30, stuck: 0, paused: 0, oldest: ago(HOUR), removable: false, why: 'starts take it' },
    {
      process: 'book-trip',
      version: 1,
      running: 214,
      stuck: 2,
      paused: 0,
      oldest: ago(9 * DAY),
      removable: false,
      why: 'no: 216 open runs, the oldest since 2026-11-21',
    },
  ],
  asOf: ago(0),
};

const cost: CostView = {
  region: 'eu-central-1',
  pricesOf: '2026-11-01',
  rows: [
    {
      process: 'book-trip',
      version: 1,
      instances: 100,
      usd: 0.0000255,
      parts: [
        { name: 'writes of the table', calls: 8.2, usd: 0.0000115 },
        { name: 'messages of queues', calls: 22, usd: 0.0000088 },
      ],
    },
  ],
  assumptions: ['A function runs for 20 ms for each message.'],
};

const operated: OperatedResult = { status: 'running' };

const forkPlan: ForkPreview = {
  to: 'cart-4~f1',
  entries: 7,
  events: [],
  later: [{ n: 3, path: 'hotels.book:1', command: 'hotels.book', state: 'completed', awaited: false, choice: undefined }],
  refusals: ['hotels.book:1 was completed after the cut: choose to adopt, undo or leave it.'],
};

const RESULTS: Readonly<Record<string, unknown>> = {
  '/api/bulk/preview': preview,
  '/api/bulk': bulk,
  '/api/instances/book-trip/cart-4/ask': { answer: { reference: 'H-7' } } satisfies AskResult,
  '/api/instances/book-trip/cart-4/fork/plan': forkPlan,
  '/api/instances/book-trip/cart-4/fork': { id: 'cart-4~f1', run: 'run-2' } satisfies ForkResult,
  '/api/parked/discard': { discarded: 1, left: 0 } satisfies DiscardResponse,
  '/api/parked/redrive': { sent: 1, left: 0 } satisfies RedriveResponse,
  '/api/processes/book-trip/start': { id: 'c-1', run: 'run-1', started: true } satisfies StartResult,
};

const VIEWS: Readonly<Record<string, unknown>> = {
  timeline,
  cost,
  '/api/system': system,
  '/api/counts': counts,
  '/api/causes': causes,
  '/api/events/trips.cart-changed/example': example,
  '/api/parked': parked,
  '/api/parked/event': parkedEvent,
  '/api/parked/groups': parkedGroups,
  '/api/tasks': tasks,
  '/api/services': services,
  '/api/schedules': schedules,
  '/api/bulk': bulk,
  '/api/bulk/job-1': bulk,
  '/api/bulk/job-1/results': bulkResults,
  '/api/bulk/job-2': {
    jobs: [
      { ...job, id: 'job-2', paused: { by: 'ada@laptop', reason: 'the airline is down', since: ago(MINUTE), clock: 'stop', waiting: 0 } },
    ],
    asOf: ago(0),
  } satisfies BulkView,
  '/api/bulk/job-2/results': bulkResults,
  '/api/versions': versions,
  '/api/cost': cost,
};
