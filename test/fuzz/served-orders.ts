import { command, service } from 'tutti';
import { z } from 'zod';
import { serve } from '../../lib/service/serve.ts';
import type { Served } from '../../lib/service/served.ts';

const Order = z.object({ orderId: z.string(), how: z.string().optional(), text: z.string().optional() });

export const payments = service('payments', {
  charge: command({
    input: Order,
    output: z.object({ paymentId: z.string() }),
    errors: { Declined: z.object({ reason: z.string() }) },
  }),
  once: command({ input: Order }),
});

/** The input of one run of a handler. */
export interface Runs {
  readonly commandId: string;
  readonly input: unknown;
}

/** Commands contain the text escaped once more. A message cannot contain a lone surrogate, but a handler can create one. */
const rawText = (escaped = ''): string => JSON.parse(`"${escaped}"`) as string;

/** A service that behaves as its input says, with hostile text wherever a handler can return text. */
export const servedPayments = (runs: Runs[]): Served =>
  serve(payments, {
    charge: async (input, task) => {
      runs.push({ commandId: task.commandId, input });
      const text = rawText(input.text);
      switch (input.how) {
        case 'declines':
          throw task.errors.Declined({ reason: 'no' }, text);
        case 'throws':
          throw new TypeError(text);
        case 'throws no error':
          throw Object.assign(Object.create(null) as object, { text });
        case 'defers':
          return task.defer();
        case 'breaks its contract':
          return { paymentId: 7 } as never;
        case 'answers at length':
          return { paymentId: (text || 'x').repeat(Math.ceil(200_000 / (text.length || 1))).slice(0, 200_000) };
        default:
          return { paymentId: 'p-1' };
      }
    },
    once: {
      effect: 'once',
      run: async (input, task) => {
        runs.push({ commandId: task.commandId, input });
        if (input.how !== undefined) throw new TypeError(rawText(input.text));
      },
    },
  });
