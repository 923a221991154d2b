import type { JournalEntry } from '../../core/journal-entry.ts';
import { journalTexts, parseEntry, readEntries } from '../../format/read-journal.ts';
import type { Head } from '../../ports/process-store.ts';
import type { ClientPorts } from '../connection.ts';
import { readValue } from '../instance.ts';

export type JournalPorts = Pick<ClientPorts, 'store' | 'payloads'>;

export interface JournalOptions {
  /** False leaves values in the payload store: entries keep their `dataref` and `inputref`. @default true */
  readonly payloads?: boolean;
}

/** Reads the whole journal of the head's run. Throws `JOURNAL_GAP` if a chunk is missing. */
export async function readHeadJournal(
  { store, payloads: values }: JournalPorts,
  head: Head,
  { payloads = true }: JournalOptions = {},
): Promise<JournalEntry[]> {
  const texts = await journalTexts(store, head);
  return payloads ? readEntries(texts, (dataref) => readValue(values, head.pid, { dataref })) : texts.map(parseEntry);
}
