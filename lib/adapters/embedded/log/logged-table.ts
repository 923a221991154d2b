import { byKey, type Table } from '../../memory/table.ts';
import { type Kind, type RawRow, type Row, RowFormat } from './row-format.ts';
import { blobBytes, type SqliteBlob, type Statement } from '../sqlite.ts';
import { DirtySlots, ROWS_MAX } from './dirty-slots.ts';
import { type Codec, FieldReader, FieldWriter } from './field-text.ts';
import { suspectRows } from './suspect-rows.ts';
import type { LogParticipant, OrderedLog } from './log.ts';

/** The effect of a record of the log on its key. */
const FULL = 0;
const DELTA = 1;
const DELETE = 2;
/** Rows of `storedTexts` in one query: a row may have 400 KB. */
const TEXTS = 32;

/** A row of more bytes is written by a statement of its own, so that the rows of one statement take little memory. */
const LARGE_ROW_BYTES = 65_536;

export interface TableDefinition<Value> {
  readonly name: string;
  readonly key: 'text' | 'integer';
  readonly codec: Codec<Value>;
  /** Whether a value must stay in memory. @default no value must */
  readonly resident?: (value: Value) => boolean;
  /** Number of clean values that are cached although they need not stay. */
  readonly keep: number;
  /** Limits the cached values by their sum of characters too. @default values are of about one size */
  readonly keepCharacters?: { readonly most: number; readonly of: (value: Value) => number };
  readonly groupOf?: (value: Value) => string;
  /** Columns that are searched, with the SQL of their indexes. */
  readonly columns?: {
    readonly kinds: Readonly<Record<string, Kind>>;
    readonly of: (value: Value) => readonly (string | number | null)[];
    readonly indexes: readonly string[];
    /** Those that older folders lack. The place of an index is in its name, so these come last. */
    readonly laterIndexes?: readonly string[];
  };
}

interface Slot<Key, Value> {
  readonly key: Key;
  /** Undefined if the value is deleted but its row still exists. */
  value: Value | undefined;
  /** Number of the last change. */
  number: number;
  dirty: boolean;
  /** Whether there is a row. */
  stored: boolean;
  /** Whether it has changed since the last frame of the log, in which it had the value `logged`. */
  changed: boolean;
  logged: Value | undefined;
}

/**
 * A table in memory whose changes go to the log, and whose clean values may lie in SQL rows alone. In: `set` and `delete`; after a start,
 * `replay` of the log's records. Out: values, from their slot or else from their row. Trunk: `#find` → `#put` or `#clear` makes the slot dirty →
 * `encodeChanges` writes its record to the log → a checkpoint writes its row (lib/adapters/embedded/log/dirty-slots.ts) → `#settle` → `#evict`, unless
 * the value must stay in memory.
 */
export class LoggedTable<Key extends string | number, Value> implements Table<Key, Value>, LogParticipant {
  readonly definition: TableDefinition<Value>;
  readonly rows: RowFormat<Key>;
  readonly #log: OrderedLog;
  readonly #keep: number;
  readonly #slots = new Map<Key, Slot<Key, Value>>();
  readonly #groups = new Map<string, Set<Slot<Key, Value>>>();
  readonly #writer = new FieldWriter({ share: false });
  readonly #reader = new FieldReader({ share: false });
  readonly #select: Statement;
  readonly #upsert: Statement;
  /** Writes `ROWS_MAX` rows: a statement costs as much as two rows. */
  readonly #upsertMany: Statement;
  readonly #remove: Statement;
  readonly #selectGroup: Statement | undefined;
  #whenStored: ((value: Value) => void) | undefined;
  /** Prepared at the first retirement. */
  #keys: Statement | undefined;
  readonly #dirty = new DirtySlots<Slot<Key, Value>>((left, right) => byKey(left.key, right.key));
  /** Slots that have changed since the last frame of the log, in the order of their first change. */
  #changed: Slot<Key, Value>[] = [];
  /** Slots with a row that may be evicted, in the order in which they became clean. */
  readonly #clean: Slot<Key, Value>[] = [];
  /** Sum of the characters of `#clean`, if they are limited. */
  #characters = 0;
  /** Whether there are rows that are not in memory. */
  #rowsOutside: boolean;
  /** The key that was looked up last and has no row: `get` and then `set` of a new key read its row once. */
  #missed: Key | undefined;

  constructor(log: OrderedLog, definition: TableDefinition<Value>) {
    this.definition = definition;
    this.#log = log;
    this.#keep = Math.min(definition.keep, log.keptMax);
    log.register(this);
    const { name } = definition;
    this.rows = new RowFormat({ name, key: definition.key, isGrouped: definition.groupOf !== undefined, kinds: definition.columns?.kinds });
    this.rows.create(log.database, [
      ...(definition.columns?.indexes ?? []),
      ...(definition.groupOf === undefined ? [] : ['(grp)']),
      '(resident) WHERE resident = 1',
      ...(definition.columns?.laterIndexes ?? []),
    ]);
    if (log.isUnclean) this.#verify();
    const { selected } = this.rows;
    this.#select = log.database.prepare(`SELECT ${selected} FROM ${name} WHERE key = ?`);
    this.#upsert = log.database.prepare(this.rows.insert(1));
    this.#upsertMany = log.database.prepare(this.rows.insert(ROWS_MAX));
    this.#remove = log.database.prepare(`DELETE FROM ${name} WHERE key = ?`);
    if (definition.groupOf !== undefined)
      this.#selectGroup = log.database.prepare(`SELECT ${selected} FROM ${name} WHERE grp = ? ORDER BY key`);
    this.#loadResident();
    this.#rowsOutside = log.database.prepare(`SELECT 1 AS one FROM ${name} WHERE resident = 0 LIMIT 1`).get() !== undefined;
  }

  get(key: Key): Value | undefined {
    return this.#find(key)?.value;
  }

  set(key: Key, value: Value): void {
    const slot = this.#find(key);
    if (slot !== undefined) this.#note(slot);
    const changed = this.#put(slot, key, value, this.#log.change());
    if (slot === undefined) this.#noteNew(changed);
    for (const written of this.#log.written) written(value);
  }

  delete(key: Key): void {
    const slot = this.#find(key);
    if (slot?.value === undefined) return;
    this.#note(slot);
    this.#clear(slot, this.#log.change());
  }

  encodeChanges(begin: (number: number) => FieldWriter): void {
    if (this.#changed.length === 0) return;
    for (const slot of this.#changed) {
      const { key, value, number, logged } = slot;
      slot.changed = false;
      slot.logged = undefined;
      if (value === undefined && logged === undefined) continue;
      const writer = begin(number);
      writer.number(value === undefined ? DELETE : logged === undefined ? FULL : DELTA);
      this.#writeKey(writer, key);
      if (value !== undefined) this.definition.codec.encode(writer, value, logged);
    }
    this.#changed = [];
  }

  /** Keeps the value of the last frame, before a change. */
  #note(slot: Slot<Key, Value>): void {
    if (slot.changed) return;
    slot.logged = slot.value;
    slot.changed = true;
    this.#changed.push(slot);
  }

  #noteNew(slot: Slot<Key, Value>): void {
    slot.changed = true;
    this.#changed.push(slot);
  }

  list(group: string): readonly Value[] {
    const found = new Map<Key, Value>();
    for (const slot of this.#groups.get(group) ?? []) if (slot.value !== undefined) found.set(slot.key, slot.value);
    if (this.#rowsOutside && this.#selectGroup !== undefined) {
      for (const row of (this.#selectGroup.all(group) as RawRow[]).map((raw) => this.rows.read(raw))) {
        if (!this.#slots.has(row.key)) found.set(row.key, this.#decode(row));
      }
    }
    return [...found.keys()].sort(byKey).map((key) => found.get(key) as Value);
  }

  /** The keys of the rows whose text is at or behind `from` and before `to`, without those that are deleted. `unsaved` has the other keys. */
  storedKeys(from: string, to: string): Key[] {
    this.#keys ??= this.#log.database.prepare(`SELECT CAST(key AS BLOB) AS bytes FROM ${this.definition.name} WHERE key >= ? AND key < ?`);
    const rows = this.#keys.all(from, to) as { readonly bytes: SqliteBlob }[];
    const keys = rows.map(({ bytes }) => blobBytes(bytes).toString('utf8') as Key);
    return keys.filter((key) => this.#slots.get(key)?.value !== undefined || !this.#slots.has(key));
  }

  /** The values that have changed since their rows were written, or have none. */
  *unsaved(): IterableIterator<{ readonly key: Key; readonly value: Value; readonly stored: boolean }> {
    for (const { key, value, stored, dirty } of this.#dirty.all()) if (dirty && value !== undefined) yield { key, value, stored };
  }

  /** The data of all rows that hold the newest value, a few read at a time, as text in which each byte is a character. Rows may change meanwhile. */
  *storedTexts(): IterableIterator<string> {
    const { name, key } = this.definition;
    const page = this.#log.database.prepare(
      `SELECT CAST(key AS ${key === 'text' ? 'BLOB' : 'INTEGER'}) AS place, CAST(data AS BLOB) AS bytes FROM ${name} WHERE key > ? ORDER BY key LIMIT ${TEXTS}`,
    );
    let last: string | number = key === 'text' ? '' : Number.MIN_SAFE_INTEGER;
    for (;;) {
      const rows = page.all(last) as { readonly place: number | SqliteBlob; readonly bytes: SqliteBlob }[];
      for (const { place, bytes } of rows) {
        last = typeof place === 'number' ? place : blobBytes(place).toString('utf8');
        if (this.#slots.get(last as Key)?.dirty === true) continue;
        const data = blobBytes(bytes);
        yield this.#log.seal ? this.#log.seal.open(data) : data.toString('latin1');
      }
      if (rows.length < TEXTS) return;
    }
  }

  *resident(): IterableIterator<Value> {
    for (const slot of this.#slots.values()) if (slot.value !== undefined) yield slot.value;
  }

  /** The value of a row. Undefined if the value must stay in memory, or memory has a newer one, or the row is deleted. */
  stored(row: Row<Key>): Value | undefined {
    const slot = this.#slots.get(row.key);
    if (slot === undefined) return this.#decode(row);
    return slot.dirty || (slot.value !== undefined && this.definition.resident?.(slot.value) === true) ? undefined : slot.value;
  }

  /** Calls `stored` when a value that need not stay in memory is in its row. */
  whenStored(stored: (value: Value) => void): void {
    this.#whenStored = stored;
  }

  /** The values of the rows whose key is not in memory. */
  outside(rows: readonly Row<Key>[]): Value[] {
    return rows.filter((row) => !this.#slots.has(row.key)).map((row) => this.#decode(row));
  }

  replay(reader: FieldReader, number: number): void {
    const kind = reader.number();
    const key = (this.definition.key === 'integer' ? reader.number() : reader.string()) as Key;
    const slot = this.#find(key);
    if (kind === DELETE) {
      if (slot !== undefined && slot.number < number) this.#clear(slot, number);
      return;
    }
    // Read in any case, because later records may refer to its strings.
    const value = this.definition.codec.decode(reader, kind === DELTA ? slot?.value : undefined);
    if (slot !== undefined && slot.number >= number) return;
    // A change without its base: a later change deleted the value, and its row is gone already.
    if (kind === DELTA && slot?.value === undefined) return;
    this.#put(slot, key, value, number);
  }

  beginCheckpoint(): void {
    this.#dirty.begin();
  }

  writeRows(deadline: number): boolean {
    return this.#dirty.write((slots) => this.#writeRows(slots), deadline);
  }

  endSlice(committed: boolean): void {
    for (const slot of this.#dirty.endSlice(committed)) this.#settle(slot);
    if (committed && (this.#clean.length > this.#keep || this.#isHeavy())) this.#evict();
  }

  #find(key: Key): Slot<Key, Value> | undefined {
    const slot = this.#slots.get(key);
    if (slot !== undefined || !this.#rowsOutside || key === this.#missed) return slot;
    const raw = this.#select.get(key) as RawRow | undefined;
    if (raw === undefined) {
      this.#missed = key;
      return undefined;
    }
    if (this.#clean.length > 2 * this.#keep || this.#isHeavy()) this.#evict();
    const row = this.rows.read(raw);
    const found = this.#add(key, this.#decode(row), row.number, true);
    this.#cache(found);
    return found;
  }

  #put(slot: Slot<Key, Value> | undefined, key: Key, value: Value, number: number): Slot<Key, Value> {
    const changed = slot ?? this.#add(key, value, number, false);
    if (key === this.#missed) this.#missed = undefined;
    changed.value = value;
    changed.number = number;
    this.#soil(changed);
    return changed;
  }

  #add(key: Key, value: Value, number: number, stored: boolean): Slot<Key, Value> {
    const slot: Slot<Key, Value> = { key, value, number, dirty: false, stored, changed: false, logged: undefined };
    this.#slots.set(key, slot);
    if (this.definition.groupOf !== undefined) {
      const group = this.definition.groupOf(value);
      const slots = this.#groups.get(group);
      if (slots === undefined) this.#groups.set(group, new Set([slot]));
      else slots.add(slot);
    }
    return slot;
  }

  /** Removes the value. If it has a row, the slot stays as a tombstone until a checkpoint deletes the row. */
  #clear(slot: Slot<Key, Value>, number: number): void {
    const value = slot.value;
    slot.value = undefined;
    slot.number = number;
    if (slot.stored) this.#soil(slot);
    else this.#drop(slot, value);
  }

  #soil(slot: Slot<Key, Value>): void {
    if (slot.dirty) return;
    slot.dirty = true;
    this.#dirty.add(slot);
  }

  #drop(slot: Slot<Key, Value>, value: Value | undefined): void {
    if (this.#slots.get(slot.key) === slot) this.#slots.delete(slot.key);
    if (this.definition.groupOf === undefined || value === undefined) return;
    const group = this.definition.groupOf(value);
    const slots = this.#groups.get(group);
    slots?.delete(slot);
    if (slots?.size === 0) this.#groups.delete(group);
  }

  #writeRows(slots: readonly Slot<Key, Value>[]): void {
    const rows: (readonly (string | number | Buffer | null)[])[] = [];
    for (const slot of slots) {
      const { key, value, stored } = slot;
      if (value === undefined) {
        if (stored) this.#remove.run(key);
        continue;
      }
      const { fields, data } = this.#rowOf(slot, value);
      const row = this.rows.values(fields, data);
      if (data.length > LARGE_ROW_BYTES) this.#upsert.run(...row);
      else rows.push(row);
    }
    if (rows.length === ROWS_MAX) this.#upsertMany.run(...rows.flat());
    else for (const row of rows) this.#upsert.run(...row);
  }

  #rowOf(slot: Slot<Key, Value>, value: Value): { readonly fields: readonly (string | number | null)[]; readonly data: Buffer } {
    const { codec, resident, groupOf, columns } = this.definition;
    codec.encode(this.#writer, value, undefined);
    const { text } = this.#writer;
    const data = this.#log.seal ? this.#log.seal.close(text) : Buffer.from(text, 'utf8');
    this.#writer.clear();
    const stays = resident?.(value) === true ? 1 : 0;
    const group = groupOf === undefined ? [] : [groupOf(value)];
    const fields = [slot.key, slot.number, stays, ...group, ...(columns?.of(value) ?? [])];
    return { fields, data };
  }

  /** The row of the slot is committed. */
  #settle(slot: Slot<Key, Value>): void {
    slot.dirty = false;
    slot.stored = slot.value !== undefined;
    if (slot.value === undefined) this.#drop(slot, undefined);
    else if (this.definition.resident?.(slot.value) !== true) {
      this.#whenStored?.(slot.value);
      this.#cache(slot);
    }
  }

  #cache(slot: Slot<Key, Value>): void {
    this.#clean.push(slot);
    this.#characters += this.#charactersOf(slot);
  }

  #charactersOf({ value }: Slot<Key, Value>): number {
    const { keepCharacters } = this.definition;
    return keepCharacters === undefined || value === undefined ? 0 : keepCharacters.of(value);
  }

  #isHeavy(): boolean {
    return this.#characters > (this.definition.keepCharacters?.most ?? Infinity);
  }

  /** Evicts the older of the cached values, so that half of the room is free. Values that changed meanwhile are cached again after their checkpoint. */
  #evict(): void {
    const room = (this.definition.keepCharacters?.most ?? Infinity) / 2;
    let [kept, characters] = [0, 0];
    while (kept < this.#keep >> 1 && kept < this.#clean.length) {
      const next = characters + this.#charactersOf(this.#clean[this.#clean.length - 1 - kept] as Slot<Key, Value>);
      if (next > room) break;
      [kept, characters] = [kept + 1, next];
    }
    this.#characters = characters;
    const going = this.#clean.splice(0, this.#clean.length - kept);
    for (const slot of going) {
      if (slot.dirty || slot.value === undefined || this.definition.resident?.(slot.value) === true) continue;
      this.#drop(slot, slot.value);
      this.#rowsOutside = true;
    }
  }

  #loadResident(): void {
    const { name } = this.definition;
    const raws = this.#log.database.prepare(`SELECT ${this.rows.selected} FROM ${name} WHERE resident = 1 ORDER BY key`).iterate();
    for (const raw of raws as IterableIterator<RawRow>) {
      const row = this.rows.read(raw);
      this.#add(row.key, this.#decode(row), row.number, true);
    }
  }

  #decode(row: Row<Key>): Value {
    if (!row.isIntact) this.#log.inspection.refuse(this.rows.damageOf(row));
    this.#reader.open(this.#textOf(row));
    return this.definition.codec.decode(this.#reader, undefined);
  }

  #textOf(row: Row<Key>): string {
    const { seal, inspection } = this.#log;
    if (!seal) return row.data.toString('utf8');
    try {
      return seal.open(row.data);
    } catch (cause) {
      return inspection.refuse(this.rows.damageOf(row), cause);
    }
  }

  /** Checks every row, because reads on demand do not find a changed key. */
  #verify(): void {
    const { name, key } = this.definition;
    const { database, inspection } = this.#log;
    const suspect = suspectRows(database, { name, key, fields: this.rows.fields });
    if (suspect === undefined) return;
    const damaged: Key[] = [];
    for (const raw of database
      .prepare(`SELECT ${this.rows.selected} FROM ${name} WHERE ${suspect}`)
      .iterate() as IterableIterator<RawRow>) {
      const row = this.rows.read(raw);
      if (row.isIntact) continue;
      inspection.note(this.rows.damageOf(row));
      damaged.push(row.key);
    }
    // As bytes, because a damaged text need not be UTF-8.
    const remove = database.prepare(`DELETE FROM ${name} WHERE ${key === 'text' ? 'CAST(key AS BLOB) = CAST(? AS BLOB)' : 'key = ?'}`);
    for (const gone of damaged) remove.run(gone);
  }

  #writeKey(writer: FieldWriter, key: Key): void {
    if (typeof key === 'number') writer.number(key);
    else writer.string(key);
  }
}
