import type { CommandRecord, RecordWrite } from '../../../../lib/ports/idempotency-store.ts';
import type { RecordAccess, Store, TransactionalRecords } from '../../../../lib/service/store.ts';

type Body = Omit<CommandRecord, 'revision'>;

/** The transaction that a handler of effect class `transaction` writes through. */
export interface MemoryTransaction {
  /** Registers an act that runs in the instant of the commit. A rollback drops it. */
  onCommit(act: () => void): void;
}

/**
 * The database of a service, with optimistic transactions. A commit is atomic, and nothing of a transaction is visible before it. The
 * commit fails if a record that the transaction read or wrote was changed meanwhile. A worker that freezes inside a transaction blocks no
 * other worker.
 */
export class MemoryDatabase implements TransactionalRecords {
  readonly #records = new Map<string, CommandRecord>();

  get store(): Store<MemoryTransaction> {
    return Object.freeze({ '~records': this }) as unknown as Store<MemoryTransaction>;
  }

  async read(commandId: string): Promise<CommandRecord | undefined> {
    return this.#records.get(commandId);
  }

  async write(commandId: string, record: Body, expected: number | 'absent'): Promise<RecordWrite> {
    const current = this.#records.get(commandId);
    if ((current?.revision ?? 'absent') !== expected) return { status: 'conflict', current };
    this.#records.set(commandId, { ...record, revision: expected === 'absent' ? 1 : expected + 1 });
    return { status: 'written' };
  }

  async durable(): Promise<void> {}

  async transact<T>(body: (tx: unknown, records: RecordAccess) => Promise<T>): Promise<T> {
    const seen = new Map<string, number | 'absent'>();
    const changed = new Map<string, CommandRecord>();
    const acts: (() => void)[] = [];
    const read = (id: string): CommandRecord | undefined => {
      if (!seen.has(id)) seen.set(id, this.#records.get(id)?.revision ?? 'absent');
      return changed.get(id) ?? this.#records.get(id);
    };
    const access: RecordAccess = {
      read: async (id) => read(id),
      write: async (id, record, expected) => {
        const current = read(id);
        if ((current?.revision ?? 'absent') !== expected) return { status: 'conflict', current };
        changed.set(id, { ...record, revision: expected === 'absent' ? 1 : expected + 1 });
        return { status: 'written' };
      },
    };
    const tx: MemoryTransaction = { onCommit: (act) => acts.push(act) };
    const result = await body(tx, access);
    for (const [id, revision] of seen)
      if ((this.#records.get(id)?.revision ?? 'absent') !== revision)
        throw new Error(`The transaction on ${id} lost against another: it is rolled back.`);
    for (const [id, record] of changed) this.#records.set(id, record);
    for (const act of acts) act();
    return result;
  }
}
