import { instantText } from '../contract/wire/wire.ts';
import type { JournalEntry } from '../core/journal-entry.ts';
import type { Reach } from '../client/connection.ts';
import type { Head } from '../ports/process-store.ts';
import { Narrator } from '../client/operations/narrator.ts';
import { principalText } from '../client/operations/ending-line.ts';
import { readRunJournal } from '../client/operations/journal-view.ts';
import { readValue } from '../client/instance.ts';
import { requireBegun } from '../client/waiting-start.ts';
import { invalid } from './request-values.ts';
import type { Call } from './route.ts';
import type { JournalRow, JournalView, ValueView } from './views.ts';

const ROWS = 500;
const ROWS_MAX = 1_000;

/** The journal of one run, as it is now or as it was after one of its entries. */
export interface ReadRun {
  readonly head: Head;
  readonly run: string;
  readonly entries: readonly JournalEntry[];
  /** It is an earlier run of a chain. */
  readonly isEarlier: boolean;
}

/** Reads the run that a request names by `number`, up to the entry with the index `at`. */
export async function readRun({ reach, path, query }: Call): Promise<ReadRun> {
  const instance = { process: path['process'] as string, id: path['id'] as string };
  const head = await requireBegun(reach, instance);
  const [number, at] = [query.number('number'), query.number('at')];
  const { run, entries } = await entriesOf(reach, head, number);
  const isEarlier = run !== head.run;
  if (at !== undefined && at >= entries.length)
    throw invalid(`The parameter at is ${at}: expected the index of one of ${entries.length} entries.`);
  return { head, run, entries: at === undefined ? entries : entries.slice(0, at + 1), isEarlier };
}

interface Entries {
  readonly run: string;
  readonly entries: readonly JournalEntry[];
}

/** The run that was read last. The page asks for its timeline, its diagram and its journal at once, and again for each place of the slider. */
const lastRead = new WeakMap<object, { readonly key: string; readonly read: Promise<Entries> }>();

function entriesOf({ ports }: Reach, head: Head, number: number | undefined): Promise<Entries> {
  const key = JSON.stringify([head.pid, head.run, head.version, number]);
  const last = lastRead.get(ports);
  if (last?.key === key) return last.read;
  const read = readRunJournal(ports, head, number, { payloads: false });
  lastRead.set(ports, { key, read });
  read.catch(() => lastRead.delete(ports));
  return read;
}

/** A page of the journal, from its end. A large value stays in the payload store: its entry has a `dataref`, which `valueView` reads. */
export async function journalView(call: Call): Promise<JournalView> {
  const { query } = call;
  const limit = query.number('limit') ?? ROWS;
  if (limit > ROWS_MAX) throw invalid(`The parameter limit is ${limit}: expected at most ${ROWS_MAX}.`);
  const { run, entries } = await readRun(call);
  const end = Math.min(query.number('before') ?? entries.length, entries.length);
  const from = Math.max(0, end - limit);
  return { run, total: entries.length, from, rows: rowsOf(entries, from, end) };
}

export async function valueView({ reach, path }: Call): Promise<ValueView> {
  const head = await requireBegun(reach, { process: path['process'] as string, id: path['id'] as string });
  const dataref = path['dataref'] as string;
  if (!/^[0-9a-f]{64}$/.test(dataref)) throw invalid(`The value ${JSON.stringify(dataref)} was named: expected the dataref of an entry.`);
  return { value: await readValue(reach.ports.payloads, head.pid, { dataref }) };
}

/** The text of an entry depends on those before it, so the narrator reads all of them, and the page keeps its own. */
export function rowsOf(entries: readonly JournalEntry[], from: number, end: number): readonly JournalRow[] {
  const narrator = new Narrator();
  const rows: JournalRow[] = [];
  let at = 0;
  for (const [index, entry] of entries.slice(0, end).entries()) {
    if ('at' in entry) at = entry.at;
    const sentence = narrator.tell(entry);
    if (index < from) continue;
    rows.push({
      index,
      at: instantText(at),
      kind: 'at' in entry ? 'fact' : 'decision',
      entry: entry as unknown as JournalRow['entry'],
      ...('path' in entry && { path: entry.path }),
      ...sentence,
      ...('by' in entry && { by: principalText(entry) }),
    });
  }
  return rows;
}
