import * as z from 'zod';
import { command, event, process, service, type Context } from 'tutti';

/** The events and commands of the processes in these tests. */
export const Checkout = event('shop.checkout', z.object({ id: z.string(), note: z.string().optional() }));
export const Nudge = event('shop.nudge', z.object({ id: z.string(), word: z.string().default('') }));
export const Booked = event('trips.booked', z.object({ text: z.string() }));

const refund = command({
  input: z.object({ paymentId: z.string() }),
  errors: { Closed: z.object({}) },
  timeout: '1 minute',
  retry: { within: '1 day', attempts: 5, first: '1 second', most: '1 minute' },
});
const charge = command({
  input: z.object({ amount: z.int() }),
  output: z.object({ paymentId: z.string() }),
  errors: { Declined: z.object({ reason: z.string() }) },
  undo: { command: refund, input: (_charge, receipt) => ({ paymentId: receipt.paymentId }) },
  timeout: '1 minute',
  retry: { within: '1 hour', first: '1 second', most: '1 minute' },
});
export const payments = service('payments', { charge, refund });

const Reference = z.object({ reference: z.string() });
const cancel = command({ input: Reference });
const book = command({
  input: z.object({ to: z.string() }),
  output: Reference,
  errors: { SoldOut: z.object({}) },
  undo: { command: cancel, input: (_booking, booked) => booked },
  timeout: '1 minute',
  retry: { within: '1 hour' },
});
export const flights = service('flights', { book, cancel });
export const hotels = service('hotels', { book, cancel });
export const notes = service('notes', {
  notify: command({
    input: z.object({ text: z.string() }),
    timeout: '1 minute',
    retry: { within: '1 hour', attempts: 3, first: '1 second' },
  }),
  ask: command({
    input: z.object({ text: z.string() }),
    output: z.object({ answer: z.string() }),
    timeout: '1 minute',
    retry: { within: '1 day' },
  }),
});
export const services = [payments, flights, hotels, notes] as const;

/** A service that no system of these tests lists. */
export const elsewhere = service('elsewhere', { act: command({ input: z.object({}) }) });

export type TripContext = Context<{
  start: { id: string; note?: string | undefined };
  byId: 'shop.checkout' | 'shop.nudge';
  publishes: 'trips.booked';
  errors: { Refused: { why: string } };
  view: { stage: string };
}>;

const OPTIONS = {
  startOn: Checkout.byId((checkout) => checkout.id),
  receives: [Nudge.byId((nudge) => nudge.id)],
  publishes: [Booked],
  errors: { Refused: z.object({ why: z.string() }) },
  view: z.object({ stage: z.string() }),
} as const;

type TripOptions = Pick<Parameters<typeof process>[1], 'onOpen' | 'onClosed' | 'timeout' | 'early' | 'late' | 'version'>;

/** A process named `trip` with this body. */
export const tripOf = (
  body: (ctx: TripContext, checkout: { readonly id: string; readonly note?: string | undefined }) => Promise<unknown>,
  options: TripOptions = {},
) => process('trip', { ...OPTIONS, ...options }, body as never);
