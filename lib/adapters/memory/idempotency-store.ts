import type { CommandRecord, IdempotencyStore, RecordWrite } from '../../ports/idempotency-store.ts';
import { MemoryTable, type Table } from './table.ts';

const WRITTEN: RecordWrite = { status: 'written' };

/** Records in a table, by command id. */
export class MemoryIdempotencyStore implements IdempotencyStore {
  readonly #records: Table<string, CommandRecord>;
  readonly #durable: (() => Promise<void>) | undefined;

  /** `durable` is that of the log under `records`. @default a table in memory, with nothing to wait for */
  constructor(records: Table<string, CommandRecord> = new MemoryTable(), durable?: () => Promise<void>) {
    this.#records = records;
    this.#durable = durable;
  }

  async read(commandId: string): Promise<CommandRecord | undefined> {
    return this.#records.get(commandId);
  }

  async write(commandId: string, record: Omit<CommandRecord, 'revision'>, expected: number | 'absent'): Promise<RecordWrite> {
    const current = this.#records.get(commandId);
    const revision = current === undefined ? 'absent' : current.revision;
    if (revision !== expected) return { status: 'conflict', current };
    this.#records.set(commandId, { ...record, revision: current === undefined ? 1 : current.revision + 1 });
    return WRITTEN;
  }

  async durable(): Promise<void> {
    await this.#durable?.();
  }
}
