import Database from 'libsql';
import { expect, test } from 'vitest';
import * as z from 'zod';
import { command, event, process, service, system } from 'tutti';
import { startLocal, type LocalSystem } from 'tutti/local';
import { serve } from 'tutti/service';
import type { System } from '../../lib/contract/system.ts';
import { storeOn } from '../service/sqlite-turns.ts';

const CaseOpened = event('web.case-opened', z.object({ id: z.string(), amount: z.int() }));
const ledger = service('ledger', { book: command({ input: z.object({ amount: z.int() }), output: z.object({ sum: z.int() }) }) });
const bookOf = (factor: number) =>
  process('book', { startOn: CaseOpened.byId(({ id }) => id) }, (ctx, { amount }) => ctx.call(ledger.book, { amount: amount * factor }));
const [bookClaim, bookRefund] = [bookOf(1), bookOf(-1)];
const claims = system('claims', { processes: [bookClaim], services: [ledger] });
const refunds = system('refunds', { processes: [bookRefund], services: [ledger] });

/** The ledger with its records in its own database, which both systems share. */
function ledgerOn(database: Database.Database) {
  database.exec('create table bookings (key text primary key, amount integer)');
  return serve(
    ledger,
    {
      book: {
        effect: 'transaction',
        run: async ({ amount }, task) => {
          task.tx.prepare('insert into bookings (key, amount) values (?, ?)').run(task.commandId, amount);
          return { sum: amount };
        },
      },
    },
    { store: storeOn(database) },
  );
}

const fault = (error: unknown): void => {
  throw error;
};
const started: LocalSystem[] = [];
const start = async (
  of: System<string>,
  services: readonly ReturnType<typeof ledgerOn>[],
  keysNameSystem = false,
): Promise<LocalSystem> => {
  const local = await startLocal(of, { services, keysNameSystem, onFault: fault });
  started.push(local);
  return local;
};
const stopAll = async (): Promise<void> => {
  for (const local of started.splice(0)) await local.stop();
};

test('two systems that share a service and its database book equal command ids twice', async () => {
  const database = new Database(':memory:');
  const served = ledgerOn(database);
  try {
    const [first, further] = [await start(claims, [served]), await start(refunds, [served], true)];
    await first.client.publish(CaseOpened, { id: '1', amount: 5 }, { id: 'e-1' });
    await further.client.publish(CaseOpened, { id: '1', amount: 5 }, { id: 'e-1' });
    expect(await first.client.result(bookClaim, '1')).toEqual({ sum: 5 });
    expect(await further.client.result(bookRefund, '1')).toEqual({ sum: -5 });
    const rows = database.prepare('select key, amount from bookings order by amount desc').all() as { key: string; amount: number }[];
    const [bare = ''] = rows.map(({ key }) => key);
    expect(rows).toEqual([
      { key: bare, amount: 5 },
      { key: `refunds|${bare}`, amount: -5 },
    ]);
  } finally {
    await stopAll();
    database.close();
  }
});

test('a second system that runs the same service under the same record keys is refused until the first has stopped', async () => {
  const database = new Database(':memory:');
  const served = ledgerOn(database);
  try {
    const first = await start(claims, [served]);
    await expect(start(refunds, [served])).rejects.toThrow(
      'The service ledger runs for the systems claims and refunds in this process: expected record keys that name one of them.',
    );
    await first.stop();
    started.length = 0;
    await start(refunds, [served]);
  } finally {
    await stopAll();
    database.close();
  }
});
