import type Database from 'libsql';
import { sqlStore, type Store } from 'tutti/service';

/**
 * A connection to SQLite as the store of a service. It can have one transaction open at a time, so they take turns.
 * `beforeCommit` may throw, as a full disk does.
 */
export function storeOn(database: Database.Database, beforeCommit?: () => void): Store<Database.Database> {
  let last: Promise<unknown> = Promise.resolve();
  return sqlStore<Database.Database>({
    transaction: (body) => {
      const turn = last.then(() => transact(database, body, beforeCommit));
      // A turn also runs after a previous turn that failed.
      last = turn.catch(() => undefined);
      return turn;
    },
    run: async (tx, sql, values) => {
      const statement = tx.prepare(sql);
      if (statement.reader) return statement.all(...values) as Record<string, unknown>[];
      statement.run(...values);
      return [];
    },
  });
}

async function transact<T>(
  database: Database.Database,
  body: (tx: Database.Database) => Promise<T>,
  beforeCommit: (() => void) | undefined,
): Promise<T> {
  database.exec('begin immediate');
  try {
    const result = await body(database);
    beforeCommit?.();
    database.exec('commit');
    return result;
  } catch (error) {
    database.exec('rollback');
    throw error;
  }
}
