import { dynamoStore, serve } from 'tutti/service';
import { stock } from './shop.ts';

export const handler = serve(
  stock,
  {
    take: {
      effect: 'transaction',
      run: async ({ orderId, text }, task) => {
        if (text === 'later') throw task.retryAfter('1 hour', 'the shelf is locked');
        task.tx.put({ id: `taken ${orderId}` });
        return { shelf: orderId, text };
      },
    },
    giveBack: async () => {},
  },
  { store: dynamoStore() },
);
