import { ClientError, ContractError } from '../contract/errors.ts';
import {
  HOLD_EVENTS,
  HOLDS,
  HOLDS_MAX,
  HOLDS_PID,
  isSameScope,
  scopeText,
  type Hold,
  type HoldScope,
  type HoldsState,
} from '../contract/holds.ts';
import type { AnyProcess } from '../contract/process-contract.ts';
import { serviceContract, type AnyService } from '../contract/service.ts';
import type { Json } from '../contract/schema.ts';
import { tenantOf } from '../contract/wire/process-id.ts';
import { identityOf } from '../core/identity.ts';
import type { PauseClock } from '../core/image.ts';
import { heldIndex } from '../ports/parked-list.ts';
import { decodeHead, requireReadable, resolveReferences } from '../format/head-codec.ts';
import { sha256 } from '../format/inbox-message.ts';
import type { Head } from '../ports/process-store.ts';
import { principalOf, type Reach } from './connection.ts';
import { countInstances } from './count.ts';
import { newMessageId } from './message-id.ts';
import { ENGINE_TIMEOUT_MS, notTaken, sendRequest } from './request.ts';
import { waitForHead } from './wait.ts';

/** A process or a service of the system, not both. */
export type PausedScope =
  | { readonly process: AnyProcess; readonly service?: undefined }
  | { readonly service: AnyService; readonly process?: undefined };

/** The instances that a pause would hold now. */
export interface HoldPreview {
  /** Of a process: its open instances. Of a service: the running instances that wait for one of its replies now. */
  readonly instances: number;
  /** There are more: the number is a lower bound. */
  readonly more?: true;
}

/** The pause of a process or a service. */
export interface HoldDescription {
  /** One of both. */
  readonly process?: string;
  readonly service?: string;
  readonly since: Date;
  readonly by: string;
  readonly reason: string;
  readonly clock: PauseClock;
  /** It refuses new starts. @default it keeps them */
  readonly refusesStarts?: true;
  /** Instances that it has paused, and starts that it keeps, at most 1,000 of each. */
  readonly instances: number;
  readonly starts: number;
}

/** How a process or a service is paused. */
export interface HoldOptions {
  /** The timers and limits of what is paused keep their remaining time, or run on. @default `stop` */
  readonly clock?: PauseClock;
  /**
   * A start that would begin a run waits for the end of the pause, or is refused: a client gets `PAUSED`, and an event is parked as `REFUSED`. A
   * start that has waited elsewhere, by a parent, a schedule, `onOpen: 'queue'` or the limits of its process, waits in both cases. @default `keep`
   */
  readonly starts?: 'keep' | 'reject';
}

/** Pauses of whole processes and services, within the client's tenant. Each is journaled with its principal and its reason. */
export interface Holds {
  /** How far a pause of this scope would reach now. The index is eventually consistent. */
  preview(scope: PausedScope): Promise<HoldPreview>;
  /**
   * Pauses every instance of a process, or every instance that is about to send a command to a service. Each worker of the engine knows it
   * within twenty seconds. An instance is paused when its next event or timer comes, and its events are kept; a start waits, or is refused. Commands
   * in flight finish. Timers and limits of what is paused keep their remaining time, unless `clock` is `'run'`. A second pause changes nothing. An
   * operator may resume, cancel or terminate one instance meanwhile. Throws `NOT_FOUND` if the system does not list the process or service.
   */
  pause(scope: PausedScope, reason: string, options?: HoldOptions): Promise<void>;
  /**
   * Ends a pause. The engine then resumes the instances that it has paused, and sends its starts back in order. If the scope is not paused,
   * this only releases what an earlier pause has left.
   */
  resume(scope: PausedScope, reason?: string): Promise<void>;
  /** The pauses in force, in the order in which they began. */
  list(): Promise<readonly HoldDescription[]>;
}

/** A scope by its names, as the command line has it. */
export type NamedScope =
  | { readonly process: string; readonly service?: undefined }
  | { readonly service: string; readonly process?: undefined };

export function namedScope(scope: PausedScope): NamedScope {
  return scope.process === undefined ? { service: serviceContract(scope.service).name } : { process: scope.process.name };
}

const RELEASED_MAX = 1_000;

export async function previewHold(reach: Reach, named: NamedScope): Promise<HoldPreview> {
  const { process, service } = holdScope(reach, named);
  const where = process === undefined ? `status:running waits~"${service}."` : `process:${process} status:open`;
  const counts = await countInstances(reach, { where });
  const more = counts.some((each) => each.more);
  return { instances: counts.reduce((sum, { count }) => sum + count, 0), ...(more && { more }) };
}

export async function pauseScope(
  reach: Reach,
  named: NamedScope,
  reason: string,
  { clock = 'stop', starts }: HoldOptions = {},
): Promise<void> {
  const scope = holdScope(reach, named);
  await act(reach, scope, { act: 'pause', reason, clock, ...(starts === 'reject' && { starts }) });
  const holds = await readHolds(reach);
  if (holds.some((each) => isSameScope(each, scope))) return;
  throw new ContractError('DATA_INVALID', `${scopeText(scope)} was not paused: ${HOLDS_MAX} processes and services are paused already.`);
}

export function resumeScope(reach: Reach, named: NamedScope, reason = 'resumed'): Promise<void> {
  return act(reach, holdScope(reach, named), { act: 'resume', reason });
}

export async function listHolds(reach: Reach): Promise<readonly HoldDescription[]> {
  const tenant = tenantOf(reach);
  const found: HoldDescription[] = [];
  for (const hold of await readHolds(reach)) if (hold.tenant === tenant) found.push(await descriptionOf(reach, hold));
  return found;
}

async function descriptionOf({ ports }: Reach, hold: Hold): Promise<HoldDescription> {
  const { process, service, at, by, reason, clock, starts: ofStarts } = hold;
  const { paused, parked } = await heldIndex(ports, 0).find(hold, RELEASED_MAX);
  return {
    ...(process === undefined ? { service } : { process }),
    since: new Date(at),
    by,
    reason,
    clock,
    ...(ofStarts === 'reject' && { refusesStarts: true as const }),
    instances: paused.length,
    starts: parked.length,
  };
}

async function act(
  reach: Reach,
  scope: HoldScope,
  told: { readonly act: 'pause' | 'resume'; readonly reason: string } & HoldOptions,
): Promise<void> {
  const { ports } = reach;
  const now = ports.clock.now();
  const opid = ports.newId?.(now) ?? newMessageId(now);
  const identity = identityOf(sha256, { pid: HOLDS_PID, event: HOLD_EVENTS[told.act], id: opid });
  const by = await principalOf(ports);
  await sendRequest(ports, { tutti: 'hold', opid, ...told, by, time: new Date(now).toISOString(), ...scope }, HOLDS);
  await waitForHead(ports, HOLDS_PID, {
    look: (head) => (isKept(head) && decodeHead(head).signals.some(({ id }) => id === identity) ? true : undefined),
    timeoutMs: ENGINE_TIMEOUT_MS,
    timedOut: () => notTaken(`The ${told.act} of ${scopeText(scope)}`),
  });
  await ports.durable();
}

function isKept(head: Head | undefined): head is Head {
  return head !== undefined && head.status !== 'early';
}

async function readHolds({ ports }: Reach): Promise<readonly Hold[]> {
  const [head] = await ports.store.load([HOLDS_PID], { consistent: true });
  if (!isKept(head)) return [];
  requireReadable(head);
  const image = decodeHead(head);
  await resolveReferences(image, async (pid, hash) => JSON.parse((await ports.payloads.get(pid, hash)) ?? 'null') as Json);
  return (image.view?.data as unknown as HoldsState | undefined)?.holds ?? [];
}

/** Throws `NOT_FOUND` if the system does not list the process or the service. */
function holdScope(reach: Reach, { process, service }: NamedScope): HoldScope {
  const { system } = reach;
  const tenant = tenantOf(reach);
  if (process !== undefined && system.processes.has(process)) return { tenant, process };
  if (service !== undefined && system.services.has(service)) return { tenant, service };
  const known = [...(process === undefined ? system.services : system.processes).keys()].join(', ');
  const named = process === undefined ? `service ${service}` : `process ${process}`;
  throw new ClientError(
    'NOT_FOUND',
    `The ${named} is not in the system ${system.name}: expected ${known === '' ? 'none' : `one of ${known}`}.`,
  );
}
