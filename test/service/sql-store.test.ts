import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'libsql';
import { afterEach, describe, expect, test } from 'vitest';
import { sqlStore } from '../../lib/service/sql-store.ts';
import { storeRecords, type Store } from '../../lib/service/store.ts';
import { idempotencyStoreContract } from '../contracts/idempotency-store.contract.ts';
import { servePayments } from './payments.ts';
import { ID, ServiceRig, SETTLING } from './service-rig.ts';
import { storeOn } from './sqlite-turns.ts';

/** One connection to a SQLite file. */
class Ledger {
  readonly database: Database.Database;
  failCommit = false;

  constructor(file: string) {
    this.database = new Database(file);
    this.database.exec('create table if not exists charges (id text primary key, amount integer not null)');
  }

  get charges(): unknown[] {
    return this.database.prepare('select id, amount from charges').all();
  }

  store(): Store<Database.Database> {
    return storeOn(this.database, () => {
      if (this.failCommit) throw new TypeError('the disk is full');
    });
  }
}

const open: { ledger: Ledger; directory: string }[] = [];
afterEach(() => {
  for (const { ledger, directory } of open.splice(0)) {
    ledger.database.close();
    rmSync(directory, { recursive: true });
  }
});

function newLedger(): Ledger {
  const directory = mkdtempSync(join(tmpdir(), 'tutti-sql-'));
  const ledger = new Ledger(join(directory, 'service.db'));
  open.push({ ledger, directory });
  return ledger;
}

idempotencyStoreContract('SQL, on a libSQL file', () => storeRecords(newLedger().store())!);

function charging(ledger: Ledger, then: (runs: number) => unknown = () => ({ paymentId: 'p-7' })): ServiceRig {
  let runs = 0;
  return new ServiceRig(
    servePayments<Database.Database>(
      {
        effect: 'transaction',
        cancel: async (_input, task) => void task.tx.prepare('delete from charges where id = ?').run(task.commandId),
        run: async (input, task) => {
          task.tx.prepare('insert into charges (id, amount) values (?, ?)').run(task.commandId, input.amount);
          runs++;
          if (input.amount === 13) throw task.errors.CardDeclined({ reason: 'unlucky' });
          if (input.amount === 99) return task.defer();
          return then(runs) as { paymentId: string };
        },
      },
      { store: ledger.store() },
    ),
  );
}

describe('effect class transaction', () => {
  test('claim, effect and reply commit together, and a duplicate does not run', async () => {
    const ledger = newLedger();
    const rig = charging(ledger);
    rig.send();
    await rig.deliver();
    rig.send({ attempt: 2 });
    await rig.deliver();
    expect(ledger.charges).toEqual([{ id: ID, amount: 5 }]);
    expect(rig.outcomes()).toEqual(['completed', 'completed']);
    expect(ledger.database.prepare('select count(*) as n from tutti_commands').get()).toMatchObject({ n: 1 });
  });

  test('two copies in one batch run once', async () => {
    const ledger = newLedger();
    const rig = charging(ledger);
    rig.send();
    rig.send({ attempt: 2 });
    expect(await rig.deliver()).toMatchObject([{ action: 'deleted' }, { action: 'deleted' }]);
    expect(ledger.charges).toHaveLength(1);
    expect(rig.replies[1]).toEqual(rig.replies[0]);
  });

  test('a declared error rolls the effect back and records the failure', async () => {
    const ledger = newLedger();
    const rig = charging(ledger);
    rig.send({ data: { amount: 13, card: 'c' } });
    await rig.deliver();
    await rig.deliver();
    expect(ledger.charges).toEqual([]);
    expect(rig.replies).toMatchObject([{ outcome: 'failed', data: { type: 'CardDeclined' } }]);
    expect(await storeRecords(ledger.store())!.read(ID)).toMatchObject({ state: 'FAILED' });
  });

  test('a handler that throws or a failed commit leaves only the count of runs, and the command runs again', async () => {
    const ledger = newLedger();
    const rig = charging(ledger, (runs) => {
      if (runs === 1) throw new TypeError('oops');
      return { paymentId: 'p-7' };
    });
    rig.send();
    expect(await rig.deliver()).toMatchObject([{ action: 'given-back' }]);
    expect(ledger.charges).toEqual([]);
    ledger.failCommit = true;
    rig.clock.advance(2_000);
    expect(await rig.deliver()).toMatchObject([{ action: 'given-back' }]);
    ledger.failCommit = false;
    const stands = await storeRecords(ledger.store())!.read(ID);
    expect(stands).toMatchObject({ state: 'RUN', failures: 1 });
    expect(stands).not.toHaveProperty('maybeDone');
    expect(rig.replies).toEqual([]);
    rig.clock.advance(4_000);
    await rig.deliver();
    expect(ledger.charges).toHaveLength(1);
    expect(rig.outcomes()).toEqual(['completed']);
  });

  test('a deferral commits with its effect, and settling an unknown command cancels it', async () => {
    const ledger = newLedger();
    const rig = charging(ledger);
    rig.send({ data: { amount: 99, card: 'c' } });
    rig.send({ ...SETTLING, id: 'default#book-trip#cart-1/r1/1' });
    await rig.deliver();
    expect(rig.outcomes().toSorted()).toEqual(['cancelled', 'deferred']);
    expect(ledger.charges).toHaveLength(1);
    expect(await storeRecords(ledger.store())!.read(ID)).toMatchObject({ state: 'DEFERRED' });
  });

  test('a deferred command is cancelled in one transaction with its cancel', async () => {
    const ledger = newLedger();
    const rig = charging(ledger);
    rig.send({ data: { amount: 99, card: 'c' } });
    await rig.deliver();
    rig.send({ ...SETTLING, data: { amount: 99, card: 'c' } });
    await rig.deliver();
    expect(rig.outcomes()).toEqual(['deferred', 'cancelled']);
    expect(ledger.charges).toEqual([]);
    expect(await storeRecords(ledger.store())!.read(ID)).toMatchObject({ state: 'TOMB' });
  });

  test('a command is failed as retryable after its attempts, since each effect was rolled back', async () => {
    const ledger = newLedger();
    const rig = charging(ledger, () => {
      throw new TypeError('oops');
    });
    rig.send({ retryattempts: 2 });
    await rig.deliver();
    rig.clock.advance(1_000);
    await rig.deliver();
    expect(rig.replies).toMatchObject([{ outcome: 'failed', retryable: true, attempts: 2, data: { type: 'TypeError', message: 'oops' } }]);
    expect(ledger.charges).toEqual([]);
  });
});

describe('the default driver', () => {
  test('a transaction with query gets numbered values and returns its rows', async () => {
    const said: unknown[] = [];
    const tx = {
      query: async (sql: string, values: readonly unknown[]) => (
        said.push([sql, values]),
        { rows: [{ revision: '4', record: '{"state":"TOMB","hash":"h"}' }] }
      ),
    };
    const records = storeRecords(sqlStore<typeof tx>({ transaction: (body) => body(tx) }))!;
    expect(await records.read('a')).toEqual({ state: 'TOMB', hash: 'h', revision: 4 });
    expect(said[1]).toEqual(['select revision, record from tutti_commands where id = $1', ['a']]);
  });

  test('a transaction with execute gets the statement and its arguments', async () => {
    const said: unknown[] = [];
    const tx = { execute: async (statement: unknown) => (said.push(statement), { rows: [] }) };
    const records = storeRecords(sqlStore<typeof tx>({ transaction: (body) => body(tx) }))!;
    expect(await records.read('a')).toBeUndefined();
    expect(said[1]).toEqual({ sql: 'select revision, record from tutti_commands where id = ?', args: ['a'] });
  });
});
