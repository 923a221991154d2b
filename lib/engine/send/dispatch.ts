import type { CommandEnvelope, EventEnvelope } from '../../contract/wire/envelope.ts';
import { CARRIED_CHARACTERS_MAX, type RunPolicy, policyFields, toWire, wireLength } from '../../contract/wire/wire.ts';
import type { CommandContract, EventContract, SystemContract } from '../../contract/runtime-contract.ts';
import { type Json, versionOfData } from '../../contract/schema.ts';
import { instantText } from '../../contract/wire/wire.ts';
import { DEFAULT_TENANT, parsePid, type InstanceKey } from '../../contract/wire/process-id.ts';
import { commandIdOf, type Answered, type PendingSend, type Image, type OpenCommand, type OwnerOutcome } from '../../core/image.ts';
import type { EngineContext, EngineOptions } from '../engine-context.ts';
import { INBOX, inboxBody } from '../../format/inbox-message.ts';
import type { ReplyTokens } from '../../format/reply-tokens.ts';
import type { Tracer } from '../../format/tracer.ts';
import { beginDispatch, ownerCommand, ownerReply } from './engine-commands.ts';
import { keyDispatches } from './key-messages.ts';

/** A message or an event to send for a committed decision. */
export type Dispatch =
  | {
      readonly to: 'queue';
      readonly queue: string;
      readonly body: string;
      readonly groupId: string;
      readonly delaySeconds?: number;
      readonly n: number;
    }
  | { readonly to: 'bus'; readonly source: string; readonly type: string; readonly detail: string };

export interface DispatchContext {
  readonly system: SystemContract;
  readonly hash: (text: string) => string;
  readonly canonical: (data: Json) => string;
  /** The name by which a message refers to a value in the payload store. */
  readonly reference: (pid: string, hash: string) => string;
  readonly now: number;
  readonly queueOf: EngineOptions['queueOf'];
  /** Makes the token that a reply copies to prove that its sender has read the command. @default commands carry none */
  readonly sign: ((commandId: string, datahash: string) => string) | undefined;
  readonly tracer: Tracer | undefined;
}

export function dispatchContext(context: EngineContext): DispatchContext {
  return {
    system: context.catalogue.system,
    hash: context.environment.hash,
    canonical: context.environment.canonical,
    reference: (pid, hash) => context.options.payloads.reference(pid, hash),
    now: context.options.clock.now(),
    queueOf: context.options.queueOf,
    tracer: context.options.tracer,
    sign: context.replyTokens && ((commandId, datahash) => (context.replyTokens as ReplyTokens).sign(commandId, datahash)),
  };
}

/** The reply to an engine command that its owner has answered before, and for which the head holds no pending send any more. */
export function replyDispatch(
  image: Image,
  { commandId, hash }: Answered,
  { outcome, data, dataref }: { readonly outcome: OwnerOutcome; readonly data: Json; readonly dataref?: string },
  context: DispatchContext,
): Dispatch {
  const value = carried(image.pid, { input: data, inputRef: dataref }, context);
  return ownerReply(image, { data, answers: { commandId, hash, outcome } }, value, context);
}

/** Everything in the image that a message caused, in the order in which it was decided. */
export function dispatchesCausedBy(
  image: Image,
  context: DispatchContext,
  caused: (by: { readonly cause: string; readonly messageId: string }) => boolean,
): Dispatch[] {
  const all: Dispatch[] = [];
  for (const command of image.commands.values()) if (caused(command)) all.push(commandDispatch(image, command, context));
  for (const pending of image.pendingSends)
    if (caused(pending))
      if (pending.forwarded || pending.left) all.push(...keyDispatches(image, pending, context));
      else all.push(pendingDispatch(image, pending, context));
  return all;
}

/** The group of a fair queue: the tenant, or the process of an instance of the default tenant. */
function groupOf(id: InstanceKey | undefined): string {
  return id?.tenant === DEFAULT_TENANT ? id.process : (id?.tenant ?? '');
}

function commandDispatch(image: Image, command: OpenCommand, context: DispatchContext): Dispatch {
  const trace = context.tracer?.sending(image, command) ?? command.trace;
  if (command.owner !== undefined) return ownerCommand(image, { ...command, trace }, carried(image.pid, command, context), context);
  const { system, now } = context;
  const contract = system.commands.get(command.command) as CommandContract;
  const id = parsePid(image.pid);
  const full = command.wireHash ?? context.hash(context.canonical(command.input));
  // A deadline in the past makes the service resolve the command; it is before now, also within the same millisecond.
  const deadline = command.settling ? Math.min(now, image.clock) - 1 : command.deadline;
  const version = command.version ?? versionOfData(contract.input, command.input);
  const commandId = commandIdOf(image, command);
  const datahash = `sha256:${full}`;
  const policy = policyFields(runPolicy(command, contract));
  const value: { readonly data?: Json; readonly dataref?: string } = carried(image.pid, command, context);
  // One literal, because each command is written here: JSON leaves out undefined members.
  const envelope = {
    specversion: '1.0',
    id: commandId,
    source: system.name,
    type: command.command,
    time: instantText(image.clock),
    datacontenttype: 'application/json',
    dataversion: version > 1 ? version : undefined,
    datahash,
    subject: id?.id,
    tenant: id === undefined || id.tenant === DEFAULT_TENANT ? undefined : id.tenant,
    attempt: command.attempt,
    retryattempts: policy.retryattempts,
    retryfirst: policy.retryfirst,
    retrymost: policy.retrymost,
    retryfactor: policy.retryfactor,
    timeout: policy.timeout,
    deadline: deadline === undefined ? undefined : instantText(deadline),
    undoes: command.undoes,
    undoesoutcome: command.undoes === undefined ? undefined : 'completed',
    replyto: system.name,
    replytoken: context.sign?.(commandId, datahash),
    hops: command.hops,
    traceparent: trace,
    data: value.data,
    dataref: value.dataref,
  } as CommandEnvelope;
  const queue = context.queueOf?.(contract.service, id?.process ?? '') ?? contract.service;
  return { to: 'queue', queue, body: toWire(envelope), groupId: groupOf(id), n: command.n };
}

/** Attempts that earlier numbers of the command have used count here; one attempt is always allowed. */
function runPolicy({ attemptsMax, retries, pauses, timeoutMs }: OpenCommand, { retry }: CommandContract): RunPolicy {
  return {
    attempts: attemptsMax === undefined ? Infinity : Math.max(1, Math.floor(attemptsMax - retries)),
    firstMs: pauses?.firstMs ?? retry.firstMs,
    factor: pauses?.factor ?? retry.factor,
    mostMs: pauses?.mostMs ?? retry.mostMs,
    timeoutMs: Math.max(1, timeoutMs),
  };
}

function carried(
  pid: string,
  { input, inputRef }: Pick<OpenCommand, 'input' | 'inputRef'>,
  { reference }: Pick<DispatchContext, 'reference'>,
): { readonly data: Json } | { readonly dataref: string } {
  return inputRef !== undefined && wireLength(input) > CARRIED_CHARACTERS_MAX ? { dataref: reference(pid, inputRef) } : { data: input };
}

function pendingDispatch(image: Image, pending: PendingSend, context: DispatchContext): Dispatch {
  const { system, now } = context;
  const { answers, data: answer = null } = pending;
  if (answers)
    return ownerReply(image, { ...pending, answers }, carried(image.pid, { input: answer, inputRef: pending.dataref }, context), context);
  if (pending.begins !== undefined)
    return beginDispatch(image.pid, pending, carried(image.pid, { input: answer, inputRef: pending.dataref }, context), context);
  if (pending.kind === 'tick') {
    const body = inboxBody({ tutti: 'tick', pid: image.pid, run: image.run, tickAt: pending.at });
    return { to: 'queue', queue: INBOX, body, groupId: image.pid, delaySeconds: tickDelaySeconds(pending.at, now), n: 0 };
  }
  const type = pending.event ?? '';
  const data = pending.data ?? null;
  const id = parsePid(image.pid);
  const event: EventContract | undefined = system.events.get(type);
  const version = event ? (pending.version ?? versionOfData(event.data, data)) : 1;
  const trace = context.tracer?.sending(image, pending) ?? pending.trace;
  const large = pending.dataref !== undefined && wireLength(data) > CARRIED_CHARACTERS_MAX ? pending.dataref : undefined;
  const envelope: EventEnvelope = {
    specversion: '1.0',
    id: `${image.pid}/${pending.run ?? image.run}/${pending.n}`,
    source: system.name,
    type,
    time: instantText(pending.at),
    datacontenttype: 'application/json',
    ...(version > 1 && { dataversion: version }),
    ...(id && { subject: id.id, ...(id.tenant !== 'default' && { tenant: id.tenant }) }),
    hops: pending.hops ?? 0,
    ...(trace !== undefined && { traceparent: trace }),
    ...(large === undefined
      ? { data }
      : { dataref: context.reference(image.pid, large), datahash: `sha256:${context.hash(context.canonical(data))}` }),
  };
  return { to: 'bus', source: system.name, type, detail: toWire(envelope) };
}

/** SQS delays a message by at most 900 s; a tick that arrives early is released for the rest. */
function tickDelaySeconds(at: number, now: number): number {
  return Math.min(900, Math.max(0, Math.ceil((at - now) / 1000)));
}
