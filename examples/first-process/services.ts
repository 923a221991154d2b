import { serve } from 'tutti/service';
import { flights, payments } from './book-seat.ts';

export const services = [
  serve(payments, {
    // Pass task.commandId to a payment provider as the idempotency key: it is equal on every run of this command.
    charge: async (_charge, task) => ({ paymentId: `paid by ${task.commandId}` }),
    refund: async () => {},
  }),
  serve(flights, {
    book: async ({ flight }, task) => {
      if (flight === 'BER-LIS') throw task.errors.SoldOut({});
      return { seat: '12A' };
    },
  }),
];
