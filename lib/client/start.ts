import { ClientError, ContractError } from '../contract/errors.ts';
import { gatePid, isWindowed } from '../contract/gate.ts';
import { isRefusedByHold } from '../contract/holds.ts';
import { processContract, type AnyProcess } from '../contract/process-contract.ts';
import { buildPid, INSTANCE_ID_FORM, tenantOf } from '../contract/wire/process-id.ts';
import type { ProcessContract } from '../contract/runtime-contract.ts';
import { type Json, parse } from '../contract/schema.ts';
import { isClosed } from '../core/image.ts';
import { identityOf } from '../core/identity.ts';
import { startType } from '../contract/catalogue.ts';
import { decodeHead, wasBegunBy } from '../format/head-codec.ts';
import { parseEntry } from '../format/read-journal.ts';
import { type StartMessage, sha256 } from '../format/inbox-message.ts';
import type { Head } from '../ports/process-store.ts';
import { carriedData, type CarriedData } from './carried-data.ts';
import { principalOf, type Reach } from './connection.ts';
import { requireData } from './erased.ts';
import { ENGINE_TIMEOUT_MS, lengthSentAgain, notTaken, sendRequest } from './request.ts';
import { nameOf } from './instance.ts';
import { newMessageId } from './message-id.ts';
import { waitForHead } from './wait.ts';

/**
 * Policy for a start whose instance is open: refuse the start, join the instance, deliver the input to it as a signal, begin after its end and
 * after those that wait (at most 100), or cancel it and begin in place of those that wait.
 */
export type OnOpen = 'reject' | 'attach' | 'signal' | 'queue' | 'replace';

export interface StartOptions {
  /** @default the id that the starting event names, else a new ULID */
  readonly id?: string;
  /** @default the policy of the definition */
  readonly onOpen?: OnOpen;
  readonly tags?: Readonly<Record<string, string>>;
}

export interface Started {
  readonly id: string;
  readonly run: string;
  /** False if the instance was open already. */
  readonly started: boolean;
  /** The start waits: its place among those that wait, from 1. `run` is then the run that it will begin, or empty if `start` limits it. */
  readonly position?: number;
  /** The process is paused, or a service that it needs at once: the start begins its run when the pause ends. Why, in one sentence. */
  readonly held?: string;
}

/** Starts an instance; resolves when it is durable. */
export async function startProcess(reach: Reach, process: AnyProcess, input: unknown, options: StartOptions = {}): Promise<Started> {
  const { ports } = reach;
  const definition = reach.system.processes.get(process.name)?.[0] ?? processContract(process);
  const data = startData(definition, input);
  const now = ports.clock.now();
  const startid = ports.newId?.(now) ?? newMessageId(now);
  const id = options.id ?? definition.startOn[0]?.of(data as never) ?? startid;
  const pid = startPid(reach, definition, id);
  const identity = identityOf(sha256, { pid, event: startType(definition), id: startid });
  const start: Starting = { tenant: tenantOf(reach), id, pid, startid, identity, definition, onOpen: options.onOpen ?? definition.onOpen };
  const [before] = await ports.store.load([start.pid], { consistent: true });
  const known = definition.gate && isWindowed(definition) ? undefined : existingStart(start, before);
  if (known !== undefined) return known;
  const by = await principalOf(ports);
  const messageWith = (carried: CarriedData): StartMessage => messageOf(start, carried, options, { now, by });
  const carried = await carriedData(ports, {
    what: `${definition.name} was started with`,
    folder: definition.name,
    data,
    lengthOf: (each) => lengthSentAgain(messageWith(each), now),
  });
  await sendRequest(ports, messageWith(carried), definition.name);
  if (definition.gate) return atGate(reach, start, definition.gate.key(data as never));
  try {
    return await begun(reach, start);
  } catch (error) {
    if (!(error instanceof StartHeld)) throw error;
    await reach.ports.durable();
    return { id: start.id, run: start.identity, started: false, held: error.message };
  }
}

/** Waits until a start is durable. */
async function begun(reach: Reach, start: Starting): Promise<Started> {
  const { ports } = reach;
  const started = await waitForHead(ports, start.pid, {
    look: (head) => startedBy(start, head),
    refused: () => throwRefused(reach, start),
    timeoutMs: ENGINE_TIMEOUT_MS,
    timedOut: () => notTaken(`The start of ${nameOf(start.pid)}`),
  });
  await ports.durable();
  return started;
}

/** The start is parked until the end of a pause. It ends the wait for the head, which shows nothing of it. */
class StartHeld extends Error {}

/** The standing of a start with limits, once its gate has it. A client that cannot compute the key does not wait for that. */
async function atGate(reach: Reach, start: Starting, key: unknown): Promise<Started> {
  const { ports } = reach;
  const { id, startid, definition, tenant } = start;
  const waits = { id, run: '', started: false };
  if (typeof key !== 'string') return waits;
  const pid = gatePid((of) => identityOf(sha256, of), tenant, { process: definition.name, key });
  const identity = identityOf(sha256, { pid, event: startType(definition), id: startid });
  const found = await waitForHead(ports, pid, {
    look: (head): Started | undefined => {
      if (!exists(head)) return undefined;
      const { signals, waiting = [], gate, run } = decodeHead(head);
      const place = waiting.findIndex((each) => each.id === startid);
      if (place >= 0) return { ...waits, position: place + 1 };
      const begun = gate?.running.find((each) => each.start === startid);
      if (!begun && !signals.some((each) => each.id === identity)) return undefined;
      const command = begun && { pid: start.pid, event: '#command', id: `${pid}/${run}/${begun.n}` };
      return { id, run: command ? identityOf(sha256, command) : '', started: true };
    },
    refused: () => throwRefused(reach, start),
    timeoutMs: ENGINE_TIMEOUT_MS,
    timedOut: () => notTaken(`The start of ${nameOf(start.pid)}`),
  });
  await ports.durable();
  return found;
}

interface Starting {
  readonly tenant: string;
  readonly id: string;
  readonly pid: string;
  readonly startid: string;
  /** Identity of the start, and id of the run that it begins. */
  readonly identity: string;
  readonly definition: ProcessContract;
  readonly onOpen: OnOpen;
}

/**
 * The orchestrator parks a start with invalid input, which a client without the system's code cannot validate, and one that a pause refuses or
 * keeps.
 */
async function throwRefused({ ports }: Reach, { pid, startid }: Starting): Promise<void> {
  const parked = await ports.parking.parked(pid);
  const own = parked.find(({ reason, body }) => (reason === 'REFUSED' || reason === 'HELD') && body.includes(JSON.stringify(startid)));
  if (own?.reason === 'HELD') throw new StartHeld(own.detail);
  if (own !== undefined && isRefusedByHold(own.detail)) throw new ClientError('PAUSED', own.detail);
  if (own !== undefined) throw new ContractError('DATA_INVALID', own.detail);
}

function startData(definition: ProcessContract, input: unknown): Json {
  if (definition.kind === 'decider') {
    throw new ContractError(
      'DATA_INVALID',
      `${definition.name} was started by a client: expected an event, because only events start a decider.`,
      {
        remedy: `Publish one of ${definition.startOn.map(({ event }) => event.type).join(', ')}.`,
      },
    );
  }
  const schema = definition.startOn[0]?.event.data ?? definition.input;
  return schema === undefined ? null : parse(schema, input, `${definition.name} was started with`);
}

function startPid(reach: Pick<Reach, 'tenant'>, definition: ProcessContract, id: string): string {
  const pid = buildPid(tenantOf(reach), definition.name, id);
  if (pid !== undefined) return pid;
  throw new ContractError(
    'DATA_INVALID',
    `${definition.name} was started with the id ${JSON.stringify(id)}: expected ${INSTANCE_ID_FORM}.`,
  );
}

function messageOf(
  start: Starting,
  carried: CarriedData,
  { tags, onOpen }: StartOptions,
  sent: { readonly now: number; readonly by: string },
): StartMessage {
  return {
    tutti: 'start',
    startid: start.startid,
    tenant: start.tenant,
    process: start.definition.name,
    id: start.id,
    ...carried,
    time: new Date(sent.now).toISOString(),
    by: sent.by,
    ...(onOpen === undefined ? {} : { onopen: onOpen }),
    ...(tags === undefined ? {} : { tags }),
  };
}

/**
 * Decides before the start is sent. Returns the run if the start needs no message: the instance is open and the policy is `attach`.
 * Throws if the policies for open and closed instances refuse the start.
 */
function existingStart(start: Starting, head: Head | undefined): Started | undefined {
  if (!exists(head)) return undefined;
  if (wasBegunBy(head, start.identity)) return ownRun(start);
  if (isClosed(head.status)) {
    refuseReuse(start, head);
    return undefined;
  }
  if (start.onOpen === 'reject') throw alreadyOpen(start, head);
  return start.onOpen === 'attach' ? otherRun(start, head) : undefined;
}

/** Reads the effect of the sent start from the head. Returns undefined while the head does not show it. Throws if another start won. */
function startedBy(start: Starting, head: Head | undefined): Started | undefined {
  if (!exists(head)) return undefined;
  // A start that fails before its run exists leaves a stuck instance without a run. The instance is durable and needs an operator.
  if (wasBegunBy(head, start.identity) || head.run === '') return ownRun(start);
  // The start may already have been delivered as a signal and have ended the instance.
  if (start.onOpen === 'signal' && wasDelivered(start, head)) return otherRun(start, head);
  // Between two runs: the engine takes the start with the next one.
  if (isClosed(head.status)) {
    refuseReuse(start, head);
    return undefined;
  }
  switch (start.onOpen) {
    case 'attach':
      return otherRun(start, head);
    case 'signal':
      // A stuck instance does not read the signal: the engine parks it until the instance is resumed.
      return head.status === 'stuck' ? otherRun(start, head) : undefined;
    case 'queue':
    case 'replace':
      return waitingRun(start, head);
    case 'reject':
      throw alreadyOpen(start, head);
  }
}

/** The run that a start will begin, once it waits. A stuck instance takes no start: the engine parks it until the instance is resumed. */
function waitingRun(start: Starting, head: Head): Started | undefined {
  const { waiting = [], starts } = decodeHead(head);
  const place = waiting.findIndex(({ identity }) => identity === start.identity);
  const waits = { id: start.id, run: start.identity, started: false };
  if (place >= 0) return { ...waits, position: place + 1 };
  if (head.status === 'stuck') return waits;
  if (!starts.includes(start.identity)) return undefined;
  const rejected = head.tail.map(parseEntry).find((entry) => entry.type === 'StartRejected' && entry.id === start.startid);
  if (rejected) throw alreadyOpen(start, head);
  return ownRun(start);
}

/** The head of early events is not an instance. */
function exists(head: Head | undefined): head is Head {
  return head !== undefined && head.status !== 'early';
}

function ownRun({ id, identity }: Starting): Started {
  return { id, run: identity, started: true };
}

function otherRun({ id }: Starting, { run }: Head): Started {
  return { id, run, started: false };
}

/** @throws ClientError `ALREADY_USED` unless the definition allows a new run after the end of this one, `ERASED` if its data was erased */
function refuseReuse({ definition, pid }: Starting, head: Head): void {
  requireData(head);
  const { status, run } = head;
  const { onClosed } = definition;
  if (onClosed === 'restart' || (onClosed === 'restart-failed' && status !== 'completed')) return;
  throw new ClientError(
    'ALREADY_USED',
    `${nameOf(pid)} was started, but its id is already used by a ${status} instance: expected a new id.`,
    {
      details: { run, status },
    },
  );
}

function alreadyOpen({ pid }: Starting, { status, run }: Head): ClientError {
  return new ClientError('ALREADY_OPEN', `${nameOf(pid)} was started, but it is ${status}: expected an id that is not open.`, {
    details: { run, status },
  });
}

function wasDelivered(start: Starting, head: Head): boolean {
  const { signals, starts } = decodeHead(head);
  return signals.some(({ id }) => id === start.identity) || starts.includes(start.identity);
}
