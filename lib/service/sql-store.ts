import assert from 'node:assert';
import type { CommandRecord, RecordWrite } from '../ports/idempotency-store.ts';
import type { RecordAccess, Store, TransactionalRecords } from './store.ts';

type Row = Readonly<Record<string, unknown>>;
type Body = Omit<CommandRecord, 'revision'>;

/** Access to a SQL database: SQLite, libSQL, PostgreSQL, or another that has `on conflict … do nothing` and `returning`. */
export interface SqlStoreOptions<Tx> {
  /** Runs `body` in one transaction: commits when it resolves, rolls back and rethrows when it rejects. */
  readonly transaction: <T>(body: (tx: Tx) => Promise<T>) => Promise<T>;
  /**
   * Runs one statement in the transaction and returns its rows. `values` replace the `?` of `sql`, in order.
   * @default `tx.query(sql, values)` with `$1`, `$2`, … if `tx` has `query`, as in node-postgres; else `tx.execute({ sql, args })`, as in
   * libSQL's client
   */
  readonly run?: (tx: Tx, sql: string, values: readonly (string | number)[]) => Promise<readonly Row[]>;
}

const CREATE = 'create table if not exists tutti_commands (id text primary key, revision integer not null, record text not null)';
const READ = 'select revision, record from tutti_commands where id = ?';
const INSERT = 'insert into tutti_commands (id, revision, record) values (?, 1, ?) on conflict (id) do nothing returning revision';
const UPDATE = 'update tutti_commands set revision = ?, record = ? where id = ? and revision = ? returning revision';

/**
 * Keeps the command records of a service in the table `tutti_commands` of its own database. The store creates the table at the first
 * command. A handler of effect class `transaction` writes through `task.tx`: claim, effect and reply commit in one transaction.
 * @example import { sqlStore } from 'tutti/service'; const store = sqlStore({ transaction: body => database.transaction(body) });
 */
export function sqlStore<Tx>(options: SqlStoreOptions<Tx>): Store<Tx> {
  const records = new SqlRecords(options as SqlStoreOptions<unknown>);
  return Object.freeze({ '~records': records }) as unknown as Store<Tx>;
}

class SqlRecords implements TransactionalRecords {
  readonly #transaction: SqlStoreOptions<unknown>['transaction'];
  readonly #run: NonNullable<SqlStoreOptions<unknown>['run']>;
  #created: Promise<void> | undefined;

  constructor(options: SqlStoreOptions<unknown>) {
    // The options may be the database object itself, so its functions are called as methods.
    this.#transaction = (body) => options.transaction(body);
    this.#run = options.run === undefined ? runByDriver : options.run.bind(options);
  }

  read(commandId: string): Promise<CommandRecord | undefined> {
    return this.transact((_, records) => records.read(commandId));
  }

  write(commandId: string, record: Body, expected: number | 'absent'): Promise<RecordWrite> {
    return this.transact((_, records) => records.write(commandId, record, expected));
  }

  /** Nothing to wait for: a commit of the database is durable. */
  async durable(): Promise<void> {}

  async transact<T>(body: (tx: unknown, records: RecordAccess) => Promise<T>): Promise<T> {
    await (this.#created ??= this.#create());
    return this.#transaction((tx) => body(tx, this.#access(tx)));
  }

  async #create(): Promise<void> {
    try {
      await this.#transaction(async (tx) => void (await this.#run(tx, CREATE, [])));
    } catch (error) {
      // The database may be unavailable: the next command tries again.
      this.#created = undefined;
      throw error;
    }
  }

  #access(tx: unknown): RecordAccess {
    const read = async (commandId: string): Promise<CommandRecord | undefined> => {
      const [row] = await this.#run(tx, READ, [commandId]);
      return row === undefined ? undefined : { ...(JSON.parse(String(row['record'])) as Body), revision: Number(row['revision']) };
    };
    const write = async (commandId: string, record: Body, expected: number | 'absent'): Promise<RecordWrite> => {
      const text = JSON.stringify(record);
      // The primary key makes the insert of a second worker wait until the first worker has committed.
      const rows =
        expected === 'absent'
          ? await this.#run(tx, INSERT, [commandId, text])
          : await this.#run(tx, UPDATE, [expected + 1, text, commandId, expected]);
      return rows.length === 1 ? { status: 'written' } : { status: 'conflict', current: await read(commandId) };
    };
    return { read, write };
  }
}

interface Driver {
  query?(sql: string, values: readonly unknown[]): Promise<{ readonly rows: readonly Row[] } | readonly Row[]>;
  execute?(statement: { readonly sql: string; readonly args: readonly unknown[] }): Promise<{ readonly rows: readonly Row[] }>;
}

async function runByDriver(tx: unknown, sql: string, values: readonly (string | number)[]): Promise<readonly Row[]> {
  const driver = tx as Driver;
  if (typeof driver.query === 'function') {
    const result = await driver.query(numbered(sql), values);
    return 'rows' in result ? result.rows : result;
  }
  assert(typeof driver.execute === 'function', 'sqlStore was given a transaction with neither query nor execute: pass the option run');
  return (await driver.execute({ sql, args: values })).rows;
}

/** Replaces `?`, `?` by `$1`, `$2`. */
function numbered(sql: string): string {
  let count = 0;
  return sql.replaceAll('?', () => `$${++count}`);
}
