import { BULK, BULK_ACTS, BULK_INSTANCES_MAX, BULK_RATE_MAX, type BulkJob } from '../contract/bulk.ts';
import type { HoldScope } from '../contract/holds.ts';
import { SCHEDULES } from '../contract/schedule-instance.ts';
import { HASH, INSTANT } from '../contract/wire/envelope-form.ts';
import type { ForkRequest } from '../core/inbound.ts';
import type { ScheduleSpec } from '../contract/runtime-contract.ts';
import type { Json } from '../contract/schema.ts';
import { parseCommandId, tenantOfPid } from '../contract/wire/process-id.ts';
import { isKey, keyFault } from '../contract/keys.ts';
import type {
  BulkMessage,
  CommandMessage,
  DiscardMessage,
  ForwardMessage,
  HoldMessage,
  InboxMessage,
  OperationMessage,
  RedriveMessage,
  ReleaseAllMessage,
  ScheduleMessage,
  ReplyMessage,
} from './inbox-message.ts';
import {
  dataFault,
  forcedFault,
  idFault,
  isInstant,
  isTags,
  MARKED,
  pidFault,
  startFault,
  texts,
  tickFault,
  traceFault,
} from './common-form.ts';

/**
 * Why an internal message is not of its form; undefined if it is. Only the system's own roles may write to the inbox, but a message of a
 * later version, of an operator or of a redrive must be parked, not half understood.
 */
export function inboxFault(message: InboxMessage): string | undefined {
  switch (message.tutti) {
    case 'tick':
      return tickFault(message);
    case 'command':
      return commandFault(message);
    case 'reply':
      return replyFault(message);
    case 'forward':
    case 'return':
      return forwardFault(message);
    case 'unsubscribe':
      return subscriptionFault(message) ?? timeFault(message.time);
    case 'begin':
      return pidFault(message.pid) ?? pidFault(message.owner) ?? dataFault(message) ?? begunFault(message.data);
    case 'start':
      return startFault(message);
    case 'operate':
      return operateFault(message);
    case 'schedule':
      return scheduleFault(message);
    case 'schedules':
      return texts({ time: message.time }) ?? (INSTANT.test(message.time) ? undefined : `time is ${message.time}, expected an instant`);
    case 'bulk':
      return bulkFault(message);
    case 'hold':
      return holdFault(message);
    case 'release':
      return texts({ opid: message.opid, hold: message.hold, reason: message.reason, by: message.by }) ?? pidFault(message.pid);
    case 'release-all':
      return releaseAllFault(message);
    case 'redrive':
      return redriveFault(message);
    case 'discard':
      return discardFault(message);
    case 'rotate-keys':
      return texts({ opid: message.opid, by: message.by }) ?? idFault('opid', message.opid);
    case 'forced':
      return forcedFault(message);
    default:
      return `the kind is unknown: ${String((message as { readonly tutti: unknown }).tutti)}`;
  }
}

function commandFault(message: CommandMessage): string | undefined {
  const { commandid, owner, command, depth, cancel, datahash, time, hops, traceparent } = message;
  if (!isCommandId(commandid)) return `commandid is ${JSON.stringify(commandid)}, expected pid/run/n`;
  if (typeof command !== 'string' || command === '') return `command is ${JSON.stringify(command)}, expected text`;
  if (!MARKED.includes(cancel)) return 'cancel must be true';
  if (typeof time !== 'string' || !INSTANT.test(time)) return `time is ${JSON.stringify(time)}, expected an instant`;
  if (typeof datahash !== 'string' || !HASH.test(datahash)) return 'datahash must be sha256: and 64 hex digits';
  return pidFault(owner) ?? countFault('depth', depth) ?? countFault('hops', hops) ?? traceFault(traceparent) ?? dataFault(message);
}

const OWNER_OUTCOMES: readonly unknown[] = ['completed', 'failed', 'cancelled'];
const SHORT_HASH = /^[0-9a-f]{16}$/;

function replyFault(message: ReplyMessage): string | undefined {
  const { commandid, commandhash, owner, outcome, hops, traceparent } = message;
  if (!isCommandId(commandid)) return `commandid is ${JSON.stringify(commandid)}, expected pid/run/n`;
  if (typeof commandhash !== 'string' || !SHORT_HASH.test(commandhash)) return 'commandhash must be 16 hex digits';
  if (!OWNER_OUTCOMES.includes(outcome)) return `outcome is ${JSON.stringify(outcome)}, expected completed, failed or cancelled`;
  return pidFault(owner) ?? countFault('hops', hops) ?? traceFault(traceparent) ?? dataFault(message);
}

function forwardFault(message: ForwardMessage): string | undefined {
  const { key, to, round = 0, event, process } = message;
  const unnamed = keyFault(key);
  if (unnamed !== undefined) return `key is not valid: ${unnamed}`;
  if (typeof event !== 'object' || event === null) return 'event must be an envelope';
  if (!Number.isSafeInteger(to) || to < 1) return 'to must be a whole number of 1 or more';
  if (!Number.isSafeInteger(round) || round < 0) return 'round must be a whole number of 0 or more';
  return subscriptionFault(message) ?? texts({ process });
}

/** A subscription and its key have one tenant. */
function subscriptionFault({ subscription, owner }: Pick<ForwardMessage, 'subscription' | 'owner'>): string | undefined {
  if (!isCommandId(subscription)) return `subscription is ${JSON.stringify(subscription)}, expected pid/run/n`;
  const fault = pidFault(owner);
  if (fault !== undefined) return fault;
  if (!isKey(owner)) return `owner is ${owner}, expected a key`;
  return tenantOfPid(owner) === tenantOfPid(subscription)
    ? undefined
    : `owner is ${owner}, expected a key of the tenant of ${subscription}`;
}

function timeFault(time: unknown): string | undefined {
  return typeof time === 'string' && INSTANT.test(time) ? undefined : `time is ${JSON.stringify(time)}, expected an instant`;
}

function isCommandId(id: unknown): boolean {
  return typeof id === 'string' && parseCommandId(id) !== undefined;
}

function countFault(name: string, value: unknown): string | undefined {
  return Number.isSafeInteger(value) && (value as number) >= 0 ? undefined : `${name} must be a whole number of 0 or more`;
}

/** A value that is stored apart is checked after it was read. */
export function begunFault(data: Json | undefined): string | undefined {
  if (data === undefined) return undefined;
  if (typeof data !== 'object' || data === null || Array.isArray(data)) return 'data must be a start';
  const { id, event, source, time, hops, trace, tags, data: value } = data as { readonly [name: string]: Json };
  const missing = texts({ id, event, source, time }) ?? idFault('id', id as string) ?? countFault('hops', hops) ?? traceFault(trace);
  if (missing !== undefined) return missing;
  if (!INSTANT.test(time as string)) return `time is ${time as string}, expected an instant`;
  if (value === undefined) return 'the data of the start is missing';
  return tags === undefined || isTags(tags) ? undefined : 'tags must be an object of strings';
}

const OPERATION_NAMES: readonly unknown[] = ['cancel', 'terminate', 'pause', 'resume', 'resolve', 'move', 'fork', 'erase'];

const CLOCKS: readonly unknown[] = [undefined, 'stop', 'run'];

function operateFault(message: OperationMessage): string | undefined {
  const { opid, pid, act, reason, by, skip, clock, version, step, resolution, fork, abandon } = message;
  if (!OPERATION_NAMES.includes(act)) return `act is ${act}, expected cancel, terminate, pause, resume, resolve, move, fork or erase`;
  if (!MARKED.includes(abandon)) return 'abandon must be true';
  if (typeof reason !== 'string' || (skip !== undefined && typeof skip !== 'string')) return 'reason and skip must be strings';
  if (!CLOCKS.includes(clock)) return `clock is ${String(clock)}, expected stop or run`;
  if ((version !== undefined || act === 'move') && !(Number.isSafeInteger(version) && (version as number) >= 1))
    return 'version must be a whole number of 1 or more';
  if (act === 'resolve' && (typeof step !== 'string' || !isResolution(resolution)))
    return 'step must be a string, and resolution { output } or { failure: { type, message, data } }';
  if (act === 'fork' && !isForkRequest(fork)) return 'fork must be { to, at, events } of their forms';
  return texts({ opid, by }) ?? idFault('opid', opid) ?? pidFault(pid);
}

const CHOICES: readonly unknown[] = ['adopt', 'undo', 'leave'];

function isForkRequest(fork: Partial<ForkRequest> | null | undefined): boolean {
  if (typeof fork !== 'object' || fork === null) return false;
  const { to, at, events, completed, supersede, version, event } = fork;
  const isCut = (typeof at === 'string' && at !== '') || (Number.isSafeInteger(at) && (at as number) >= 0);
  const areEvents = events === 'all' || events === 'none' || (Array.isArray(events) && events.every((id) => typeof id === 'string'));
  const areChosen =
    completed === undefined ||
    CHOICES.includes(completed) ||
    (typeof completed === 'object' && completed !== null && Object.values(completed).every((choice) => CHOICES.includes(choice)));
  const isEvent = event === undefined || (typeof event === 'object' && typeof event?.type === 'string' && event.data !== undefined);
  const isVersion = version === undefined || (Number.isSafeInteger(version) && version >= 1);
  return typeof to === 'string' && isCut && areEvents && areChosen && isEvent && isVersion && MARKED.includes(supersede);
}

function isResolution(resolution: unknown): boolean {
  if (typeof resolution !== 'object' || resolution === null) return false;
  const { output, failure } = resolution as { readonly output?: unknown; readonly failure?: unknown };
  if (output !== undefined) return failure === undefined;
  if (typeof failure !== 'object' || failure === null) return false;
  const { type, message, data } = failure as { readonly type?: unknown; readonly message?: unknown; readonly data?: unknown };
  return typeof type === 'string' && typeof message === 'string' && data !== undefined;
}

const SCHEDULE_ACTS: readonly unknown[] = ['define', 'pause', 'resume', 'trigger', 'backfill', 'delete'];
const OVERLAPS: readonly unknown[] = [undefined, 'skip', 'queue-one', 'queue-all', 'cancel', 'allow'];

function scheduleFault(message: ScheduleMessage): string | undefined {
  const { opid, tenant, name, act, reason, by, time, spec, from, to, overlap } = message;
  if (!SCHEDULE_ACTS.includes(act)) return `act is ${act}, expected ${SCHEDULE_ACTS.join(', ')}`;
  if (typeof reason !== 'string') return 'reason must be a string';
  if (act === 'define' && !isSpec(spec)) return 'spec must be the times of a schedule';
  if (act === 'backfill' && !(isInstant(from as number) && isInstant(to as number) && (from as number) <= (to as number)))
    return 'from and to must be instants, in order';
  if (!OVERLAPS.includes(overlap)) return `overlap is ${String(overlap)}`;
  if (typeof time === 'string' && !INSTANT.test(time)) return `time is ${time}, expected an instant`;
  return texts({ opid, tenant, name, by, time }) ?? idFault('opid', opid) ?? pidFault(`${tenant}#${SCHEDULES}#${name}`);
}

/** Its form. The calendar, which is loaded with the schedule, refuses an expression that it cannot follow: the schedule is stuck then. */
function isSpec(spec: Partial<ScheduleSpec> | null | undefined): boolean {
  if (typeof spec !== 'object' || spec === null) return false;
  const { process, withinMs, jitterMs, cron, zone, overlap, catchUp, gap, fold } = spec;
  return (
    typeof process === 'string' &&
    [withinMs, jitterMs].every((ms) => Number.isSafeInteger(ms) && (ms as number) >= 0) &&
    CRON.test(String(cron)) &&
    ZONE.test(String(zone)) &&
    SPEC_WORDS.test(`${overlap} ${catchUp} ${gap} ${fold}`)
  );
}

const CRON = /^[\w*,/-]+( [\w*,/-]+){4}$/;
const ZONE = /^[A-Z][\w+/-]{1,49}$/i;
const SPEC_WORDS = /^(skip|queue-one|queue-all|cancel|allow) (none|latest|all) (after|skip) (first|last|both)$/;

function bulkFault({ opid, tenant, id, job, reason, by, time }: BulkMessage): string | undefined {
  const fault = texts({ opid, tenant, id, reason, by, time }) ?? idFault('opid', opid) ?? pidFault(`${tenant}#${BULK}#${id}`);
  if (fault !== undefined) return fault;
  return INSTANT.test(time) ? jobFault(tenant, job) : `time is ${time}, expected an instant`;
}

function jobFault(tenant: string, job: BulkJob | null): string | undefined {
  if (typeof job !== 'object' || job === null) return 'job must be an object';
  const { act, where, targets, rate, clock, version } = job;
  if (!BULK_ACTS.includes(act)) return `act is ${act}, expected ${BULK_ACTS.join(', ')}`;
  if (typeof where !== 'string') return 'the filter must be a string';
  if (!(Number.isSafeInteger(rate) && rate >= 1 && rate <= BULK_RATE_MAX)) return `rate must be a whole number from 1 to ${BULK_RATE_MAX}`;
  if (clock !== undefined && clock !== 'stop' && clock !== 'run') return 'clock must be stop or run';
  if (version !== undefined && !(Number.isSafeInteger(version) && version >= 1)) return 'version must be a whole number from 1';
  const isList =
    Array.isArray(targets) &&
    targets.every((each: unknown) => Array.isArray(each) && typeof each[0] === 'string' && Array.isArray(each[1]));
  if (!isList) return 'targets must list the ids of each process';
  if (!targets.every(([, ids, runs]) => runs === undefined || isListOfRuns(runs, ids.length)))
    return 'the runs in targets must be one name for each id';
  const pids = targets.flatMap(([process, ids]) => ids.map((each: unknown) => `${tenant}#${process}#${String(each)}`));
  if (pids.length === 0 || pids.length > BULK_INSTANCES_MAX || new Set(pids).size < pids.length)
    return `targets must name 1 to ${BULK_INSTANCES_MAX} instances, each once`;
  for (const pid of pids) {
    const fault = pidFault(pid);
    if (fault !== undefined) return fault;
  }
  return targets.some(([process]) => process.startsWith('tutti--')) ? 'targets must name no instance of the engine' : undefined;
}

function isListOfRuns(runs: unknown, length: number): boolean {
  return Array.isArray(runs) && runs.length === length && runs.every((run) => typeof run === 'string' && RUN.test(run));
}

/** Empty of a start that is stuck. */
const RUN = /^[\w-]{0,64}$/;

const HOLD_REASON_MAX = 500;

function holdFault(message: HoldMessage): string | undefined {
  const { opid, act, reason, by, time, clock, starts = 'keep' } = message;
  if (act !== 'pause' && act !== 'resume') return `act is ${String(act)}, expected pause or resume`;
  if (!CLOCKS.includes(clock)) return `clock is ${String(clock)}, expected stop or run`;
  if (starts !== 'keep' && starts !== 'reject') return `starts is ${String(starts)}, expected keep or reject`;
  const fault = texts({ opid, reason, by }) ?? idFault('opid', opid) ?? timeFault(time) ?? scopeFault(message);
  if (fault !== undefined) return fault;
  return reason.length > HOLD_REASON_MAX ? `reason has ${reason.length} characters, expected at most ${HOLD_REASON_MAX}` : undefined;
}

function releaseAllFault(message: ReleaseAllMessage): string | undefined {
  const { opid, reason, by, time, waited = 0 } = message;
  return texts({ opid, reason, by }) ?? timeFault(time) ?? countFault('waited', waited) ?? scopeFault(message);
}

function scopeFault({ tenant, process, service }: HoldScope): string | undefined {
  if ((process === undefined) === (service === undefined)) return 'expected a process or a service';
  const name = process ?? service;
  return typeof name === 'string' && !name.startsWith(ENGINES)
    ? pidFault(`${tenant}#${name}#all`)
    : 'expected a process or a service of the system';
}

/** The names of built-in processes begin with it. */
const ENGINES = 'tutti--';

/** Maximum of events in one redrive: a message is handled as a whole. */
export const REDRIVEN_MAX = 100;

function redriveFault({ opid, by, events }: RedriveMessage): string | undefined {
  if (!Array.isArray(events) || events.length === 0 || events.length > REDRIVEN_MAX || !events.every(isParked))
    return `events must be a list of 1 to ${REDRIVEN_MAX} parked events, each with its pid and its id`;
  return texts({ opid, by }) ?? idFault('opid', opid);
}

function discardFault({ opid, by, reason, events }: DiscardMessage): string | undefined {
  const fault = redriveFault({ tutti: 'redrive', opid, by, events }) ?? texts({ reason });
  return fault ?? (events.every(({ parkedAt }) => isInstant(parkedAt)) ? undefined : 'each event must have its parkedAt');
}

function isParked(event: RedriveMessage['events'][number] | null): boolean {
  return (
    typeof event === 'object' && typeof event?.id === 'string' && event.id !== '' && (event.pid === '' || pidFault(event.pid) === undefined)
  );
}
