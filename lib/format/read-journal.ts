import { DataLost } from '../contract/errors.ts';
import type { Json } from '../contract/schema.ts';
import type { PastTail } from '../core/image.ts';
import type { JournalEntry } from '../core/journal-entry.ts';
import type { JournalChunk, ProcessStore } from '../ports/process-store.ts';

/**
 * The only reader of journals: engine, client, test kit and command line read through it.
 *
 * J1 Entries that left the head are in chunks, the later ones in its tail. Chunks may overlap each other and the tail, and never disagree.
 *    A gap between them is an error, never a shorter journal.
 * J2 An entry names values in the payload store: its own data by `dataref`, the input of a late success by `late.inputref`. Both are read,
 *    so that a replay sees the values that were decided on.
 */
export interface JournalPlace {
  readonly pid: string;
  readonly run: string;
  readonly tail: readonly string[];
  /** Journal index of the first entry of the tail. */
  readonly tailFrom: number;
}

/** All entries as texts, each once. Chunks are read only where entries have left the head. Throws `JOURNAL_GAP`. */
export async function journalTexts(store: Pick<ProcessStore, 'chunks'>, place: JournalPlace): Promise<string[]> {
  return mergeJournal(place.tailFrom > 0 ? await store.chunks(place.pid, place.run) : [], place);
}

/**
 * All entries of one run of an instance: of the current run, or of an earlier one. The last entries of a run that has just continued as new
 * are in the head, all others of an earlier run in chunks. Without any entry, the list is empty.
 */
export async function textsOfRun(
  store: Pick<ProcessStore, 'chunks'>,
  head: JournalPlace & { readonly past?: readonly PastTail[] | undefined },
  run: string,
): Promise<string[]> {
  return run === head.run ? journalTexts(store, head) : mergeRun(await store.chunks(head.pid, run), head, run);
}

/** The same, from the chunks of that run. */
export function mergeRun(
  chunks: readonly Pick<JournalChunk, 'from' | 'entries'>[],
  head: JournalPlace & { readonly past?: readonly PastTail[] | undefined },
  run: string,
): string[] {
  if (run === head.run) return mergeJournal(chunks, head);
  const kept = head.past?.find((each) => each.run === run);
  const tailFrom = kept?.from ?? Math.max(0, ...chunks.map(({ from, entries }) => from + entries.length));
  return mergeJournal(chunks, { pid: head.pid, run, tail: kept?.entries ?? [], tailFrom });
}

export function mergeJournal(
  chunks: readonly Pick<JournalChunk, 'from' | 'entries'>[],
  { pid, run, tail, tailFrom }: JournalPlace,
): string[] {
  const entries: string[] = [];
  for (const chunk of chunks)
    for (let i = Math.max(0, entries.length - chunk.from); i < chunk.entries.length; i += 1)
      if (chunk.from + i === entries.length) entries.push(chunk.entries[i] as string);
  if (entries.length < tailFrom)
    throw new DataLost(
      'JOURNAL_GAP',
      `The journal of ${pid}, run ${run}, has no entry ${entries.length}: expected entries 0 to ${tailFrom - 1} in chunks.`,
    );
  return [...entries.slice(0, tailFrom), ...tail];
}

/** The run that a run continues, from its entries. */
export function runBefore([first]: readonly string[]): string | undefined {
  const entry = first === undefined ? undefined : parseEntry(first);
  return entry?.type === 'ProcessStarted' ? entry.continues?.run : undefined;
}

export function parseEntry(text: string): JournalEntry {
  return JSON.parse(text) as JournalEntry;
}

/** How many values are read at a time. */
const READS_MAX = 16;

/** The entries as objects, with the values that are in the payload store. */
export async function readEntries(texts: readonly string[], read: (name: string) => Promise<Json>): Promise<JournalEntry[]> {
  const entries = texts.map(parseEntry);
  const names = [...new Set(entries.flatMap(namesIn))];
  const values = new Map<string, Json>();
  for (let at = 0; at < names.length; at += READS_MAX)
    await Promise.all(names.slice(at, at + READS_MAX).map(async (name) => values.set(name, await read(name))));
  return entries.map((entry) => withValues(entry, (name) => values.get(name) as Json));
}

/** Names of the values of an entry that are in the payload store. */
function namesIn(entry: JournalEntry): string[] {
  const names: string[] = [];
  if ('dataref' in entry && entry.dataref !== undefined) names.push(entry.dataref);
  if ('late' in entry && entry.late?.inputref !== undefined) names.push(entry.late.inputref);
  return names;
}

/** The entry with its values in place. */
export function withValues(entry: JournalEntry, valueOf: (name: string) => Json): JournalEntry {
  let whole: JournalEntry = entry;
  if ('dataref' in whole && whole.dataref !== undefined) {
    const { dataref, ...rest } = whole;
    whole = { ...rest, data: valueOf(dataref) };
  }
  if ('late' in whole && whole.late?.inputref !== undefined) {
    const { inputref, ...rest } = whole.late;
    whole = { ...whole, late: { ...rest, input: valueOf(inputref) } };
  }
  return whole;
}
