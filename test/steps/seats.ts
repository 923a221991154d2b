import * as z from 'zod';
import { event, process, system, type StepTask } from 'tutti';

/** A process with inline steps, and the foreign systems that its steps call. */
export const CartCheckedOut = event('shop.cart-checked-out', z.object({ cartId: z.string(), total: z.int(), flight: z.string() }));
export const cart = { cartId: 'c-1', total: 10_000, flight: 'BER-LIS' };

/** A bank that knows idempotency keys. */
export class Bank {
  readonly charges = new Map<string, number>();
  readonly refunds = new Map<string, string>();
  calls = 0;

  async charge(cents: number, key: string): Promise<{ paymentId: string; cents: number }> {
    this.calls += 1;
    this.charges.set(key, cents);
    return { paymentId: `p-${cents}`, cents };
  }

  async refund(paymentId: string, key: string): Promise<{ ok: true }> {
    this.refunds.set(key, paymentId);
    return { ok: true };
  }
}

export interface Foreign {
  readonly bank: Pick<Bank, 'charge' | 'refund'>;
  readonly book: (flight: string, task: StepTask) => Promise<string>;
}

/** The process captures local variables, runs steps in parallel, in a scope, in a loop and in a compensation. */
export const seatsWith = ({ bank, book }: Foreign) => {
  const bookSeat = process('book-seat', { startOn: CartCheckedOut.byId((each) => each.cartId) }, async (ctx, { total, flight }) => {
    const fee = Math.round(total * 0.02);
    const paid = await ctx.run('charge', (task) => bank.charge(total + fee, task.commandId), {
      undo: (receipt, task) => bank.refund(receipt.paymentId, task.commandId),
    });
    const [seat, html] = await Promise.all([
      ctx.scope('trip', async (ctx) => ctx.run('book', (task) => book(flight, task))),
      ctx.run('render', async () => `<b>${paid.paymentId}</b>`),
    ]);
    return { seat, html };
  });
  return { bookSeat, seats: system('seats', { processes: [bookSeat], services: [] }) };
};
