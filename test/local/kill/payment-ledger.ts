import Database from 'libsql';
import { sqlStore, type Store } from 'tutti/service';

export type Tx = Database.Database;

/** The payment service's own database: what it did, and its claims and replies, in one SQLite file. */
export class PaymentLedger {
  readonly #database: Database.Database;
  #last: Promise<unknown> = Promise.resolve();

  constructor(file: string) {
    this.#database = new Database(file);
    this.#database.exec('pragma journal_mode = wal');
    // No unique key: were an effect written twice, both must be seen.
    this.#database.exec('create table if not exists effects (command_id text not null, command text not null, cart text not null)');
  }

  store(): Store<Tx> {
    return sqlStore<Tx>({
      transaction: (body) => this.#queued(() => this.#transact(body)),
      run: async (tx, sql, values) => {
        const statement = tx.prepare(sql);
        if (statement.reader) return statement.all(...values) as Record<string, unknown>[];
        statement.run(...values);
        return [];
      },
    });
  }

  effects(): readonly { readonly command_id: string; readonly command: string; readonly cart: string }[] {
    return this.#database.prepare('select command_id, command, cart from effects order by rowid').all() as never;
  }

  close(): void {
    this.#database.close();
  }

  #queued<T>(run: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(run);
    this.#last = turn.catch(() => undefined);
    return turn;
  }

  async #transact<T>(body: (tx: Tx) => Promise<T>): Promise<T> {
    this.#database.exec('begin immediate');
    try {
      const result = await body(this.#database);
      this.#database.exec('commit');
      return result;
    } catch (error) {
      this.#database.exec('rollback');
      throw error;
    }
  }
}
