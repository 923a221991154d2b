import type { EventEnvelope, Outcome, ReplyEnvelope } from '../../../lib/contract/wire/envelope.ts';
import { buildPid, DEFAULT_TENANT, parseCommandId, parsePid, pidOfCommand } from '../../../lib/contract/wire/process-id.ts';
import { listedId, SCHEDULE_DEFINED, SCHEDULES, specHash } from '../../../lib/contract/schedule-instance.ts';
import { canonical } from '../../../lib/contract/wire/json.ts';
import { keyPid, KEYS, SUBSCRIBE } from '../../../lib/contract/keys.ts';
import { type Json, NEWER, parseVersion } from '../../../lib/contract/schema.ts';
import { actIdentity, identityOf } from '../../../lib/core/identity.ts';
import { FORK } from '../../../lib/core/forking.ts';
import type { ForkInput } from '../../../lib/core/inbound.ts';
import { HOLD_EVENTS, HOLDS_PID } from '../../../lib/contract/holds.ts';
import { BULK, bulkDefinition, OPERATE, type OperateInput } from '../../../lib/contract/bulk.ts';
import { gatePid, START } from '../../../lib/contract/gate.ts';
import type { ProcessContract } from '../../../lib/contract/runtime-contract.ts';
import type { BegunBy } from '../../../lib/core/image.ts';
import { RETURNED, UNSUBSCRIBED } from '../../../lib/core/keys.ts';
import { startType, type Interest } from '../../../lib/contract/catalogue.ts';
import {
  type BeginMessage,
  type BulkMessage,
  type CommandMessage,
  type ForcedMessage,
  type ForwardMessage,
  type HoldMessage,
  type InboxMessage,
  type OperationMessage,
  type ReleaseAllMessage,
  type ReplyMessage,
  type ScheduleMessage,
  type StartMessage,
  type UnsubscribeMessage,
  sha256,
  wrappedBody,
} from '../../../lib/format/inbox-message.ts';
import { forkIdentity, startIdentity, type Contracts } from './contracts.ts';
import { copyName } from './key-names.ts';

/** The meaning of an inbox message for one instance, read from the contracts alone, because admission is under audit. */
export type Target = { readonly pid: string } & (
  | {
      readonly kind: 'event';
      /** The causes that its decision may name: a decider's start may have either. */
      readonly keys: readonly string[];
      readonly id: string;
      readonly event: string;
      readonly source: string;
      /** It may begin an instance. If one is open and the start attaches, it need not be journaled. */
      readonly starts: boolean;
      readonly attaches: boolean;
      /** A schedule that the code lists: another build may list another one, and every hour it is listed again. */
      readonly listed?: boolean;
      /** A message between a key and its subscriber: a subscription or its end, a copy of an event, or one that comes back. */
      readonly ofKey?: 'subscription' | 'end' | 'copy' | 'return';
      /** With `copy` and `return`: the copy (`copyName`). */
      readonly copy?: string;
      /** The command of an original at its fork: the run that it begins, and its input. */
      readonly fork?: { readonly run: string; readonly input: ForkInput };
    }
  | {
      readonly kind: 'reply';
      readonly run: string;
      readonly n: number;
      readonly outcome: Outcome;
      readonly source: string;
      readonly hash: string;
    }
  | { readonly kind: 'tick'; readonly run: string; readonly tickAt: number }
  | {
      readonly kind: 'operate';
      readonly id: string;
      readonly act: OperationMessage['act'];
      readonly by: string;
      readonly version?: number | undefined;
      /** Of a bulk job: the run that it names. */
      readonly run?: string;
    }
);

export interface Reading {
  /** The original message, without its wrapper. */
  readonly inner: string;
  readonly wrapped: boolean;
  /** If there are none, the message must be parked, unless it `looks`. */
  readonly targets: readonly Target[];
  /** It looks for what a hold holds. */
  readonly looks?: ReleaseAllMessage;
  /** Its data is stored apart and not read here, so its instance is unknown. */
  readonly apart: boolean;
}

interface Bus {
  readonly id: string;
  readonly source: string;
  readonly account?: string;
  readonly 'detail-type': string;
  readonly detail: EventEnvelope & Partial<ReplyEnvelope>;
}

const HOPS_MAX = 100;

export const readMessage = (body: string, contracts: Contracts, account?: string): Reading => {
  const { inner, wrapped } = unwrapped(body);
  try {
    const message = JSON.parse(inner) as Bus | InboxMessage;
    const targets = 'tutti' in message ? ofOwn(message, contracts) : ofBus(message, contracts, account);
    const looks = 'tutti' in message && message.tutti === 'release-all' ? { looks: message } : {};
    return { inner, wrapped, targets: targets ?? [], apart: targets === undefined, ...looks };
  } catch {
    return { inner, wrapped, targets: [], apart: false };
  }
};

const unwrapped = (body: string): { readonly inner: string; readonly wrapped: boolean } => {
  if (!body.startsWith('{"tutti":"forced"')) return { inner: body, wrapped: false };
  try {
    const inner = wrappedBody(JSON.parse(body) as ForcedMessage);
    return typeof inner === 'string' ? { inner, wrapped: true } : { inner: body, wrapped: false };
  } catch {
    return { inner: body, wrapped: false };
  }
};

const ofOwn = (message: InboxMessage, contracts: Contracts): readonly Target[] => {
  switch (message.tutti) {
    case 'tick':
      return [{ kind: 'tick', pid: message.pid, run: message.run, tickAt: message.tickAt }];
    case 'operate':
      return [{ kind: 'operate', pid: message.pid, id: message.opid, act: message.act, by: message.by, version: message.version }];
    case 'start':
      return ofStart(message, contracts);
    case 'bulk':
      return ofBulk(message, contracts);
    case 'command':
      return ofCommand(message, contracts);
    case 'reply':
      return ofOwnerReply(message);
    case 'begin':
      return ofBegin(message, contracts);
    case 'forward':
    case 'return':
    case 'unsubscribe':
      return [ofKeys(message)];
    case 'schedule':
      return [ofSchedule(contracts, { pid: schedulePid(message.tenant, message.name), act: message.act, id: message.opid })];
    case 'schedules':
      return contracts.schedules.map(({ name, spec }) => {
        const id = listedId(specHash(sha256, canonical, spec));
        return { ...ofSchedule(contracts, { pid: schedulePid(DEFAULT_TENANT, name), act: 'define', id }), listed: true };
      });
    case 'hold':
      return [ofHold(message, contracts)];
    case 'release':
      return [{ kind: 'operate', pid: message.pid, id: message.opid, act: 'resume', by: message.by }];
    case 'release-all':
    case 'redrive':
    case 'discard':
    case 'rotate-keys':
    case 'forced':
      return [];
  }
};

/** The begin or the end of a hold, which the instance of all holds keeps. */
const ofHold = ({ act, opid: id }: HoldMessage, { system: source }: Contracts): Target => {
  const pid = HOLDS_PID;
  const event = HOLD_EVENTS[act];
  return { kind: 'event', pid, keys: [`s:${identityOf(sha256, { pid, event, id })}`], id, event, source, starts: true, attaches: false };
};

/** The job that a bulk request begins. */
const ofBulk = ({ tenant, id, opid }: BulkMessage, { system }: Contracts): readonly Target[] => {
  const pid = `${tenant}#${BULK}#${id}`;
  const event = startType(bulkDefinition);
  const keys = [`s:${identityOf(sha256, { pid, event, id: opid })}`];
  return [{ kind: 'event', pid, keys, id: opid, event, source: system, starts: true, attaches: false }];
};

/** The start of a child, or its end; the identity of both is made from the command. */
const ofCommand = ({ commandid, owner, cancel, command, data }: CommandMessage, contracts: Contracts): readonly Target[] => {
  if (command === OPERATE) {
    const { act, by, run } = data as unknown as OperateInput;
    return [{ kind: 'operate', pid: owner, id: commandid, act, by, ...(run !== undefined && { run }) }];
  }
  if (command === SUBSCRIBE)
    return [{ ...ofKey, ofKey: 'subscription', pid: owner, keys: [`c:${commandid}`], id: commandid, event: SUBSCRIBE }];
  const definition = contracts.newest(parsePid(owner)?.process ?? '');
  if (!definition) return [];
  if (command === FORK) {
    const run = forkIdentity(owner, commandid);
    const begins = { id: commandid, event: startType(definition), source: contracts.system, starts: true, attaches: true } as const;
    return [{ kind: 'event', pid: owner, keys: [`s:${run}`], ...begins, fork: { run, input: data as unknown as ForkInput } }];
  }
  const keys = [cancel ? `c:${actIdentity(sha256, owner, commandid)}` : `s:${startIdentity(owner, commandid)}`];
  // A gate starts an instance with the event that has come to the gate.
  const start =
    command === START ? (data as unknown as BegunBy) : { id: commandid, event: startType(definition), source: contracts.system };
  const { id, event, source } = start;
  return [{ kind: 'event', pid: owner, keys, id, event, source, starts: true, attaches: false }];
};

/** A start of a process with limits goes to the gate of its key. */
const gateOf = (pid: string, { name, gate }: ProcessContract, data: Json): string => {
  if (!gate) return pid;
  const key = gate.key(data as never);
  return gatePid((of) => identityOf(sha256, of), parsePid(pid)?.tenant ?? DEFAULT_TENANT, { process: name, key });
};

/** A start that has waited in a head keeps its identity. */
const ofBegin = ({ pid, data }: BeginMessage, contracts: Contracts): readonly Target[] => {
  const { id, event, source } = data as unknown as BegunBy;
  const keys = [`s:${identityOf(sha256, { pid, event, id })}`];
  return contracts.newest(parsePid(pid)?.process ?? '')
    ? [{ kind: 'event', pid, keys, id, event, source, starts: true, attaches: false }]
    : [];
};

const schedulePid = (tenant: string, name: string): string => `${tenant}#${SCHEDULES}#${name}`;

/** An act on a schedule, as an event of its instance. */
const ofSchedule = (
  { system: source }: Contracts,
  { pid, act, id }: { readonly pid: string; readonly act: ScheduleMessage['act']; readonly id: string },
): Extract<Target, { kind: 'event' }> => {
  const event = act === 'define' ? SCHEDULE_DEFINED : `tutti.schedule-${act}`;
  const identity = identityOf(sha256, { pid, event, id });
  const starts = act === 'define';
  return { kind: 'event', pid, keys: [`${starts ? 's' : 'x'}:${identity}`], id, event, source, starts, attaches: false };
};

const ofKey = { kind: 'event', source: KEYS, starts: false, attaches: false } as const;

/** A copy is an event for its subscriber, under its own id; all others are facts of the key. */
const ofKeys = (message: ForwardMessage | UnsubscribeMessage): Target => {
  const { owner: pid, subscription } = message;
  if (message.tutti === 'unsubscribe')
    return { ...ofKey, ofKey: 'end', pid, keys: [`u:${subscription}`], id: subscription, event: UNSUBSCRIBED };
  const copy = copyName(message);
  if (message.tutti === 'return') {
    const identity = identityOf(sha256, { pid, event: '#return', id: copy });
    return { ...ofKey, ofKey: 'return', pid, keys: [`b:${identity}`], id: subscription, event: RETURNED, copy };
  }
  const { id, type: event, source } = message.event;
  const subscriber = pidOfCommand(subscription);
  const keys = [`x:${identityOf(sha256, { pid: subscriber, event, id })}`];
  return { ...ofKey, ofKey: 'copy', pid: subscriber, keys, id, event, source, copy };
};

const ofOwnerReply = ({ commandid, owner, outcome, commandhash }: ReplyMessage): readonly Target[] => {
  const id = parseCommandId(commandid);
  return id ? [{ kind: 'reply', pid: id.pid, run: id.run, n: id.n, outcome, source: owner, hash: `sha256:${commandhash}` }] : [];
};

const ofStart = (start: StartMessage, contracts: Contracts): readonly Target[] => {
  const definition = contracts.newest(start.process);
  const own = buildPid(start.tenant, start.process, start.id);
  if (!definition || own === undefined) return [];
  const pid = gateOf(own, definition, start.data ?? null);
  const event = startType(definition);
  const attaches = (start.onopen ?? definition.onOpen) === 'attach';
  const keys = [`s:${identityOf(sha256, { pid, event, id: start.startid })}`];
  return [{ kind: 'event', pid, keys, id: start.startid, event, source: contracts.system, starts: true, attaches }];
};

const ofBus = (bus: Bus, contracts: Contracts, account: string | undefined): readonly Target[] | undefined => {
  if (account !== undefined && bus.account !== account) return [];
  const { detail } = bus;
  if (detail.commandid === undefined || detail.outcome === undefined) return ofEvent(envelopeOf(bus, contracts), contracts);
  const reply = ofReply(detail as unknown as ReplyEnvelope, contracts);
  if (detail.outcome !== 'completed' || contracts.interests(detail.type).length === 0) return reply;
  // The reply is also an event. If its data cannot be read as an event, only that side is parked.
  return [...reply, ...(ofEvent({ ...detail, hops: detail.hops + 1 }, contracts) ?? [])];
};

/** The detail of a foreign producer's event is its data. Its id is that of the bus, unless the contract derives one. */
const envelopeOf = ({ detail, id, source, 'detail-type': type }: Bus, contracts: Contracts): EventEnvelope => {
  if ('specversion' in detail) return detail;
  const data = detail as unknown as Json;
  const event = contracts.interests(type)[0]?.correlation.event;
  const stamped = event?.dedupeBy?.(parseVersion(event.data, undefined, data, type) as never) ?? id;
  return { id: stamped, source, type, hops: 0, data } as EventEnvelope;
};

const pidBy = ({ by, of, event }: Interest['correlation'], tenant: string, process: string, data: never): string | undefined =>
  by === 'key'
    ? keyPid((named) => identityOf(sha256, named), tenant, { process, event: event.type, key: of(data) })
    : buildPid(tenant, process, of(data));

const ofReply = (reply: ReplyEnvelope, contracts: Contracts): Target[] => {
  const id = parseCommandId(reply.commandid);
  if (!id || reply.replyto !== contracts.system) return [];
  const { outcome, source, commandhash: hash } = reply;
  return [{ kind: 'reply', pid: id.pid, run: id.run, n: id.n, outcome, source, hash }];
};

const ofEvent = (envelope: EventEnvelope, contracts: Contracts): readonly Target[] | undefined => {
  const { type, source, hops, processid } = envelope;
  const all = contracts.interests(type);
  const event = all[0]?.correlation.event;
  if (!event || source !== event.owner || hops > HOPS_MAX) return [];
  if (envelope.data === undefined && envelope.dataref !== undefined) return undefined;
  if (processid !== undefined && parsePid(processid)?.tenant !== (envelope.tenant ?? DEFAULT_TENANT)) return [];
  const data = parseVersion(event.data, envelope.dataversion, envelope.data, type);
  if (data === NEWER) return [];
  const targets: Target[] = [];
  for (const { definition, correlation, starts } of all) {
    if (processid !== undefined && parsePid(processid)?.process !== definition.name) continue;
    const own = processid ?? pidBy(correlation, envelope.tenant ?? DEFAULT_TENANT, definition.name, data as never);
    if (own === undefined) return [];
    const begins = starts && (processid === undefined || definition.kind === 'decider');
    const pid = begins ? gateOf(own, definition, data) : own;
    const identity = identityOf(sha256, { pid, event: type, id: envelope.id });
    const keys = [`s:${identity}`, `x:${identity}`];
    const attaches = begins && definition.kind === 'async' && definition.onOpen === 'attach';
    targets.push({ kind: 'event', pid, keys, id: envelope.id, event: type, source, starts: begins, attaches });
  }
  return targets;
};
