import type { CommandRecord, IdempotencyStore, RecordWrite } from '../../../lib/ports/idempotency-store.ts';

/** The records as one caller sees them: the state that it has read or written last. */
export class SeenRecord implements IdempotencyStore {
  commandId = '';
  state: CommandRecord['state'] | undefined;
  readonly #inner: IdempotencyStore;

  constructor(inner: IdempotencyStore) {
    this.#inner = inner;
  }

  async read(commandId: string): Promise<CommandRecord | undefined> {
    const record = await this.#inner.read(commandId);
    this.commandId = commandId;
    this.state = record?.state;
    return record;
  }

  async write(commandId: string, record: Omit<CommandRecord, 'revision'>, expected: number | 'absent'): Promise<RecordWrite> {
    const written = await this.#inner.write(commandId, record, expected);
    this.state = written.status === 'written' ? record.state : written.current?.state;
    return written;
  }

  durable(): Promise<void> {
    return this.#inner.durable();
  }
}
