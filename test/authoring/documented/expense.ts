import * as z from 'zod';
import { event, process, system } from 'tutti';

export const ExpenseFiled = event('people.expense-filed', z.object({ expenseId: z.string(), amount: z.int() }));
export const ExpenseApproved = event('people.expense-approved', z.object({ expenseId: z.string(), by: z.string() }));

/** In place of a mail provider. */
export const mail = { send: async (_to: string, _text: string, _key: string) => {} };

export const reimburse = process(
  'reimburse',
  {
    startOn: ExpenseFiled.byId(({ expenseId }) => expenseId),
    receives: [ExpenseApproved.byId(({ expenseId }) => expenseId)],
    errors: { NotApproved: z.object({ reminders: z.int() }) },
  },
  async (ctx, { expenseId, amount }) => {
    for (let day = 1; day <= 3; day += 1) {
      await ctx.run('remind', (task) => mail.send('boss@example.org', `${expenseId}: ${amount} EUR?`, task.commandId));
      const approval = await ctx.waitFor(ExpenseApproved, { timeout: '1 day' });
      if (approval !== undefined) return { approvedBy: approval.by };
    }
    throw ctx.errors.NotApproved({ reminders: 3 });
  },
);

export const people = system('people', { processes: [reimburse], services: [] });
