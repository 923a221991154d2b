import { connect } from 'tutti/client';
import { local } from 'tutti/local';
import { order, shop } from '../client/shop-orders.ts';

// Another process than the one that runs the shop. It asks, gives up waiting once, and has nothing left to do: then it must end by itself.
const [, , folder = ''] = process.argv;
const client = connect(shop, local(folder));
const { started } = await client.start(order, { orderId: 'o-1', item: 'lamp' });
const waited = await client.result(order, 'o-1', { timeout: '0.05 seconds' }).catch((error: { readonly code: string }) => error.code);
process.stdout.write(JSON.stringify({ started, waited }));
