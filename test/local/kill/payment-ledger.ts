import Database from 'libsql';
import type { Store } from 'tutti/service';
import { storeOn } from '../../service/sqlite-turns.ts';

export type Tx = Database.Database;

/** The payment service's own database: what it did, and its claims and replies, in one SQLite file. */
export class PaymentLedger {
  readonly #database: Database.Database;

  constructor(file: string) {
    this.#database = new Database(file);
    this.#database.exec('pragma journal_mode = wal');
    // No unique key: were an effect written twice, both must be seen.
    this.#database.exec('create table if not exists effects (command_id text not null, command text not null, cart text not null)');
  }

  store(): Store<Tx> {
    return storeOn(this.#database);
  }

  effects(): readonly { readonly command_id: string; readonly command: string; readonly cart: string }[] {
    return this.#database.prepare('select command_id, command, cart from effects order by rowid').all() as never;
  }

  close(): void {
    this.#database.close();
  }
}
