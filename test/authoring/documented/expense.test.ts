import { everyCrash } from 'tutti/testing';
import { expect, test, vi } from 'vitest';
import { ExpenseApproved, ExpenseFiled, mail, people, reimburse } from './expense.ts';

const filed = { expenseId: 'e-1', amount: 120 };

test('an approval on the second day ends the reminders', async () => {
  await everyCrash(people, {}, async (world) => {
    await world.client.publish(ExpenseFiled, filed);
    await world.advance('25 hours');
    await world.client.publish(ExpenseApproved, { expenseId: 'e-1', by: 'ada' });
    expect(await world.client.result(reimburse, 'e-1')).toEqual({ approvedBy: 'ada' });
  });
});

test('three reminders without an approval end the process, and each mail keeps its key', async () => {
  const send = vi.spyOn(mail, 'send');
  await everyCrash(people, {}, async (world) => {
    send.mockClear();
    await world.client.publish(ExpenseFiled, filed);
    await expect(world.client.result(reimburse, 'e-1')).rejects.toSatisfy(reimburse.failed);
    expect(new Set(send.mock.calls.map(([, , key]) => key)).size).toBe(3);
  });
});
