import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startLocal } from 'tutti/local';
import { serve } from 'tutti/service';
import { bookTrip, cartOf, Checkout, flights, hotels, notifications, payments, trips } from './booking-system.ts';
import { ForeignSystem } from './foreign-system.ts';
import { PaymentLedger, type Tx } from './payment-ledger.ts';

// The program of kill.test.ts: opens the folder, publishes the first `count` carts (those of earlier lives again), waits until
// all of them have ended, and writes the file `done`. It may be killed at any instant.
const [, , folder = '', count = '0', engine] = process.argv;
const ledger = new PaymentLedger(join(folder, 'payments.db'));
const foreign = new ForeignSystem(join(folder, 'foreign.jsonl'));

/** Real services take their time, so a kill finds some of them at work. */
const work = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, Math.random() * 20));

const write = (tx: Tx, ...values: readonly string[]): void => {
  tx.prepare('insert into effects (command_id, command, cart) values (?, ?, ?)').run(...values);
};

const paymentService = serve(
  payments,
  {
    charge: {
      effect: 'transaction',
      run: async ({ cartId, fate }, { tx, commandId, errors }) => {
        if (fate === 'declined') throw errors.CardDeclined({});
        write(tx, commandId, 'payments.charge', cartId);
        await work();
        return { paymentId: cartId };
      },
    },
    refund: {
      effect: 'transaction',
      run: async ({ paymentId }, { tx, commandId }) => {
        await work();
        write(tx, commandId, 'payments.refund', paymentId);
      },
    },
  },
  { store: ledger.store() },
);

/** Before and after the effect there is time to be killed in. */
const foreignEffect = async (key: string, command: string, cart: string): Promise<string> => {
  await work();
  const answer = foreign.request(key, command, cart);
  await work();
  return answer;
};

const flightService = serve(flights, {
  book: async ({ cartId, fate }, { commandId, errors }) => {
    if (fate === 'no-flight') throw errors.SoldOut({});
    return { reference: `${cartId}/${await foreignEffect(commandId, 'flights.book', cartId)}` };
  },
  cancel: async ({ reference }, { commandId }) => void (await foreignEffect(commandId, 'flights.cancel', reference.split('/')[0] ?? '')),
});

const hotelService = serve(hotels, {
  book: async ({ cartId, fate }, { commandId, errors }) => {
    if (fate === 'no-hotel') throw errors.SoldOut({});
    return { reference: `${cartId}/${await foreignEffect(commandId, 'hotels.book', cartId)}` };
  },
  cancel: async ({ reference }, { commandId }) => void (await foreignEffect(commandId, 'hotels.cancel', reference.split('/')[0] ?? '')),
});

const notificationService = serve(notifications, {
  notify: async ({ cartId }, { commandId }) => void (await foreignEffect(commandId, 'notifications.notify', cartId)),
});

const local = await startLocal(trips, {
  checks: false,
  directory: join(folder, 'state'),
  // In a thread of its own or beside the services: the folder is the same.
  ...(engine === 'threaded' && { entry: new URL('./booking-system.js', import.meta.url) }),
  services: [paymentService, flightService, hotelService, notificationService],
});
const carts = Array.from({ length: Number(count) }, (_, number) => cartOf(number));
for (const cart of carts) await local.client.publish(Checkout, cart, { id: cart.cartId });
await Promise.allSettled(carts.map((cart) => local.client.result(bookTrip, cart.cartId)));
await local.stop();
ledger.close();
writeFileSync(join(folder, 'done'), count);
