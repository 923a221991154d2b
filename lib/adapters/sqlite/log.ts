/**
 * The one ordered log of a system's state.
 *
 * L1  A change applies in memory at once and is appended to the pending batch; a batch is one row and one commit.
 * L2  What is durable is a prefix of the changes: batches commit in order, and a table's row is written in the same
 *     transaction as, or after, the batch with the change that it shows.
 * L3  A change has a number; a table's row carries that of its last change, so replaying a change twice does nothing.
 * L4  Log rows go only when the tables hold all of their changes (a checkpoint); shared strings never refer across that cut.
 */
import { ClientError } from '../../contract/errors.ts';
import { blobText, closeDatabase, type Sqlite, type SqliteBlob, type Statement } from './database.ts';
import { FieldReader, FieldWriter } from './field-text.ts';

/** Without anybody waiting, a change is on disk after this time at the latest. */
const FLUSH_WITHIN_MS = 50;
/** A pending batch of this size is written without anybody waiting. */
const FLUSH_LENGTH = 1_000_000;
/** A log of this size is moved into the tables. */
const CHECKPOINT_LENGTH = 32_000_000;
/** How long one slice of a checkpoint may hold the thread. */
const SLICE_MS = 8;
/** Log rows that one slice deletes. */
const DELETE_ROWS = 64;

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
  readonly keptMax: number;
  readonly #tables: LogParticipant[] = [];
  readonly #writer = new FieldWriter({ share: true });
  readonly #insert: Statement;
  readonly #deleteSome: Statement;
  readonly #checkpointLength: number;
  #number = 0;
  #durableNumber = 0;
  #generation = 0;
  #flushed: { readonly promise: Promise<void>; readonly resolve: () => void; readonly reject: (error: unknown) => void } | undefined;
  #immediate: NodeJS.Immediate | undefined;
  #timer: NodeJS.Timeout | undefined;
  #length = 0;
  /** The number up to which the checkpoint under way clears the log. */
  #cut: number | undefined;
  #lengthAtCut = 0;
  #closed = false;

  constructor(database: Sqlite, options: LogOptions = {}) {
    this.database = database;
    this.keptMax = options.keptMax ?? Infinity;
    this.#checkpointLength = options.checkpointLength ?? CHECKPOINT_LENGTH;
    database.exec(
      'CREATE TABLE IF NOT EXISTS log (first INTEGER PRIMARY KEY, count INTEGER NOT NULL, generation INTEGER NOT NULL, data BLOB NOT NULL)',
    );
    this.#insert = database.prepare('INSERT INTO log VALUES (?, ?, ?, ?)');
    this.#deleteSome = database.prepare(
      `DELETE FROM log WHERE first IN (SELECT first FROM log WHERE first <= ? ORDER BY first LIMIT ${DELETE_ROWS})`,
    );
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
      this.#insertPending();
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

  /** Reads the log into the tables. Called once, after all tables are registered. */
  replay(): void {
    const meta = this.database.prepare("SELECT value FROM meta WHERE name = 'number'").get() as { value: number } | undefined;
    this.#number = meta?.value ?? 0;
    const reader = new FieldReader({ share: true });
    const rows = this.database.prepare('SELECT first, count, generation, data FROM log ORDER BY first').iterate();
    for (const row of rows as IterableIterator<{ first: number; count: number; generation: number; data: SqliteBlob }>) {
      if (row.generation !== this.#generation) reader.forget();
      this.#generation = row.generation;
      const text = blobText(row.data);
      reader.open(text);
      for (let number = row.first; !reader.ended; number += 1) (this.#tables[reader.number()] as LogParticipant).replay(reader, number);
      this.#number = row.first + row.count - 1;
      this.#length += text.length;
    }
    this.#generation += 1;
    this.#durableNumber = this.#number;
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
    this.abandon();
  }

  /** Closes the database as a crash would leave it: what is not durable is lost. */
  abandon(): void {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#timer);
    clearImmediate(this.#immediate);
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

  #insertPending(): void {
    if (this.#durableNumber === this.#number) return;
    const first = this.#durableNumber + 1;
    this.#insert.run(first, this.#number - this.#durableNumber, this.#generation, Buffer.from(this.#writer.text, 'utf8'));
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
    this.#insertPending();
    this.#committed();
    this.#cut = this.#durableNumber;
    this.#lengthAtCut = this.#length;
    this.#generation += 1;
    this.#writer.forget();
    for (const table of this.#tables) table.beginCheckpoint();
  }

  /** One transaction of a checkpoint: the pending batch first (L2), then rows until time is up, at last the log's rows. */
  #slice(milliseconds: number): void {
    let done = false;
    this.database.exec('BEGIN');
    try {
      this.#insertPending();
      const deadline = performance.now() + milliseconds;
      done = this.#tables.every((table) => table.writeRows(deadline)) && this.#clearLog(deadline);
      this.database.exec('COMMIT');
    } catch (error) {
      this.database.exec('ROLLBACK');
      for (const table of this.#tables) table.endSlice(false);
      throw error;
    }
    for (const table of this.#tables) table.endSlice(true);
    this.#committed();
    if (!done) return;
    this.#length -= this.#lengthAtCut;
    this.#cut = undefined;
  }

  /** Deletes the log's rows up to the cut, the oldest first; returns whether none is left. */
  #clearLog(deadline: number): boolean {
    this.database
      .prepare("INSERT INTO meta VALUES ('number', ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value")
      .run(this.#number);
    while (this.#deleteSome.run(this.#cut).changes === DELETE_ROWS) if (performance.now() > deadline) return false;
    return true;
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
