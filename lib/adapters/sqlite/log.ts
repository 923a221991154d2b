/**
 * The one ordered log of a system's state.
 *
 * L1  A change applies in memory at once and is appended to the pending batch; a batch is one frame and one fsync.
 * L2  What is durable is a prefix of the changes: frames are written in order, and a table's row is written after the
 *     frame with the change that it shows.
 * L3  A change has a number; a table's row carries that of its last change, so replaying a change twice does nothing.
 * L4  A segment is overwritten only when the tables hold all of its changes, durably (a checkpoint); shared strings never
 *     refer across that cut.
 */
import { ClientError } from '../../contract/errors.ts';
import { closeDatabase, type Sqlite } from './database.ts';
import { FieldReader, FieldWriter } from './field-text.ts';
import { LogFiles } from './log-files.ts';

/** Without anybody waiting, a change is on disk after this time at the latest. */
const FLUSH_WITHIN_MS = 50;
/** A pending batch of this size is written without anybody waiting. */
const FLUSH_LENGTH = 1_000_000;
/** A log of this size is moved into the tables. */
const CHECKPOINT_LENGTH = 32_000_000;
/** How long one slice of a checkpoint may hold the thread. */
const SLICE_MS = 8;

/** A table whose changes go through the log. */
export interface LogParticipant {
  /** Applies one record of the log; `reader` stands behind the table's number. */
  replay(reader: FieldReader, number: number): void;
  /** Everything that is dirty now belongs to the checkpoint that begins. */
  beginCheckpoint(): void;
  /** Writes rows inside the open transaction until `deadline` (of `performance.now()`); returns whether all are written. */
  writeRows(deadline: number): boolean;
  /** The transaction has ended; where it was rolled back, its rows are still to be written. */
  endSlice(committed: boolean): void;
}

export interface LogOptions {
  /** @default 32 MB */
  readonly checkpointLength?: number;
  /** Values of a table that are kept in memory without need, at most. @default as the table says */
  readonly keptMax?: number;
}

export class OrderedLog {
  readonly database: Sqlite;
  readonly files: LogFiles;
  readonly keptMax: number;
  readonly #tables: LogParticipant[] = [];
  readonly #writer = new FieldWriter({ share: true });
  readonly #checkpointLength: number;
  #number = 0;
  #durableNumber = 0;
  #flushed: { readonly promise: Promise<void>; readonly resolve: () => void; readonly reject: (error: unknown) => void } | undefined;
  #immediate: NodeJS.Immediate | undefined;
  #timer: NodeJS.Timeout | undefined;
  #length = 0;
  /** The number up to which the checkpoint under way clears the log. */
  #cut: number | undefined;
  #lengthAtCut = 0;
  #closed = false;

  constructor(database: Sqlite, directory: string, options: LogOptions = {}) {
    this.database = database;
    this.keptMax = options.keptMax ?? Infinity;
    this.#checkpointLength = options.checkpointLength ?? CHECKPOINT_LENGTH;
    this.files = new LogFiles(directory, this.#meta('segment'));
  }

  /** The number of the next change. */
  get nextNumber(): number {
    return this.#number + 1;
  }

  /** Changes up to this number survive a crash. */
  get durableNumber(): number {
    return this.#durableNumber;
  }

  /** Adds a table; the order of adding is part of the format. Returns the table's place. */
  register(table: LogParticipant): number {
    return this.#tables.push(table) - 1;
  }

  /** Begins the record of a change of the table at `place`; the caller writes its fields to the returned writer at once. */
  append(place: number): FieldWriter {
    this.#number += 1;
    this.#timer ??= setTimeout(this.#onTimer, FLUSH_WITHIN_MS);
    if (this.#writer.length > FLUSH_LENGTH) this.#schedule();
    this.#writer.number(place);
    return this.#writer;
  }

  /** Resolves when everything that was appended before is committed; a turn's callers share one commit. */
  durable(): Promise<void> {
    if (this.#durableNumber === this.#number) return Promise.resolve();
    if (this.#closed) return Promise.reject(new ClientError('UNREACHABLE', 'The state is closed: nothing can be made durable any more.'));
    if (this.#flushed === undefined) {
      this.#flushed = deferred();
      this.#schedule();
    }
    return this.#flushed.promise;
  }

  /** Commits the pending batch now. */
  flush(): void {
    if (this.#durableNumber === this.#number || this.#closed) return;
    try {
      this.#writePending();
    } catch (error) {
      this.#failed(error);
      return;
    }
    this.#committed();
    if (this.#cut === undefined && this.#length > this.#checkpointLength) {
      this.#beginCheckpoint();
      this.#schedule();
    }
  }

  /** Reads the log into the tables, and moves it there. Called once, after all tables are registered. */
  replay(): void {
    this.#number = this.#meta('number');
    const reader = new FieldReader({ share: true });
    let segment: number | undefined;
    for (const frame of this.files.read()) {
      if (frame.segment !== segment) reader.forget();
      segment = frame.segment;
      reader.open(frame.text);
      for (let number = frame.first; !reader.ended; number += 1) (this.#tables[reader.number()] as LogParticipant).replay(reader, number);
      this.#number = frame.first + frame.count - 1;
    }
    this.#durableNumber = this.#number;
    // Both files may still be needed; once their changes are in the tables either may be overwritten.
    if (segment !== undefined) this.checkpoint();
    else this.files.rotate();
  }

  /** Moves all of the log into the tables now, in one go. */
  checkpoint(): void {
    while (this.#cut !== undefined) this.#slice(Infinity);
    this.#beginCheckpoint();
    while (this.#cut !== undefined) this.#slice(Infinity);
  }

  /** Moves the log into the tables and closes the database. */
  close(): void {
    if (this.#closed) return;
    this.checkpoint();
    this.files.empty();
    this.abandon();
  }

  /** Closes the database as a crash would leave it: what is not durable is lost. */
  abandon(): void {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#timer);
    clearImmediate(this.#immediate);
    this.files.close();
    closeDatabase(this.database);
  }

  #schedule(): void {
    this.#immediate ??= setImmediate(this.#onImmediate);
  }

  readonly #onImmediate = (): void => {
    this.#immediate = undefined;
    if (this.#cut === undefined) {
      this.flush();
      return;
    }
    try {
      this.#slice(SLICE_MS);
    } catch (error) {
      this.#failed(error);
      return;
    }
    if (this.#cut !== undefined) this.#schedule();
  };

  readonly #onTimer = (): void => {
    this.#timer = undefined;
    this.flush();
  };

  #writePending(): void {
    if (this.#durableNumber === this.#number) return;
    this.files.append(this.#durableNumber + 1, this.#number - this.#durableNumber, this.#writer.text);
  }

  #committed(): void {
    this.#length += this.#writer.length;
    this.#writer.clear();
    this.#durableNumber = this.#number;
    const flushed = this.#flushed;
    this.#flushed = undefined;
    flushed?.resolve();
  }

  /** The batch stays pending, for the next flush; whoever waits now learns that it is not durable. */
  #failed(error: unknown): void {
    const flushed = this.#flushed;
    this.#flushed = undefined;
    flushed?.reject(error);
    this.#timer ??= setTimeout(this.#onTimer, FLUSH_WITHIN_MS);
  }

  #beginCheckpoint(): void {
    this.#writePending();
    this.#committed();
    this.#cut = this.#durableNumber;
    this.#lengthAtCut = this.#length;
    this.files.rotate();
    this.#writer.forget();
    for (const table of this.#tables) table.beginCheckpoint();
  }

  /** One step of a checkpoint: the pending batch first (L2), then a transaction of rows until time is up. */
  #slice(milliseconds: number): void {
    this.#writePending();
    this.#committed();
    const deadline = performance.now() + milliseconds;
    let done = false;
    this.database.exec('BEGIN');
    try {
      done = this.#tables.every((table) => table.writeRows(deadline));
      this.database.exec('COMMIT');
    } catch (error) {
      this.database.exec('ROLLBACK');
      for (const table of this.#tables) table.endSlice(false);
      throw error;
    }
    for (const table of this.#tables) table.endSlice(true);
    if (done) this.#endCheckpoint();
  }

  /** The slices before are durable no later than this commit, since they lie in the same write-ahead log: only now is the segment let go (L4). */
  #endCheckpoint(): void {
    this.database.pragma('synchronous = FULL');
    this.database.exec('BEGIN');
    const put = this.database.prepare('INSERT INTO meta VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value');
    put.run('number', this.#cut);
    put.run('segment', this.files.segment - 1);
    this.database.exec('COMMIT');
    this.database.pragma('synchronous = NORMAL');
    this.#length -= this.#lengthAtCut;
    this.#cut = undefined;
  }

  #meta(name: string): number {
    const row = this.database.prepare('SELECT value FROM meta WHERE name = ?').get(name) as { value: number } | undefined;
    return row?.value ?? 0;
  }
}

/** `Promise.withResolvers`, which Node 20 lacks. */
function deferred(): { readonly promise: Promise<void>; readonly resolve: () => void; readonly reject: (error: unknown) => void } {
  let resolve!: () => void;
  let reject!: (error: unknown) => void;
  const promise = new Promise<void>((fulfil, refuse) => {
    resolve = fulfil;
    reject = refuse;
  });
  return { promise, resolve, reject };
}
