import { ClientError, ContractError, OrchestratorError, ProcessBug } from '../contract/errors.ts';
import { isClosed } from '../core/image.ts';
import { actIdentity } from '../core/identity.ts';
import type { Resolution } from '../core/inbound.ts';
import { resolvable } from '../core/resolvable.ts';
import { decodeHead, requireReadable, stateFormat } from '../format/head-codec.ts';
import type { OperationMessage } from '../format/inbox-message.ts';
import { sha256 } from '../format/sha256.ts';
import type { Head } from '../ports/process-store.ts';
import { principalOf, type Reach } from './connection.ts';
import { ENGINE_TIMEOUT_MS, notTaken, sendRequest } from './request.ts';
import { splitDefinition, nameOf, notFound, pidOf, requireHead } from './instance.ts';
import { newMessageId } from './message-id.ts';
import { waitForHead } from './wait.ts';

export interface ResumeOptions {
  /** Migrates the run to this version of its process. */
  readonly version?: number;
  /** Path of a step that a person dealt with. */
  readonly skip?: string;
}

interface Operation {
  readonly act: OperationMessage['act'];
  readonly reason: string;
  readonly skip?: string;
  readonly version?: number;
  readonly step?: string;
  readonly resolution?: Resolution;
}

/** Lets a stuck instance go on, or moves a run to another version of its process: its journal is replayed on that first. */
export function resumeInstance(reach: Reach, process: string, id: string, { version, skip }: ResumeOptions = {}): Promise<void> {
  return operate(reach, process, id, {
    act: 'resume',
    reason: version === undefined ? 'resumed' : `resumed with version ${version}`,
    ...(version === undefined ? {} : { version }),
    ...(skip === undefined ? {} : { skip }),
  });
}

/** Cancels, terminates, resumes or resolves; its promise resolves when the act is committed and durable. */
export async function operate(reach: Reach, process: string, id: string, operation: Operation): Promise<void> {
  const { ports } = reach;
  const pid = pidOf(reach, process, id);
  const head = await requireHead(ports, pid);
  refuseClosed(head, operation);
  // What comes of the act is read in the same state: nothing is sent.
  requireReadable(head);
  if (operation.act === 'cancel' && head.status === 'stuck' && head.run === '') throw stillStuck(head, operation);
  if (goesOnAlready(head, operation)) return;
  const now = ports.clock.now();
  const opid = ports.newId?.(now) ?? newMessageId(now);
  await sendRequest(ports, { tutti: 'operate', opid, pid, ...operation, by: await principalOf(ports) }, process);
  await waitForHead(ports, pid, {
    look: (current) => applied(head, current, opid, operation),
    refused: () => refuseParked(ports, pid, opid),
    timeoutMs: ENGINE_TIMEOUT_MS,
    timedOut: () => notTaken(`The ${operation.act} of ${nameOf(pid)}`),
  });
  await ports.durable();
}

/** The ring of start and operator ids holds it once it is committed. */
function applied(before: Head, head: Head | undefined, opid: string, operation: Operation): true | undefined {
  if (head === undefined) throw notFound(before.pid);
  if (operation.act === 'resume') return resumed(before, head);
  const image = decodeHead(head);
  if (image.starts.includes(actIdentity(sha256, head.pid, opid))) return true;
  refuseClosed(head, operation);
  if (image.stuck?.refused === opid) throw stillStuck(head, operation);
  if (operation.step !== undefined && !resolvable(image, operation.step))
    throw new ClientError(
      'NOT_FOUND',
      `${operation.step} of ${nameOf(head.pid)} was answered meanwhile: expected a command whose outcome is not known.`,
    );
  return undefined;
}

/** The act could not be applied, and the instance is stuck: its head says why. */
function stillStuck(head: Head, { act }: Operation): ClientError {
  const { code, message = '' } = decodeHead(head).stuck ?? {};
  return new ClientError('STUCK', `${nameOf(head.pid)} was asked to ${act} and is stuck (${code}): ${message}`);
}

/** What a person resolved with does not keep to the contract: the engine has parked the act. */
async function refuseParked({ parking }: Reach['ports'], pid: string, opid: string): Promise<void> {
  const parked = (await parking.parked(pid)).find(({ body, reason }) => reason === 'REFUSED' && body.includes(JSON.stringify(opid)));
  if (parked) throw new ContractError('DATA_INVALID', parked.detail);
}

/** What is not stuck goes on by itself, with the version that it has. */
function goesOnAlready(head: Head, { act, version }: Operation): boolean {
  if (act !== 'resume' || head.status === 'stuck') return false;
  const current = splitDefinition(head.definition).version;
  if (version === undefined || version === current) return true;
  throw new OrchestratorError(
    'UNSUPPORTED',
    `${nameOf(head.pid)} is ${head.status} on version ${current} and was to go on with version ${version}: expected a stuck instance.`,
    { retryable: false, remedy: `Let it end on version ${current}: list that version in the system until then.` },
  );
}

/** A stuck head is written by an operator only, and it may have gone on, ended or got stuck again since. */
function resumed(before: Head, head: Head): true | undefined {
  if (head.version === before.version) return undefined;
  if (head.status === 'stuck') refuseStuck(head);
  return true;
}

/** The replay came first: where it differs, or there is no such version, nothing was resumed. */
function refuseStuck(head: Head): void {
  const { code, message = '' } = decodeHead(head).stuck ?? {};
  const what = `${nameOf(head.pid)} was not resumed: ${message}`;
  if (code === 'NONDETERMINISM') throw new ProcessBug('NONDETERMINISM', what);
  if (code === 'STATE_FORMAT') throw stateFormat(what);
  if (code === 'UNKNOWN_VERSION')
    throw new ClientError('NOT_FOUND', what, { remedy: 'List that version of the process in the system, or name one that it lists.' });
}

/** What is unresolved may be resolved also after the end. */
function refuseClosed(head: Head, { act }: Operation): void {
  if (!isClosed(head.status) || act === 'resolve') return;
  throw new ClientError('CLOSED', `${nameOf(head.pid)} has ${head.status} and was asked to ${act}: expected an open instance.`);
}
