/**
 * The one ordered log of a system's state.
 *
 * Input: changes of tables. Output: frames on disk, rows of closed frames in SQLite, and the changes of an earlier process at the open.
 * Trunk: logged-table.ts reports changes; at a commit it encodes them by field-text.ts; log-frame.ts and log-files.ts write the frame.
 *
 * L1  A change applies in memory at once and belongs to the pending batch; a batch is one frame and one fsync. A frame has one record for each
 *     key: that of its last change. A key that began and ended within the batch has none.
 * L2  The durable changes are a prefix of all changes: frames are written in order, and a table's row is written after the
 *     frame with its change.
 * L3  A change has a number, as its record; a table's row carries that of its last change, so replaying a change twice does nothing.
 * L4  A segment is overwritten only when the tables hold all of its changes, durably (a checkpoint); shared strings never
 *     refer across that cut.
 * L5  A batch that cannot be written stays pending, and a timer retries it. Its promises stay pending.
 * L6  Nothing is written before the whole log was read. Damage that no crash explains refuses the open.
 */
import assert from 'node:assert/strict';
import { ClientError } from '../../../contract/errors.ts';
import { closeDatabase, type OpenedDatabase } from '../database.ts';
import { type OpenPromise, deferred } from '../open-promise.ts';
import { asDiskFull } from './disk-full.ts';
import { FieldReader, FieldWriter } from './field-text.ts';
import type { Inspection } from '../inspection.ts';
import { LogFiles, type LogIo, type PlacedFrame } from './log-files.ts';
import { Meta } from '../meta.ts';
import type { Sqlite } from '../sqlite.ts';
import type { Damage } from '../state-corrupt.ts';
import type { Seal } from './seal.ts';

/** A change for which no caller waits is on disk within this time. */
const FLUSH_WITHIN_MS = 50;
/** Pause before a failed write is retried. */
const RETRY_MS = 200;
/** A pending batch of this many changes is written even if no caller waits. */
const FLUSH_CHANGES = 2_000;
/** A record of this place and above names its number. Older versions wrote a record for each change, so its number followed from its place. */
const NUMBERED = 16;
/** A log of this size is moved into the tables. */
const CHECKPOINT_LENGTH = 32_000_000;
/** How long one slice of a checkpoint may hold the thread. */
const SLICE_MS = 8;

/** A table whose changes go through the log. */
export interface LogParticipant {
  /** Writes a record for each key that has changed since the last call; `begin` begins it. */
  encodeChanges(begin: (number: number) => FieldWriter): void;
  /** Applies one record of the log. The caller has already read the table's number from `reader`. */
  replay(reader: FieldReader, number: number): void;
  /** Begins a checkpoint, which covers all rows that are dirty now. */
  beginCheckpoint(): void;
  /** Writes rows inside the open transaction until `deadline` (of `performance.now()`); returns whether all are written. */
  writeRows(deadline: number): boolean;
  /** The transaction has ended. If it was rolled back, its rows must still be written. */
  endSlice(committed: boolean): void;
}

export interface LogOptions {
  /** @default 32 MB */
  readonly checkpointLength?: number;
  /** Most values of a table that are cached in memory. @default as the table says */
  readonly keptMax?: number;
  /** Called when writes begin to fail, and not again before they have succeeded. @default nothing is called */
  readonly stalled?: (error: unknown) => void;
  /** Encrypts the frames of the log and the rows of the tables. @default they are plain text */
  readonly seal?: Seal;
  /** @default the calls of the operating system */
  readonly io?: LogIo;
}

/** A step that is retried until it succeeds. */
type Step = 'commit' | 'checkpoint';

export class OrderedLog {
  readonly database: Sqlite;
  readonly inspection: Inspection;
  /** Whether the rows must be verified, because their process did not close the folder or the file is damaged. */
  readonly isUnclean: boolean;
  readonly files: LogFiles;
  readonly seal: Seal | undefined;
  readonly keptMax: number;
  /** Each is called with each value that is set, of any table. */
  readonly written = new Set<(value: unknown) => void>();
  readonly #opened: OpenedDatabase;
  readonly #directory: string;
  readonly #meta: Meta;
  readonly #report: (error: unknown) => void;
  /** The steps that fail, with the error of their first failure. */
  readonly #failing = new Map<Step, unknown>();
  #waits = true;
  readonly #tables: LogParticipant[] = [];
  readonly #writer = new FieldWriter({ share: true });
  readonly #checkpointLength: number;
  #number = 0;
  #durableNumber = 0;
  /** Settled by the commit of the pending batch. */
  #flushed: OpenPromise | undefined;
  /** As `#flushed`, but rejected if the commit fails. */
  #flushedOrRefused: OpenPromise | undefined;
  #immediate: NodeJS.Immediate | undefined;
  #timer: NodeJS.Timeout | undefined;
  #length = 0;
  /** The number up to which the current checkpoint clears the log. */
  #cut: number | undefined;
  #lengthAtCut = 0;
  #closed = false;

  constructor(opened: OpenedDatabase, inspection: Inspection, options: LogOptions = {}) {
    const { database } = opened;
    const { directory } = inspection;
    this.#opened = opened;
    this.database = database;
    this.inspection = inspection;
    this.isUnclean = opened.isUnclean;
    this.keptMax = options.keptMax ?? Infinity;
    this.#checkpointLength = options.checkpointLength ?? CHECKPOINT_LENGTH;
    this.#directory = directory;
    this.#report = options.stalled ?? (() => {});
    this.#meta = new Meta(database, inspection);
    const meta = this.#meta;
    this.seal = checkedSeal(meta, directory, options.seal);
    this.files = new LogFiles(directory, {
      state: { segment: meta.get('segment'), number: meta.get('number'), sizes: [meta.get('log0'), meta.get('log1')] },
      grown: ([log0, log1]) => meta.put({ log0, log1 }, { durable: false }),
      ...(options.io === undefined ? {} : { io: options.io }),
    });
  }

  /** The number of the next change. */
  get nextNumber(): number {
    return this.#number + 1;
  }

  /** Changes up to this number survive a crash. */
  get durableNumber(): number {
    return this.#durableNumber;
  }

  /** Adds a table; the order of adding is part of the format. */
  register(table: LogParticipant): void {
    this.#tables.push(table);
  }

  /** Notes a change of a table, which encodes it at the next commit. Returns its number. */
  change(): number {
    this.#number += 1;
    this.#timer ??= setTimeout(this.#onTimer, FLUSH_WITHIN_MS);
    if (this.#number - this.#durableNumber > FLUSH_CHANGES) this.#schedule();
    return this.#number;
  }

  /** The error that stopped commits; undefined while they succeed. */
  get stalledBy(): unknown {
    return this.#failing.get('commit');
  }

  /** Resolves when all earlier changes are committed. All callers of a turn share one commit. Waits while the disk takes no writes. */
  durable(): Promise<void> {
    if (!this.#waits) return this.durableOrRefused();
    return this.#pending() ?? (this.#flushed ??= this.#awaited()).promise;
  }

  /** As `durable`, but rejects if a commit fails. The appended changes are still committed when the disk takes writes again. */
  durableOrRefused(): Promise<void> {
    if (this.#failing.has('commit')) return Promise.reject(this.#failing.get('commit'));
    return this.#pending() ?? (this.#flushedOrRefused ??= this.#awaited()).promise;
  }

  /** From now on a failed commit rejects every promise that waits for it, because nothing retries after a stop. */
  stopWaiting(): void {
    this.#waits = false;
    if (this.#failing.has('commit')) this.#refuse();
  }

  /** Undefined if there are changes to commit. */
  #pending(): Promise<void> | undefined {
    if (this.#durableNumber === this.#number) return Promise.resolve();
    if (!this.#closed) return undefined;
    return Promise.reject(new ClientError('UNREACHABLE', 'The state is closed: no further change becomes durable.'));
  }

  #awaited(): OpenPromise {
    this.#schedule();
    return deferred();
  }

  /** Replays the log into the tables, then checkpoints it. Called once, after all tables are registered. */
  replay(): void {
    this.#number = this.#meta.get('number');
    const reader = new FieldReader({ share: true });
    let segment: number | undefined;
    for (const frame of this.files.read()) {
      if (frame.segment !== segment) reader.forget();
      segment = frame.segment;
      this.#replayFrame(reader, frame);
      this.#number = frame.first + frame.count - 1;
    }
    this.#durableNumber = this.#number;
    if (this.files.damage !== undefined) this.inspection.note(this.files.damage);
    // Both files may still be needed. Either may be overwritten once its changes are in the tables.
    if (segment !== undefined) this.checkpoint();
    else this.files.rotate();
  }

  /** The checksum of the frame is right, so a bug or another version wrote a text that cannot be read. */
  #replayFrame(reader: FieldReader, { first, count, text, file, offset }: PlacedFrame): void {
    try {
      reader.open(this.seal ? this.seal.openText(text) : text);
      for (let number = first - 1; !reader.ended;) {
        const place = reader.number();
        number = place < NUMBERED ? number + 1 : first + reader.number();
        const table = this.#tables[place % NUMBERED];
        assert(table, 'A record names no table.');
        assert(number >= first && number < first + count, 'A record has a number outside of its frame.');
        table.replay(reader, number);
      }
    } catch (cause) {
      const damage: Omit<Damage, 'drops'> = {
        file,
        offset,
        what: `has a frame of changes ${first} to ${first + count - 1} that cannot be read`,
      };
      this.inspection.refuse(damage, cause);
    }
  }

  /** Moves all of the log into the tables at once. */
  checkpoint(): void {
    while (this.#cut !== undefined) this.#slice(Infinity);
    this.#beginCheckpoint();
    while (this.#cut !== undefined) this.#slice(Infinity);
  }

  /**
   * Leaves no deleted text in the files, after an erasure: moves the log into the tables, empties its files and writes the database again. Holds
   * the thread for about as long as a copy of the database takes.
   */
  scrub(): void {
    this.checkpoint();
    // The least sizes first, because a shorter file would count as damage.
    this.#meta.put({ log0: 0, log1: 0 }, { durable: true });
    this.files.empty();
    this.database.exec('VACUUM');
    this.database.pragma('wal_checkpoint(TRUNCATE)');
  }

  /**
   * Moves the log into the tables and closes the database. If that fails, closes it in the state of a crash: the next open moves the
   * log.
   */
  close(): void {
    if (this.#closed) return;
    let isComplete = false;
    try {
      this.checkpoint();
      // The least sizes first, because a shorter file would count as damage.
      this.#meta.put({ log0: 0, log1: 0 }, { durable: true });
      this.files.empty();
      isComplete = true;
    } catch (error) {
      throw asDiskFull(this.#directory, error);
    } finally {
      this.#end(isComplete);
    }
  }

  /** Closes the database in the state of a crash. Changes that are not durable are lost. */
  abandon(): void {
    if (!this.#closed) this.#end(false);
  }

  #end(isComplete: boolean): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    clearImmediate(this.#immediate);
    this.files.close();
    closeDatabase(this.#opened, isComplete);
  }

  #schedule(): void {
    this.#immediate ??= setImmediate(this.#onImmediate);
  }

  readonly #onImmediate = (): void => {
    this.#immediate = undefined;
    if (!this.#failing.has('commit')) this.#work({ retry: false });
  };

  readonly #onTimer = (): void => {
    this.#timer = undefined;
    this.#work({ retry: true });
  };

  /** Commits the pending batch, then continues a checkpoint for a slice. Only the timer retries a failed step. */
  #work({ retry }: { readonly retry: boolean }): void {
    if (this.#closed || !this.#tries('commit', () => this.#commit())) return;
    if (this.#cut === undefined) {
      if (this.#length <= this.#checkpointLength) return;
      this.#beginCheckpoint();
    } else if (retry || !this.#failing.has('checkpoint')) {
      if (!this.#tries('checkpoint', () => this.#slice(SLICE_MS))) return;
    }
    if (this.#cut !== undefined && !this.#failing.has('checkpoint')) this.#schedule();
  }

  /** Whether the step succeeded. A failure is reported once, until all steps succeed again. */
  #tries(step: Step, run: () => void): boolean {
    try {
      run();
      this.#failing.delete(step);
      return true;
    } catch (cause) {
      const error = asDiskFull(this.#directory, cause);
      const isFirst = this.#failing.size === 0;
      if (!this.#failing.has(step)) this.#failing.set(step, error);
      if (step === 'commit') this.#refuse();
      this.#timer ??= setTimeout(this.#onTimer, RETRY_MS);
      if (isFirst) this.#report(error);
      return false;
    }
  }

  #refuse(): void {
    const error = this.#failing.get('commit');
    this.#flushedOrRefused?.reject(error);
    this.#flushedOrRefused = undefined;
    if (this.#waits) return;
    this.#flushed?.reject(error);
    this.#flushed = undefined;
  }

  #commit(): void {
    if (this.#durableNumber === this.#number) return;
    const first = this.#durableNumber + 1;
    // After a failed write the records of the batch are in the writer already, and those of later changes follow them.
    for (const [place, table] of this.#tables.entries()) table.encodeChanges((number) => this.#beginRecord(place, number - first));
    const { text } = this.#writer;
    this.files.append(first, this.#number - this.#durableNumber, this.seal ? this.seal.closeText(text) : text);
    this.#length += this.#writer.length;
    this.#writer.clear();
    this.#durableNumber = this.#number;
    this.#flushed?.resolve();
    this.#flushed = undefined;
    this.#flushedOrRefused?.resolve();
    this.#flushedOrRefused = undefined;
  }

  #beginRecord(place: number, offset: number): FieldWriter {
    this.#writer.number(NUMBERED + place);
    this.#writer.number(offset);
    return this.#writer;
  }

  #beginCheckpoint(): void {
    this.#commit();
    this.#cut = this.#durableNumber;
    this.#lengthAtCut = this.#length;
    this.files.rotate();
    this.#writer.forget();
    for (const table of this.#tables) table.beginCheckpoint();
  }

  /** One step of a checkpoint: the pending batch first (L2), then a transaction of rows until time is up. */
  #slice(milliseconds: number): void {
    this.#commit();
    const deadline = performance.now() + milliseconds;
    let done = false;
    this.database.exec('BEGIN');
    try {
      done = this.#tables.every((table) => table.writeRows(deadline));
      this.database.exec('COMMIT');
    } catch (error) {
      // A full disk may have ended the transaction already.
      if (this.database.inTransaction) this.database.exec('ROLLBACK');
      for (const table of this.#tables) table.endSlice(false);
      throw error;
    }
    for (const table of this.#tables) table.endSlice(true);
    if (done) this.#endCheckpoint();
  }

  /** The earlier slices are durable no later than this commit, because they lie in the same write-ahead log. Only now is the segment released (L4). */
  #endCheckpoint(): void {
    this.#meta.put({ number: this.#cut as number, segment: this.files.segment - 1 }, { durable: true });
    this.#length -= this.#lengthAtCut;
    this.#cut = undefined;
  }
}

/**
 * The seal of a folder, which is that of its first opening.
 * @throws ClientError `DENIED` if the folder has another key, or none
 */
function checkedSeal(meta: Meta, directory: string, seal: Seal | undefined): Seal | undefined {
  const mark = meta.get('seal');
  if (mark === (seal?.mark ?? 0)) return seal;
  const isNew = mark === 0 && meta.get('number') === 0 && meta.get('segment') === 0;
  if (seal && isNew) {
    meta.put({ seal: seal.mark }, { durable: true });
    return seal;
  }
  const [what, remedy] =
    mark === 0
      ? ['was begun without a key', 'Open it without a key file, or begin another folder with one.']
      : [
          seal ? 'is encrypted with another key' : 'is encrypted, and no key was given',
          'Name the key file with which the folder was begun.',
        ];
  throw new ClientError('DENIED', `The state in ${directory} ${what}.`, { remedy });
}
