import { serve } from 'tutti/service';
import { people } from './shop.ts';

/** The bundled function runs in the process of the test, which answers later by this token. */
export const handler = serve(people, {
  approve: async ({ orderId }, task) => {
    Reflect.set(globalThis, `token of ${orderId}`, task.token);
    return task.defer();
  },
});
