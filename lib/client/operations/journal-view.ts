import type { JournalEntry } from '../../core/journal-entry.ts';
import { ClientError, DataLost } from '../../contract/errors.ts';
import { chainOf, pastOf } from '../../format/head-codec.ts';
import { journalTexts, parseEntry, readEntries, runBefore, textsOfRun } from '../../format/read-journal.ts';
import type { Head } from '../../ports/process-store.ts';
import type { ClientPorts } from '../connection.ts';
import { requireData } from '../erased.ts';
import { nameOf, readValue } from '../instance.ts';

export type JournalPorts = Pick<ClientPorts, 'store' | 'payloads'>;

export interface JournalOptions {
  /** False leaves values in the payload store: entries keep their `dataref` and `inputref`. @default true */
  readonly payloads?: boolean;
}

/**
 * Reads the whole journal of a run of the chain, by its number; 1 is the first one, and undefined the head's run. Throws `NOT_FOUND`, and
 * `JOURNAL_GAP`.
 */
export async function readRunJournal(
  ports: JournalPorts,
  head: Head,
  number: number | undefined,
  options: JournalOptions,
): Promise<RunJournal> {
  const current = chainOf(head)?.number ?? 1;
  if (number === undefined || number === current) return { run: head.run, entries: await readHeadJournal(ports, head, options) };
  requireData(head);
  let run = head.run;
  let texts: readonly string[] = [];
  for (let at = current; at >= 1; at -= 1) {
    texts = await textsOfRun(ports.store, { ...head, past: pastOf(head) }, run);
    if (at === number) return { run, entries: await entriesOf(ports, head, texts, options) };
    run = runBefore(texts) ?? run;
  }
  throw new ClientError('NOT_FOUND', `${nameOf(head.pid)} has no run ${number}: expected a number from 1 to ${current}.`);
}

/**
 * The journals of all runs of the chain, the current one first. Throws `JOURNAL_GAP` at the first one that is no longer whole, or that is no
 * longer kept.
 */
export async function* runsOfChain(ports: JournalPorts, head: Head, options: JournalOptions): AsyncGenerator<RunJournal, void, undefined> {
  let run: string | undefined = head.run;
  while (run !== undefined) {
    const texts: readonly string[] = await textsOfRun(ports.store, { ...head, past: pastOf(head) }, run);
    if (texts.length === 0) throw new DataLost('JOURNAL_GAP', `The journal of the run ${run} of ${nameOf(head.pid)} is no longer kept.`);
    yield { run, entries: await entriesOf(ports, head, texts, options) };
    run = runBefore(texts);
  }
}

interface RunJournal {
  readonly run: string;
  readonly entries: JournalEntry[];
}

/** Reads the whole journal of the head's run. Throws `JOURNAL_GAP` if a chunk is missing. */
export async function readHeadJournal(ports: JournalPorts, head: Head, options: JournalOptions = {}): Promise<JournalEntry[]> {
  return entriesOf(ports, head, await journalTexts(ports.store, head), options);
}

async function entriesOf(
  { payloads: values }: JournalPorts,
  head: Head,
  texts: readonly string[],
  { payloads = true }: JournalOptions,
): Promise<JournalEntry[]> {
  return payloads ? readEntries(texts, (dataref) => readValue(values, head.pid, { dataref })) : texts.map(parseEntry);
}
