import { ClientError, OrchestratorError } from '../contract/errors.ts';
import { isClosed } from '../core/image.ts';
import { digest } from '../core/seeded-random.ts';
import { decodeHead } from '../engine/head-codec.ts';
import type { OperateMessage } from '../engine/inbox-message.ts';
import type { Head } from '../ports/process-store.ts';
import type { Reach } from './connection.ts';
import { ENGINE_TIMEOUT_MS, notTaken, sendToInbox } from './inbox.ts';
import { nameOf, notFound, pidOf, requireHead } from './instance.ts';
import { newMessageId } from './message-id.ts';
import { waitForHead } from './wait.ts';

export interface ResumeOptions {
  /** Migrates the run to this version of its process. */
  readonly version?: number;
  /** Path of a step that a person dealt with. */
  readonly skip?: string;
}

interface Operation {
  readonly act: OperateMessage['act'];
  readonly reason: string;
  readonly skip?: string;
}

export function resumeInstance(reach: Reach, process: string, id: string, { version, skip }: ResumeOptions = {}): Promise<void> {
  if (version !== undefined) {
    return Promise.reject(
      new OrchestratorError(
        'UNSUPPORTED',
        `${process} ${id} was resumed with version ${version}: this version of Tutti does not migrate runs.`,
        {
          retryable: false,
          remedy: 'Resume it without a version: it goes on with the definition that it began with.',
        },
      ),
    );
  }
  return operate(reach, process, id, { act: 'resume', reason: 'resumed', ...(skip === undefined ? {} : { skip }) });
}

/** Cancels, terminates or resumes; resolves when the act is committed and durable. */
export async function operate({ ports }: Reach, process: string, id: string, operation: Operation): Promise<void> {
  const pid = pidOf(process, id);
  const head = await requireHead(ports, pid);
  refuseClosed(head, operation);
  // What is not stuck goes on by itself.
  if (operation.act === 'resume' && head.status !== 'stuck') return;
  const now = ports.clock.now();
  const opid = ports.newId?.(now) ?? newMessageId(now);
  await sendToInbox(ports, { tutti: 'operate', opid, pid, ...operation, by: ports.principal }, process);
  await waitForHead(ports, pid, {
    look: (current) => applied(head, current, opid, operation),
    timeoutMs: ENGINE_TIMEOUT_MS,
    timedOut: () => notTaken(`The ${operation.act} of ${nameOf(pid)}`),
  });
  await ports.durable();
}

/** The ring of start and operator ids holds it once it is committed. */
function applied(before: Head, head: Head | undefined, opid: string, operation: Operation): true | undefined {
  if (head === undefined) throw notFound(before.pid);
  // A stuck head is written by an operator only, and it may have gone on, ended or got stuck again since.
  if (operation.act === 'resume') return head.version > before.version ? true : undefined;
  if (decodeHead(head).starts.includes(digest(opid))) return true;
  refuseClosed(head, operation);
  // A stuck instance keeps a cancel beside itself until it is resumed.
  return operation.act === 'cancel' && head.status === 'stuck' ? true : undefined;
}

function refuseClosed(head: Head, { act }: Operation): void {
  if (!isClosed(head.status)) return;
  throw new ClientError('CLOSED', `${nameOf(head.pid)} has ${head.status} and was asked to ${act}: expected an open instance.`);
}
