import { ClientError } from '../contract/errors.ts';
import type { JournalEntry } from '../core/journal-entry.ts';
import { parseEntry } from '../format/read-journal.ts';
import type { Head } from '../ports/process-store.ts';
import { nameOf } from './instance.ts';

/** The erasure of the data of an instance. */
export interface Erased {
  readonly at: Date;
  readonly by: string;
  /** The sender id that the queue stamped on the request, if it stamps one. */
  readonly sender?: string;
  readonly reason: string;
  /** Ids of the commands whose late success is not undone any more. */
  readonly abandoned?: readonly string[];
}

const ERASED = '"type":"Erased"';

/** The erasure that the end of a journal names: it is the only entry of an erased instance. */
export function erasedOf([only, ...others]: readonly string[]): Erased | undefined {
  if (only === undefined || others.length > 0 || !only.includes(ERASED)) return undefined;
  const entry: JournalEntry = parseEntry(only);
  if (entry.type !== 'Erased') return undefined;
  const { at, by, sender, reason, abandoned } = entry;
  return { at: new Date(at), by, ...(sender !== undefined && { sender }), reason, ...(abandoned && { abandoned }) };
}

/** @throws ClientError `ERASED` if the data of the instance was erased */
export function requireData(head: Pick<Head, 'pid' | 'tail'>): void {
  const erased = erasedOf(head.tail);
  if (!erased) return;
  throw new ClientError(
    'ERASED',
    `The data of ${nameOf(head.pid)} was erased by ${erased.by} at ${erased.at.toISOString()}: ${erased.reason}`,
  );
}
