import { Cancelled, ClientError, ProcessFailed, type CancelReason, type Failure } from '../contract/errors.ts';
import { milliseconds, type Duration } from '../contract/duration.ts';
import { failureFromJson } from '../contract/wire/failure-json.ts';
import type { Json } from '../contract/schema.ts';
import { isClosed } from '../core/image.ts';
import type { Decided, JournalEntry } from '../core/journal-entry.ts';
import type { Head } from '../ports/process-store.ts';
import type { Reach } from './connection.ts';
import { requireData } from './erased.ts';
import { nameOf, notFound, pidOf, readValue, type InstanceName } from './instance.ts';
import { parseEntry } from '../format/read-journal.ts';
import { reasonOf } from './operations/ending-line.ts';
import { failureName } from './operations/failure-text.ts';
import { readHeadJournal } from './operations/journal-view.ts';
import { waitForHead } from './wait.ts';
import { whyOfHead } from './operations/why-of-head.ts';

type Ending = Extract<Decided, { type: 'ProcessCompleted' | 'ProcessFailed' | 'ProcessCancelled' | 'ProcessTerminated' }>;

/** Waits until the instance has ended, then returns its result or throws its failure. The instance may be started during the wait. */
export async function resultOf(reach: Reach, instance: InstanceName, options: { readonly timeout?: Duration } = {}): Promise<Json> {
  const pid = pidOf(reach, instance);
  const head = await waitForHead(reach.ports, pid, {
    look: (current) => (current !== undefined && isClosed(current.status) ? current : undefined),
    onlyClosed: true,
    ...(options.timeout === undefined ? {} : { timeoutMs: milliseconds(options.timeout) }),
    timedOut: (current) => timedOut(reach, pid, current, options.timeout),
  });
  // Callers act on the result, so wait until the commit is durable.
  await reach.ports.durable();
  requireData(head);
  const ending = await endingOf(reach, head);
  switch (ending?.type) {
    case 'ProcessCompleted':
      return readValue(reach.ports.payloads, pid, ending);
    case 'ProcessFailed':
      throw failureOf(await readValue(reach.ports.payloads, pid, ending));
    case 'ProcessCancelled':
      throw new Cancelled({ reason: ending.reason as CancelReason, message: `${nameOf(pid)} was ${cancelledText(head, ending)}.` });
    case 'ProcessTerminated':
    case undefined:
      throw new ClientError(
        'CLOSED',
        `${nameOf(pid)} was ${head.status}${ending === undefined ? '' : `: ${ending.reason}`}: it has no result.`,
      );
  }
}

/** The message of an undeclared failure contains its cause, so that a client can print the message alone. */
function failureOf(json: Json): Failure {
  const failure = failureFromJson(json);
  if (failure.code !== 'PROCESS_FAILED' || failure.type !== 'Other') return failure;
  const { process, data, details } = failure;
  return new ProcessFailed({
    process,
    type: 'Other',
    data,
    details,
    message: `The process ${process} failed: ${failureName(json).replace(/\.$/, '')}.`,
  });
}

function cancelledText(head: Head, ending: Extract<Ending, { type: 'ProcessCancelled' }>): string {
  const text = reasonOf([...head.tail.map(parseEntry), ending]) ?? ending.reason;
  return text.startsWith('cancelled') ? text : `cancelled: ${text}`;
}

/** Waits until the instance has ended, or is stuck and needs an operator. */
export async function endOrStuck(
  reach: Reach,
  instance: InstanceName,
  options: { readonly timeout?: Duration } = {},
): Promise<'ended' | 'stuck'> {
  const pid = pidOf(reach, instance);
  return waitForHead(reach.ports, pid, {
    look: (head) => {
      if (head === undefined) return undefined;
      return isClosed(head.status) ? 'ended' : head.status === 'stuck' ? 'stuck' : undefined;
    },
    ...(options.timeout === undefined ? {} : { timeoutMs: milliseconds(options.timeout) }),
    timedOut: (head) => timedOut(reach, pid, head, options.timeout),
  });
}

/** The entry that ended the run. Late undos append entries behind it, which may push it out of the head. */
async function endingOf({ ports }: Reach, head: Head): Promise<Ending | undefined> {
  for (const text of head.tail.toReversed()) {
    const entry = parseEntry(text);
    if (isEnding(entry)) return entry;
  }
  return (await readHeadJournal(ports, head, { payloads: false })).findLast(isEnding);
}

/** Whether an entry ends its run. */
function isEnding(entry: JournalEntry): entry is Ending {
  switch (entry.type) {
    case 'ProcessCompleted':
    case 'ProcessFailed':
    case 'ProcessCancelled':
    case 'ProcessTerminated':
      return true;
    default:
      return false;
  }
}

function timedOut(reach: Reach, pid: string, head: Head | undefined, timeout: Duration | undefined): ClientError {
  if (head === undefined || head.status === 'early') return notFound(pid, head);
  const why = whyOfHead(reach, head).line;
  return new ClientError('TIMED_OUT', `${nameOf(pid)} has not ended within ${timeout ?? 'its time'}: ${why}.`);
}
