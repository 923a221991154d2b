import { thrownText } from '../../contract/wire/thrown-text.ts';
import type { JournalEntry } from '../../core/journal-entry.ts';
import type { Head } from '../../ports/process-store.ts';
import type { Reach } from '../connection.ts';
import { namesOf, splitDefinition } from '../instance.ts';
import { runsOfChain } from './journal-view.ts';

/** One operation on an instance. A retry of an operation is the same operation. */
export interface AuditedOperation {
  /** ISO 8601. */
  readonly at: string;
  readonly process: string;
  readonly id: string;
  readonly run: string;
  readonly operation: 'cancel' | 'terminate' | 'pause' | 'resume' | 'resolve' | 'move' | 'fork' | 'erase';
  /** The id of the message of the operation. */
  readonly operationId: string;
  /** The principal, as the operation names it. */
  readonly by: string;
  /** The principal that the queue of operations has recorded, which no sender can choose. Absent if the queue records none. */
  readonly sender?: string;
  readonly reason?: string;
  /** The step that was resolved or skipped, the version of a move, or the other instance of a fork. */
  readonly detail?: string;
}

export interface AuditedInstances {
  readonly operations: readonly AuditedOperation[];
  /** The number of instances whose journals were read. */
  readonly read: number;
  /** There are more instances than `limit`. */
  readonly more?: true;
  /** Instances with a journal that could not be read to its beginning. */
  readonly unread: readonly { readonly process: string; readonly id: string; readonly why: string }[];
}

/** Of the operations, those that match all of these. Times are milliseconds since the epoch, inclusive. */
export interface AuditFilter {
  readonly since?: number;
  readonly until?: number;
  readonly by?: string;
}

/** Reads the journals of at most `limit` instances, and no large value. */
export async function auditOf(
  { ports }: Pick<Reach, 'ports'>,
  heads: AsyncIterable<Head> | Iterable<Head>,
  { since = 0, until = Number.POSITIVE_INFINITY, by, limit }: AuditFilter & { readonly limit: number },
): Promise<AuditedInstances> {
  const found: AuditedOperation[] = [];
  const unread: AuditedInstances['unread'][number][] = [];
  let read = 0;
  let more = false;
  for await (const head of heads) {
    if (read === limit) {
      more = true;
      break;
    }
    read += 1;
    const name = namesOf(head.pid);
    try {
      for await (const { run, entries } of runsOfChain(ports, head, { payloads: false }))
        found.push(...auditedIn(entries).map((each) => ({ ...name, run, ...each })));
    } catch (error) {
      // The operations of other instances must not depend on this one.
      unread.push({ ...name, why: thrownText(error) });
    }
  }
  const operations = found
    .filter((each) => Date.parse(each.at) >= since && Date.parse(each.at) <= until && (by === undefined || each.by === by))
    .toSorted((one, other) => one.at.localeCompare(other.at));
  return { operations, read, ...(more && { more }), unread };
}

type Audited = Omit<AuditedOperation, 'process' | 'id' | 'run'>;

/** The operations of a journal. A fork begins with entries of its original, whose operations are those of the original. */
export function auditedIn(entries: readonly JournalEntry[]): readonly Audited[] {
  const paths = new Map(entries.flatMap((entry) => (entry.type === 'CommandIssued' ? [[entry.n, entry.path] as const] : [])));
  const forkedAt = entries.findLastIndex(({ type }) => type === 'Forked');
  return entries.slice(Math.max(0, forkedAt)).flatMap((entry) => {
    const audited = audit(entry, paths);
    return audited ? [audited] : [];
  });
}

function audit(entry: JournalEntry, paths: ReadonlyMap<number, string>): Audited | undefined {
  switch (entry.type) {
    case 'CancelRequested':
      return told('cancel', entry);
    case 'TerminateRequested':
      return told('terminate', entry);
    case 'Erased':
      return told('erase', entry);
    case 'Paused':
      return told('pause', entry, entry.hold && `by the pause of ${entry.hold}`);
    case 'Resumed':
      return told('resume', entry, resumed(entry));
    case 'Moved':
      return told('move', entry, `to version ${splitDefinition(entry.definition).version}`);
    case 'ForkRequested':
      return told('fork', entry, `as ${namesOf(entry.to).id}${entry.supersedes ? ', which takes its place' : ''}`);
    case 'Forked':
      return told('fork', entry, 'it is the fork');
    case 'CommandAnswered':
      return entry.resolved && told('resolve', { at: entry.at, ...entry.resolved }, paths.get(entry.n));
    default:
      return undefined;
  }
}

interface Told {
  readonly at: number;
  readonly id: string;
  readonly by: string;
  readonly sender?: string;
  readonly reason?: string;
}

function told(operation: Audited['operation'], { at, id, by, sender, reason }: Told, detail?: string): Audited {
  return {
    at: new Date(at).toISOString(),
    operation,
    operationId: id,
    by,
    ...(sender !== undefined && { sender }),
    ...(reason !== undefined && { reason }),
    ...(detail !== undefined && { detail }),
  };
}

function resumed({ code, skip, definition }: Extract<JournalEntry, { readonly type: 'Resumed' }>): string {
  const version = definition === undefined ? '' : `, on version ${splitDefinition(definition).version}`;
  return `from ${code}${skip === undefined ? '' : `, without ${skip}`}${version}`;
}
