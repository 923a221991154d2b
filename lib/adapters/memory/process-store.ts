import type {
  BufferResult,
  CommitResult,
  EarlyEvent,
  CommitCondition,
  Head,
  JournalChunk,
  ProcessStore,
} from '../../ports/process-store.ts';
import { MemoryTable, type Table } from './table.ts';

const COMMITTED: CommitResult = { status: 'committed' };
const BUFFERED: BufferResult = { status: 'buffered' };
const FULL: BufferResult = { status: 'full' };

/** The tables of the store. @default tables in memory */
export interface ProcessTables {
  /** By pid. */
  readonly heads: Table<string, Head>;
  /** By `chunkKey`, grouped by `chunkGroup`. */
  readonly chunks: Table<string, JournalChunk>;
  /** Called with every written head, for the indexes. */
  readonly written?: (head: Head, previous: Head | undefined) => void;
}

/** Heads and chunks in tables. Reads are always consistent. */
export class MemoryProcessStore implements ProcessStore {
  readonly #heads: Table<string, Head>;
  readonly #chunks: Table<string, JournalChunk>;
  readonly #written: ((head: Head, previous: Head | undefined) => void) | undefined;

  constructor(tables: ProcessTables = memoryProcessTables()) {
    this.#heads = tables.heads;
    this.#chunks = tables.chunks;
    this.#written = tables.written;
  }

  async load(pids: readonly string[]): Promise<readonly (Head | undefined)[]> {
    return pids.map((pid) => this.#heads.get(pid));
  }

  async commit(head: Head, expected: CommitCondition): Promise<CommitResult> {
    const current = this.#heads.get(head.pid);
    if (!holds(expected, current)) return { status: 'conflict', current };
    this.#put(head, current);
    return COMMITTED;
  }

  async buffer(event: EarlyEvent): Promise<BufferResult> {
    const current = this.#heads.get(event.pid);
    if (current === undefined) {
      this.#put(earlyHead(event), undefined);
      return BUFFERED;
    }
    if (current.status !== 'early') return { status: 'started', current };
    const early = current.early ?? [];
    if (early.length >= event.max) return FULL;
    // A buffer that was emptied when it expired begins again.
    const due = early.length === 0 ? event.expiresAt : current.due;
    this.#put({ ...current, version: current.version + 1, early: [...early, event.body], ...(due !== undefined && { due }) }, current);
    return BUFFERED;
  }

  async spill(chunk: JournalChunk): Promise<void> {
    const key = chunkKey(chunk);
    if (this.#chunks.get(key) === undefined) this.#chunks.set(key, chunk);
  }

  async chunks(pid: string, run: string): Promise<readonly JournalChunk[]> {
    return this.#chunks.list(chunkGroup({ pid, run }));
  }

  #put(head: Head, previous: Head | undefined): void {
    this.#heads.set(head.pid, head);
    this.#written?.(head, previous);
  }
}

/** Tables in memory for a `MemoryProcessStore`. */
export function memoryProcessTables(): ProcessTables {
  return { heads: new MemoryTable(), chunks: new MemoryTable<string, JournalChunk>(chunkGroup) };
}

/** The named conditions of a commit. */
function holds(expected: CommitCondition, current: Head | undefined): boolean {
  switch (expected.kind) {
    case 'absent':
      return current === undefined;
    case 'at':
      return current !== undefined && current.version === expected.version && current.run === expected.run;
    case 'early':
    case 'stuck':
      return current !== undefined && current.version === expected.version && current.status === expected.kind;
  }
}

function earlyHead(event: EarlyEvent): Head {
  return {
    pid: event.pid,
    version: 1,
    writer: '',
    run: '',
    status: 'early',
    definition: '',
    clock: 0,
    control: '',
    tail: [],
    tailFrom: 0,
    due: event.expiresAt,
    startedAt: 0,
    early: [event.body],
  };
}

/** The run's name goes last, behind the pid's length, so that no two runs share a group. */
export function chunkGroup(chunk: { readonly pid: string; readonly run: string }): string {
  return `${chunk.pid.length};${chunk.pid}/${chunk.run}`;
}

/** Sorts by `from` inside a group; the length is part of the name, so that overlapping chunks stand side by side. */
export function chunkKey(chunk: JournalChunk): string {
  const to = chunk.from + chunk.entries.length - 1;
  return `${chunkGroup(chunk)}/${String(chunk.from).padStart(10, '0')}/${String(to).padStart(10, '0')}`;
}
