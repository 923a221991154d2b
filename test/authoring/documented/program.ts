import { system, type StartOf } from 'tutti';
import { aws, connect, type Client } from 'tutti/client';
import { startLocal } from 'tutti/local';
import { carrierService, type CarrierApi } from './carrier-service.ts';
import { carrier, OrderCancelled, payments } from './contracts.ts';
import { deliver } from './deliver.ts';

export const shop = system('shop', { processes: [deliver], services: [payments, carrier] });

// region client
/** The body of an HTTP route of the shop. It is the same on AWS, in one process and in a test. */
export const placeOrder = async (client: Client, order: StartOf<typeof deliver>): Promise<string> => {
  const { id } = await client.start(deliver, order, { onOpen: 'attach', tags: { channel: 'web' } });
  const { stage } = await client.query(deliver, id);
  return `order ${id} is ${stage}`;
};
export const cancelOrder = (client: Client, orderId: string): Promise<unknown> =>
  client.signal(deliver, orderId, OrderCancelled, { orderId });
// endregion

/** No test calls it, because it needs AWS. */
export const onAws = async (api: CarrierApi): Promise<readonly Client[]> => {
  // region reach
  const deployed = connect(shop, aws({ name: 'shop' })); // an Orchestrator of tutti/cdk made it
  const { client: embedded, stop } = await startLocal(shop, { directory: '.tutti', services: [carrierService(api)] });
  // endregion
  await stop();
  return [deployed, embedded];
};
