import type { Json } from '../../../lib/contract/schema.ts';
import { decodeHead, pastOf } from '../../../lib/format/head-codec.ts';
import { readEntries } from '../../../lib/format/read-journal.ts';
import { isKey } from '../../../lib/contract/keys.ts';
import { isClosed, type Image } from '../../../lib/core/image.ts';
import type { JournalEntry } from '../../../lib/core/journal-entry.ts';
import type { Head, HeadStatus, JournalChunk } from '../../../lib/ports/process-store.ts';
import type { Evidence } from './evidence.ts';
import type { Report } from './violations.ts';

/** One run, from its chunks and, for the last run, the tail of its head. Values that are stored apart are read back. */
export interface KeptRun {
  readonly pid: string;
  readonly run: string;
  readonly status: HeadStatus;
  /** `name@version`, as it began; for the last run, as it ended. */
  readonly definition: string;
  readonly entries: readonly JournalEntry[];
}

export interface KeptInstance {
  readonly pid: string;
  readonly head: Head | undefined;
  readonly image: Image | undefined;
  /** In the order in which they began. */
  readonly runs: readonly KeptRun[];
}

/** Reads an instance through the ports alone. `named`: the runs to look for; the head names the last one. */
export const keptInstance = async (
  { store, payloads }: Pick<Evidence, 'store' | 'payloads'>,
  pid: string,
  named: readonly string[],
  report: Report,
): Promise<KeptInstance> => {
  const [head] = await store.load([pid], { consistent: true });
  // A key at rest keeps its run.
  const last = head && head.run !== '' && (head.status !== 'early' || isKey(pid)) ? head : undefined;
  const read = async (hash: string): Promise<Json> => {
    const json = await payloads.get(pid, hash);
    if (json === undefined) report('I3', `${pid} refers to the value ${hash}, which is not there`);
    return json === undefined ? null : (JSON.parse(json) as Json);
  };
  const runs: KeptRun[] = [];
  for (const run of new Set(named)) {
    if (run === last?.run) continue;
    const chunks = merged(`${pid}/${run}`, await store.chunks(pid, run), report);
    const past = last && pastOf(last)?.find((each) => each.run === run);
    const texts = past ? [...chunks.slice(0, past.from), ...past.entries] : chunks;
    if (texts.length > 0) runs.push(keptRun(pid, run, await readEntries(texts, read), undefined));
  }
  runs.sort((a, b) => beganAt(a) - beganAt(b));
  if (last) {
    const texts = await lastJournal(store, last, report);
    runs.push(keptRun(pid, last.run, await readEntries(texts, read), last));
  }
  return { pid, head, image: last && decodeHead(last), runs };
};

const beganAt = ({ entries: [first] }: KeptRun): number => (first && 'at' in first ? first.at : 0);

/** I3: chunks may overlap, but neither disagree nor leave a gap. */
const merged = (where: string, chunks: readonly JournalChunk[], report: Report): string[] => {
  const texts: string[] = [];
  for (const { from, entries } of chunks) {
    if (from > texts.length) report('I3', `the chunks of ${where} leave a gap from ${texts.length} to ${from}`);
    for (const [i, entry] of entries.entries()) {
      const known = texts[from + i];
      if (known !== undefined && known !== entry) report('I3', `two chunks of ${where} disagree at ${from + i}`);
      texts[from + i] ??= entry;
    }
  }
  return texts;
};

const lastJournal = async (store: Evidence['store'], { pid, run, tail, tailFrom }: Head, report: Report): Promise<string[]> => {
  const where = `${pid}/${run}`;
  const chunks = tailFrom > 0 ? merged(where, await store.chunks(pid, run), report) : [];
  if (chunks.length < tailFrom) report('I3', `the chunks of ${where} end at ${chunks.length}, and its head begins at ${tailFrom}`);
  // A worker that lost a conflict may have spilled entries that the head still has.
  for (const [i, entry] of tail.entries())
    if (chunks[tailFrom + i] !== undefined && chunks[tailFrom + i] !== entry)
      report('I3', `a chunk of ${where} disagrees with its head at ${tailFrom + i}`);
  return [...chunks.slice(0, tailFrom), ...tail];
};

const ENDINGS: Readonly<Record<string, HeadStatus>> = {
  ProcessCompleted: 'completed',
  ProcessFailed: 'failed',
  ProcessCancelled: 'cancelled',
  ProcessTerminated: 'terminated',
};

const keptRun = (pid: string, run: string, entries: readonly JournalEntry[], head: Head | undefined): KeptRun => {
  const started = entries[0]?.type === 'ProcessStarted' ? entries[0].definition : '';
  const ended = entries.map(({ type }) => ENDINGS[type]).find((status) => status !== undefined);
  return { pid, run, entries, status: head?.status ?? ended ?? 'running', definition: head?.definition ?? started };
};

/** True also if it was terminated before a run had begun. */
export const hasClosed = ({ head, runs }: KeptInstance): boolean =>
  (head !== undefined && isClosed(head.status)) || runs.some(({ status }) => isClosed(status));
