import { ClientError } from '../contract/errors.ts';
import type { JournalEntry } from '../core/journal-entry.ts';
import type { Head } from '../ports/process-store.ts';
import type { ClientPorts } from './connection.ts';
import { readValue } from './instance.ts';

export type JournalPorts = Pick<ClientPorts, 'store' | 'payloads'>;

export interface JournalOptions {
  /** Whether values that are stored apart are read; else entries keep their `dataref`. @default true */
  readonly payloads?: boolean;
}

/**
 * The whole journal of the run that a head is of, from its chunks and its tail.
 * @throws ClientError `NOT_FOUND` where a chunk is missing
 */
export async function readHeadJournal(ports: JournalPorts, head: Head, { payloads = true }: JournalOptions = {}): Promise<JournalEntry[]> {
  const texts = await journalTexts(ports, head);
  const entries = texts.map((text) => JSON.parse(text) as JournalEntry);
  return payloads ? Promise.all(entries.map((entry) => resolved(ports, head.pid, entry))) : entries;
}

/** Chunks may overlap, and reach into the tail, but never disagree: merged by index, they must leave no gap. */
async function journalTexts({ store }: JournalPorts, head: Head): Promise<string[]> {
  if (head.tailFrom === 0) return [...head.tail];
  const texts: string[] = [];
  for (const chunk of await store.chunks(head.pid, head.run)) {
    if (chunk.from > texts.length) throw gap(head, texts.length);
    for (const [offset, text] of chunk.entries.entries()) texts[chunk.from + offset] = text;
  }
  if (head.tailFrom > texts.length) throw gap(head, texts.length);
  return [...texts.slice(0, head.tailFrom), ...head.tail];
}

function gap(head: Head, index: number): ClientError {
  return new ClientError(
    'NOT_FOUND',
    `The journal of ${head.pid} has no entry ${index}: expected entries 0 to ${head.tailFrom - 1} in chunks.`,
    {
      remedy: 'Restore the process store from a backup: a journal is never shortened while its head exists.',
    },
  );
}

async function resolved({ payloads }: JournalPorts, pid: string, entry: JournalEntry): Promise<JournalEntry> {
  if (!('dataref' in entry) || entry.dataref === undefined) return entry;
  const { dataref, ...rest } = entry;
  return { ...rest, data: await readValue(payloads, pid, { dataref }) };
}
