import { ClientError, ContractError } from '../contract/errors.ts';
import { processContract, type AnyProcess } from '../contract/process-contract.ts';
import { buildPid, INSTANCE_ID_FORM } from '../contract/wire/process-id.ts';
import type { ProcessContract } from '../contract/runtime-contract.ts';
import { parse, type Json } from '../contract/schema.ts';
import { isClosed } from '../core/image.ts';
import { identityOf } from '../core/identity.ts';
import { startType } from '../contract/catalogue.ts';
import { decodeHead } from '../format/head-codec.ts';
import type { StartMessage } from '../format/inbox-message.ts';
import { sha256 } from '../format/sha256.ts';
import type { Head } from '../ports/process-store.ts';
import { carriedData, type CarriedData } from './carried-data.ts';
import { principalOf, type Reach } from './connection.ts';
import { ENGINE_TIMEOUT_MS, lengthSentAgain, notTaken, sendRequest } from './request.ts';
import { nameOf } from './instance.ts';
import { newMessageId } from './message-id.ts';
import { tenantOf } from './tenant.ts';
import { waitForHead } from './wait.ts';

/** What a start of an id that is open does: it is refused, joins the instance, or hands its input over to it. */
export type OnOpen = 'reject' | 'attach' | 'signal';

export interface StartOptions {
  /** @default what the starting event names, else a new ULID */
  readonly id?: string;
  /** @default the definition's */
  readonly onOpen?: OnOpen;
  readonly tags?: Readonly<Record<string, string>>;
}

export interface Started {
  readonly id: string;
  readonly run: string;
  /** False where the instance was open already. */
  readonly started: boolean;
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
  const known = decided(start, before);
  if (known !== undefined) return known;
  const by = await principalOf(ports);
  const messageWith = (carried: CarriedData): StartMessage => messageOf(start, carried, options, now, by);
  const carried = await carriedData(ports, {
    what: `${definition.name} was started with`,
    folder: definition.name,
    data,
    lengthOf: (each) => lengthSentAgain(messageWith(each), now),
  });
  await sendRequest(ports, messageWith(carried), definition.name);
  const started = await waitForHead(ports, start.pid, {
    look: (head) => decided(start, head, true),
    refused: () => throwRefused(reach, start),
    timeoutMs: ENGINE_TIMEOUT_MS,
    timedOut: () => notTaken(`The start of ${nameOf(start.pid)}`),
  });
  await ports.durable();
  return started;
}

interface Starting {
  readonly tenant: string;
  readonly id: string;
  readonly pid: string;
  readonly startid: string;
  /** Of the start: the run that it begins. */
  readonly identity: string;
  readonly definition: ProcessContract;
  readonly onOpen: OnOpen;
}

/** The orchestrator parks a start whose input its contract does not allow: here nobody may have known the schema. */
async function throwRefused({ ports }: Reach, { pid, startid }: Starting): Promise<void> {
  const parked = await ports.parking.parked(pid);
  const own = parked.find(({ reason, body }) => reason === 'REFUSED' && body.includes(JSON.stringify(startid)));
  if (own !== undefined) throw new ContractError('DATA_INVALID', own.detail);
}

function startData(definition: ProcessContract, input: unknown): Json {
  if (definition.kind === 'decider') {
    throw new ContractError('DATA_INVALID', `${definition.name} was started by a client: a decider is started only by its events.`, {
      remedy: `Publish one of ${definition.startOn.map(({ event }) => event.type).join(', ')}.`,
    });
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

function messageOf(start: Starting, carried: CarriedData, { tags, onOpen }: StartOptions, now: number, by: string): StartMessage {
  return {
    tutti: 'start',
    startid: start.startid,
    tenant: start.tenant,
    process: start.definition.name,
    id: start.id,
    ...carried,
    time: new Date(now).toISOString(),
    by,
    ...(onOpen === undefined ? {} : { onopen: onOpen }),
    ...(tags === undefined ? {} : { tags }),
  };
}

/** What a head says of this start; undefined while it does not. `sent`: the start is on its way, so a run may still come. */
function decided(start: Starting, head: Head | undefined, sent = false): Started | undefined {
  if (head === undefined || head.status === 'early') return undefined;
  // A start that no code could take leaves a stuck instance without a run: it is there, and a person is needed.
  const { identity } = start;
  if (head.run === identity || (sent && head.run === '')) return { id: start.id, run: identity, started: true };
  // What was handed over may be what the instance has ended with.
  if (sent && start.onOpen === 'signal' && wasHanded(start, head)) return { id: start.id, run: head.run, started: false };
  return isClosed(head.status) ? ofClosed(start, head) : ofOpen(start, head, sent);
}

function ofClosed(start: Starting, head: Head): undefined {
  const { onClosed } = start.definition;
  if (onClosed === 'restart' || (onClosed === 'restart-failed' && head.status !== 'completed')) return undefined;
  throw new ClientError(
    'ALREADY_USED',
    `${nameOf(start.pid)} was started, but it has ${head.status} before: expected an id that was never used.`,
    {
      details: { run: head.run, status: head.status },
    },
  );
}

function ofOpen(start: Starting, head: Head, sent: boolean): Started | undefined {
  const attached = { id: start.id, run: head.run, started: false };
  switch (start.onOpen) {
    case 'attach':
      return attached;
    case 'signal':
      // A stuck instance keeps it beside itself until it is resumed.
      return sent && head.status === 'stuck' ? attached : undefined;
    case 'reject':
      throw new ClientError(
        'ALREADY_OPEN',
        `${nameOf(start.pid)} was started, but it is ${head.status}: expected an id that is not open.`,
        {
          details: { run: head.run, status: head.status },
        },
      );
  }
}

function wasHanded(start: Starting, head: Head): boolean {
  const { signals, starts } = decodeHead(head);
  return signals.some(({ id }) => id === start.identity) || starts.includes(start.identity);
}
