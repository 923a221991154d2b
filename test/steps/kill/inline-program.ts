import { join } from 'node:path';
import { startLocal } from 'tutti/local';
import { placeForeignSystems } from '../../../examples/foreign-systems/ledger.ts';
import { bookTrip, CartCheckedOut, trips } from '../../../examples/inline-booking/book-trip.ts';
import { cartOf } from './inline-carts.ts';

// The program of kill.test.ts: publishes the first `count` carts, those of earlier lives again, and ends when all have ended.
const [, , folder = '', count = '0'] = process.argv;
placeForeignSystems(join(folder, 'foreign'));
const { client, stop } = await startLocal(trips, { directory: join(folder, 'state'), services: [], checks: false });
const carts = Array.from({ length: Number(count) }, (_, number) => cartOf(number));
for (const cart of carts) await client.publish(CartCheckedOut, cart, { id: cart.cartId });
await Promise.allSettled(carts.map(({ cartId }) => client.result(bookTrip, cartId)));
await stop();
