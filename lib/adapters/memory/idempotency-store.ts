import type { CommandRecord, IdempotencyStore, RecordWrite } from '../../ports/idempotency-store.ts';

const WRITTEN: RecordWrite = { status: 'written' };

/** Records in a map: for tests and virtual time. Nothing survives the process, so `durable` has nothing to wait for. */
export class MemoryIdempotencyStore implements IdempotencyStore {
  readonly #records = new Map<string, CommandRecord>();

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

  async durable(): Promise<void> {}
}
