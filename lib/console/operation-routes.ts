import { instantText } from '../contract/wire/wire.ts';
import type { JsonSchema } from '../contract/export/json-schema.ts';
import type { BulkOperation } from '../client/operations/operations.ts';
import { operationsOn } from '../client/operations/operations-on.ts';
import type { Call, Route } from './route.ts';
import type {
  Act,
  BulkPreview,
  BulkStartRequest,
  BulkView,
  Json,
  ScheduleActRequest,
  ScheduleCreateRequest,
  SchedulesView,
} from './views.ts';

/*
 * The `POST` paths. Each calls the operation of the command line, so that the console can do exactly what `tutti` does, and each journaled
 * operation has a reason.
 */

const INSTANCE = '/api/instances/{process}/{id}';
/** Characters of a reason: it is kept in the journal. */
const REASON_MAX = 500;

const text: JsonSchema = { type: 'string', minLength: 1, maxLength: 1_000 };
const reason: JsonSchema = { type: 'string', minLength: 1, maxLength: REASON_MAX };
const version: JsonSchema = { type: 'integer', minimum: 1 };
const anything: JsonSchema = {};

/** An object with members that must be there, and others that may. */
function object(required: Readonly<Record<string, JsonSchema>>, optional: Readonly<Record<string, JsonSchema>> = {}): JsonSchema {
  return { type: 'object', required: Object.keys(required), properties: { ...required, ...optional }, additionalProperties: false };
}

function oneOf(...values: readonly string[]): JsonSchema {
  return { type: 'string', enum: values };
}

const parkedKeys: JsonSchema = {
  type: 'array',
  minItems: 1,
  maxItems: 100,
  items: object({ pid: { type: 'string' }, id: text, parkedAt: { type: 'integer', minimum: 0 } }),
};
const overlap = oneOf('skip', 'queue-one', 'queue-all', 'cancel', 'allow');
const times = object(
  { cron: text, zone: text },
  {
    overlap,
    catchUp: oneOf('none', 'latest', 'all'),
    within: text,
    jitter: text,
    gap: oneOf('after', 'skip'),
    fold: oneOf('first', 'last', 'both'),
  },
);
const failure = object({ type: text }, { message: { type: 'string' }, data: anything });
const bulkRequest = object({ act: oneOf('cancel', 'terminate', 'pause', 'resume'), where: text }, { clock: oneOf('stop', 'run'), version });

/** An operation on one instance: the body is the request of the operation, without the names of the instance. */
function onInstance(act: Act, body: JsonSchema, about: string, returns = 'OperatedResult'): Route {
  return {
    method: 'POST',
    path: `${INSTANCE}/${act}`,
    about,
    returns,
    body,
    act,
    run: ({ reach, path, body: told }) => {
      const operate = operationsOn(reach)[act] as (request: object) => Promise<object>;
      return operate({ ...(told as object), process: path['process'], id: path['id'], ...tenantOf(reach) });
    },
  };
}

function tenantOf({ tenant }: Call['reach']): { readonly tenant?: string } {
  return tenant === undefined ? {} : { tenant };
}

/** A request about bulk jobs that returns them. */
export async function bulkJobs({ reach }: Call, request: BulkOperation): Promise<BulkView> {
  const { jobs = [] } = await operationsOn(reach).bulk({ ...request, ...tenantOf(reach) });
  return { jobs, asOf: instantText(reach.ports.clock.now()) };
}

async function actOnSchedule({ reach, path, body }: Call, act: (typeof SCHEDULE_ACTS)[number][0]): Promise<SchedulesView> {
  const told = body as ScheduleActRequest | ScheduleCreateRequest;
  const { schedules } = await operationsOn(reach).schedules({ ...told, act, name: path['name'] as string, ...tenantOf(reach) });
  return { schedules, asOf: instantText(reach.ports.clock.now()) };
}

const BULK_ACTS = [
  ['pause', 'Sends no further operation of a job until it is resumed.'],
  ['resume', 'Goes on with a paused job.'],
  ['cancel', 'Ends a job. The operations that it has sent take effect.'],
] as const;

const SCHEDULE_ACTS = [
  ['pause', 'Starts nothing until the schedule is resumed.', object({ reason })],
  ['resume', 'Goes on with a paused schedule.', object({ reason })],
  ['delete', 'Ends a schedule that a client has created.', object({ reason })],
  ['trigger', 'Starts an instance of a schedule now.', object({ reason }, { overlap })],
  [
    'create',
    'Creates a schedule, or changes the times of one that a client has created.',
    object({ reason, process: text, times }, { input: anything }),
  ],
  ['backfill', 'Starts the times of a schedule from one instant to another.', object({ reason, from: text, to: text }, { overlap })],
] as const;

const choice = oneOf('adopt', 'undo', 'leave');
const forkMembers: Readonly<Record<string, JsonSchema>> = {
  to: text,
  input: anything,
  version,
  events: { anyOf: [oneOf('all', 'none'), { type: 'array', maxItems: 1_000, items: text }] },
  completed: { anyOf: [choice, { type: 'object', additionalProperties: choice }] },
  supersede: { type: 'boolean' },
};
const cut: JsonSchema = { anyOf: [text, { type: 'integer', minimum: 0 }] };

export const OPERATION_ROUTES: readonly Route[] = [
  {
    method: 'POST',
    path: '/api/processes/{process}/start',
    about: 'Starts an instance.',
    returns: 'StartResult',
    body: object({ input: anything }, { id: text, onOpen: oneOf('reject', 'attach', 'signal', 'queue', 'replace') }),
    act: 'start',
    run: ({ reach, path, body }) =>
      operationsOn(reach).start({ ...(body as { readonly input: Json }), process: path['process'] as string, ...tenantOf(reach) }),
  },
  {
    method: 'POST',
    path: '/api/events/{type}',
    about: 'Publishes an event on the bus.',
    returns: 'PublishedResult',
    body: object({ data: anything }, { id: text }),
    act: 'publish',
    run: ({ reach, path, body }) =>
      operationsOn(reach).publish({ ...(body as { readonly data: Json }), event: path['type'] as string, ...tenantOf(reach) }),
  },
  onInstance('signal', object({ event: text, data: anything }, { eventId: text }), 'Sends an event to the instance.', 'SignalResult'),
  onInstance('ask', object({ event: text, data: anything }), 'Sends a question to the instance and returns its answer.', 'AskResult'),
  onInstance('cancel', object({ reason }), 'Undoes the completed steps, then ends the instance.'),
  onInstance('terminate', object({ reason }), 'Ends the instance at once, and undoes nothing.'),
  onInstance('pause', object({ reason }, { clock: oneOf('stop', 'run') }), 'Pauses the instance: nothing is decided until it is resumed.'),
  onInstance('resume', object({ reason }, { version, skip: text }), 'Resumes a stuck or paused instance.'),
  onInstance('move', object({ version, reason }), 'Moves the instance to another version of its process, which replays its journal first.'),
  onInstance(
    'resolve',
    { anyOf: [object({ reason, step: text, output: anything }), object({ reason, step: text, failure })] },
    'Records the outcome of a command: also completes or fails a task.',
  ),
  onInstance('fork', object({ at: cut, reason }, forkMembers), 'Goes on from a step of the instance under a new id.', 'ForkResult'),
  onInstance('erase', object({ reason }, { abandon: { type: 'boolean' } }), 'Erases the data of an instance that has ended.'),
  {
    method: 'POST',
    path: `${INSTANCE}/fork/plan`,
    about: 'Says what a fork would do. Nothing is done.',
    returns: 'ForkPreview',
    body: object({ at: cut }, forkMembers),
    run: ({ reach, path, body }) =>
      operationsOn(reach).previewFork({
        ...(body as { readonly at: string | number }),
        process: path['process'] as string,
        id: path['id'] as string,
        ...tenantOf(reach),
      }),
  },
  {
    method: 'POST',
    path: '/api/parked/redrive',
    about: 'Sends parked events back to the engine.',
    returns: 'RedriveResponse',
    body: object({ events: parkedKeys }),
    act: 'redrive',
    run: ({ reach, body }) => operationsOn(reach).redrive(body),
  },
  {
    method: 'POST',
    path: '/api/parked/discard',
    about: 'Takes parked events that must never be applied out of the lists.',
    returns: 'DiscardResponse',
    body: object({ events: parkedKeys, reason }),
    act: 'discard',
    run: ({ reach, body }) => operationsOn(reach).discard(body),
  },
  {
    method: 'POST',
    path: '/api/bulk/preview',
    about: 'Finds the instances of an operation on many, and says what it would do. Nothing is done.',
    returns: 'BulkPreview',
    body: bulkRequest,
    run: async ({ reach, body }) =>
      (await operationsOn(reach).bulk({ do: 'preview', request: body, ...tenantOf(reach) })).preview as BulkPreview,
  },
  {
    method: 'POST',
    path: '/api/bulk',
    about: 'Begins a job on exactly the instances of a preview.',
    returns: 'BulkView',
    body: object(
      { reason, preview: { type: 'object', required: ['act', 'where', 'targets'] } },
      { perSecond: { type: 'integer', minimum: 1 } },
    ),
    act: 'bulk',
    run: (call) => bulkJobs(call, { do: 'start', ...(call.body as BulkStartRequest) }),
  },
  ...BULK_ACTS.map(([act, about]): Route => ({
    method: 'POST',
    path: `/api/bulk/{id}/${act}`,
    about,
    returns: 'BulkView',
    body: object({ reason }),
    act: 'bulk',
    run: (call) => bulkJobs(call, { do: act, id: call.path['id'] as string, reason: (call.body as { readonly reason: string }).reason }),
  })),
  ...SCHEDULE_ACTS.map(([act, about, body]): Route => ({
    method: 'POST',
    path: `/api/schedules/{name}/${act}`,
    about,
    returns: 'SchedulesView',
    body,
    act: 'schedules',
    run: (call) => actOnSchedule(call, act),
  })),
];
