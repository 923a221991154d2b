import { ClientError, ContractError, ProcessBug, StateFormatUnknown, Unsupported } from '../contract/errors.ts';
import { isClosed, type PauseClock } from '../core/image.ts';
import { actIdentity } from '../core/identity.ts';
import type { ForkRequest, Resolution } from '../core/inbound.ts';
import { resolvable } from '../core/resolvable.ts';
import { decodeHead, requireReadable } from '../format/head-codec.ts';
import { type OperationMessage, sha256 } from '../format/inbox-message.ts';
import type { Head } from '../ports/process-store.ts';
import { principalOf, type Reach } from './connection.ts';
import { erasedOf, requireData } from './erased.ts';
import { ENGINE_TIMEOUT_MS, notTaken, sendRequest } from './request.ts';
import { splitDefinition, nameOf, notFound, pidOf, requireHead, type InstanceName } from './instance.ts';
import { newMessageId } from './message-id.ts';
import { waitForHead } from './wait.ts';

export interface ResumeOptions {
  /** Migrates the run to this version of its process. */
  readonly version?: number;
  /** Path of an undo or a compensation that an operator has done by hand. */
  readonly skip?: string;
  /** It is journaled. */
  readonly reason?: string;
}

/** Options of a pause. */
export interface PauseOptions {
  /**
   * `stop`: timers, time-outs and limits keep the time that they have left. `run`: those that pass meanwhile are due when the instance is
   * resumed. @default 'stop'
   */
  readonly clock?: PauseClock;
}

interface Operation {
  readonly act: OperationMessage['act'];
  readonly reason: string;
  readonly skip?: string;
  readonly clock?: PauseClock;
  readonly version?: number;
  readonly step?: string;
  readonly resolution?: Resolution;
  readonly fork?: ForkRequest;
  readonly abandon?: true;
  /** Id of the operation. @default a new one */
  readonly opid?: string;
}

const LIST_VERSION = 'List that version of the process in the system, or name one that it lists.';

/** For error messages. */
const PAST: Readonly<Record<Operation['act'], string>> = {
  cancel: 'cancelled',
  terminate: 'terminated',
  pause: 'paused',
  resume: 'resumed',
  resolve: 'resolved',
  move: 'moved',
  fork: 'forked',
  erase: 'erased',
};

/** Resumes a stuck or paused instance; a stuck one on another version of its process if `version` is given. The engine replays the journal on that version first. */
export function resumeInstance(reach: Reach, instance: InstanceName, { version, skip, reason }: ResumeOptions = {}): Promise<void> {
  return performOperation(reach, instance, {
    act: 'resume',
    reason: reason ?? (version === undefined ? 'resumed' : `resumed with version ${version}`),
    ...(version === undefined ? {} : { version }),
    ...(skip === undefined ? {} : { skip }),
  });
}

/** Options of a move. */
export interface MoveOptions {
  /** The version of its process on which the run is to go on. */
  readonly version: number;
  /** It is journaled. @default `moved to version N` */
  readonly reason?: string;
}

/** Moves a running instance to another version of its process. The engine replays the journal on that version first. */
export function moveInstance(reach: Reach, instance: InstanceName, { version, reason }: MoveOptions): Promise<void> {
  return performOperation(reach, instance, { act: 'move', reason: reason ?? `moved to version ${version}`, version });
}

/**
 * Sends an operation (cancel, terminate, pause, resume, resolve, move, fork or erase) to the engine. Resolves when the operation is committed and durable.
 * Throws if the operation is refused, by the head that is read first or by the engine.
 */
export async function performOperation(reach: Reach, instance: InstanceName, { opid: given, ...operation }: Operation): Promise<void> {
  const { ports } = reach;
  const pid = pidOf(reach, instance);
  const head = await requireHead(ports, pid);
  if (operation.act === 'erase') refuseOpen(head);
  else refuseClosed(head, operation);
  // The wait below reads the effect from the state, so an unreadable state is refused before the message is sent.
  requireReadable(head);
  if (operation.act === 'cancel' && head.status === 'stuck' && head.run === '') throw stillStuck(head, operation);
  if (needsNoResume(head, operation) || needsNoPause(head, operation) || needsNoMove(head, operation)) return;
  refusePaused(head, operation);
  const now = ports.clock.now();
  const opid = given ?? ports.newId?.(now) ?? newMessageId(now);
  await sendRequest(ports, { tutti: 'operate', opid, pid, ...operation, by: await principalOf(ports) }, instance.process);
  await waitForHead(ports, pid, {
    look: (current) => applied(head, current, opid, operation),
    refused: () => refuseParked(ports, pid, opid, operation),
    timeoutMs: ENGINE_TIMEOUT_MS,
    timedOut: () => notTaken(`The ${operation.act} of ${nameOf(pid)}`),
  });
  await ports.durable();
}

/** True once the head's ring of start and operation ids contains the operation. */
function applied(before: Head, head: Head | undefined, opid: string, operation: Operation): true | undefined {
  if (head === undefined) throw notFound(before.pid);
  if (operation.act === 'resume') return resumed(before, head);
  if (operation.act === 'pause' && head.paused !== undefined) return true;
  if (needsNoMove(head, operation)) return true;
  refusePaused(head, operation);
  if (operation.act === 'erase' && erasedOf(head.tail) !== undefined) return true;
  const image = decodeHead(head);
  if (image.starts.includes(actIdentity(sha256, head.pid, opid))) return true;
  refuseClosed(head, operation);
  if (image.stuck?.refused === opid) throw stillStuck(head, operation);
  if (operation.step !== undefined && !resolvable(image, operation.step))
    throw new ClientError(
      'NOT_FOUND',
      `${operation.step} of ${nameOf(head.pid)} has a known outcome meanwhile: expected a command whose outcome is unknown.`,
    );
  return undefined;
}

/** The engine could not apply the operation, and the head of the stuck instance has the reason. */
function stillStuck(head: Head, { act }: Operation): ClientError {
  const { code, message = '' } = decodeHead(head).stuck ?? {};
  return new ClientError('STUCK', `${nameOf(head.pid)} could not be ${PAST[act]} and is stuck (${code}): ${message}`);
}

/** The engine parks an operation whose outcome violates the contract of the command, and a move to a version that does not replay the run. */
async function refuseParked({ parking }: Reach['ports'], pid: string, opid: string, { act, version }: Operation): Promise<void> {
  const parked = (await parking.parked(pid)).find(({ body, reason }) => reason === 'REFUSED' && body.includes(JSON.stringify(opid)));
  if (!parked) return;
  if (act === 'fork') throw new ClientError('FORK_REFUSED', parked.detail);
  if (act === 'erase') throw new ClientError('NOT_ERASED', parked.detail);
  if (act !== 'move') throw new ContractError('DATA_INVALID', parked.detail);
  const what = `${nameOf(pid)} was not moved to version ${String(version)}, and goes on as it was: ${parked.detail}`;
  if (parked.detail.startsWith('UNKNOWN_VERSION')) throw new ClientError('NOT_FOUND', what, { remedy: LIST_VERSION });
  throw new ProcessBug('NONDETERMINISM', what);
}

/** An instance that is not stuck continues on its own version, so a resume without another version has no effect. */
function needsNoResume(head: Head, { act, version }: Operation): boolean {
  if (act !== 'resume' || head.status === 'stuck' || (head.paused !== undefined && version === undefined)) return false;
  const current = splitDefinition(head.definition).version;
  if (version === undefined || version === current) return true;
  throw new Unsupported(
    `${nameOf(head.pid)} is ${head.status} on version ${current} and was to be resumed with version ${version}: expected a stuck instance.`,
    { remedy: `Move it with tutti move --to ${version}, or list version ${current} in the system until the instance has ended on it.` },
  );
}

/** A second pause changes nothing: the first one keeps its reason. A stuck instance decides nothing and sends nothing already. */
function needsNoPause(head: Head, { act }: Operation): boolean {
  if (act !== 'pause') return false;
  if (head.status === 'stuck')
    throw new Unsupported(`${nameOf(head.pid)} is stuck and was to be paused: expected a running instance.`, {
      remedy: 'Leave it stuck: it decides nothing until it is resumed, and its events are kept.',
    });
  return head.paused !== undefined;
}

/** Returns whether the run is on that version already. A stuck or a paused instance decides nothing, so it does not move. */
function needsNoMove(head: Head, { act, version }: Operation): boolean {
  if (act !== 'move') return false;
  const isStuck = head.status === 'stuck';
  if (isStuck || head.paused !== undefined)
    throw new Unsupported(
      `${nameOf(head.pid)} is ${isStuck ? 'stuck' : 'paused'} and was to be moved to version ${String(version)}: expected a running instance.`,
      { remedy: isStuck ? `Resume it with version ${String(version)}, which replays first, too.` : 'Resume it, then move it.' },
    );
  return splitDefinition(head.definition).version === version;
}

/** Nothing is decided while an instance is paused, so an outcome that an operator records has to wait as well. */
function refusePaused(head: Head, { act }: Operation): void {
  if (act !== 'resolve' || head.paused === undefined) return;
  throw new Unsupported(`${nameOf(head.pid)} is paused and a step of it was to be resolved: expected an instance that is not paused.`, {
    remedy: 'Resume it, then resolve the step. A request that was sent before the pause is applied at the resume.',
  });
}

/** Only an operator request writes a stuck head. Since then the instance may have continued, ended or got stuck again. */
function resumed(before: Head, head: Head): true | undefined {
  if (head.version === before.version || (head.paused !== undefined && head.status !== 'stuck')) return undefined;
  if (head.status === 'stuck') refuseStuck(head);
  return true;
}

/** The engine replays before it resumes. If the replay differs, or the version does not exist, the instance stays stuck. */
function refuseStuck(head: Head): void {
  const { code, message = '' } = decodeHead(head).stuck ?? {};
  const what = `${nameOf(head.pid)} was not resumed: ${message}`;
  if (code === 'NONDETERMINISM') throw new ProcessBug('NONDETERMINISM', what);
  if (code === 'STATE_FORMAT') throw new StateFormatUnknown(what);
  if (code === 'UNKNOWN_VERSION') throw new ClientError('NOT_FOUND', what, { remedy: LIST_VERSION });
}

/** An erased instance is erased again: a worker may have ended before it had removed everything. */
function refuseOpen({ pid, status }: Head): void {
  if (isClosed(status)) return;
  throw new ClientError('NOT_ERASED', `${nameOf(pid)} cannot be erased, because it is ${status}: expected an instance that has ended.`);
}

/** A closed instance accepts `resolve`, because an unresolved command may outlive the end, and `fork`. */
function refuseClosed(head: Head, { act }: Operation): void {
  if (act === 'fork') requireData(head);
  if (!isClosed(head.status) || act === 'resolve' || act === 'fork' || act === 'erase') return;
  throw new ClientError(
    'CLOSED',
    `${nameOf(head.pid)} cannot be ${PAST[act]}, because it has ended as ${head.status}: expected an open instance.`,
  );
}
