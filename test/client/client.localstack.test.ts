import { aws } from 'tutti/client';
import { clientContract } from './client.contract.ts';
import { hostDeployment } from './hosted-deployment.ts';
import { reachedShop } from './reached-shop.ts';
import { peopleHandler, shop, stockHandler } from './shop-orders.ts';

clientContract('aws()', async () => {
  const { name, close } = await hostDeployment(shop, [stockHandler, peopleHandler]);
  return reachedShop(aws({ name }), close);
});
