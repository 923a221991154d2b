import * as z from 'zod';
import { command, event, service } from 'tutti';

/** Amounts are in cents, quantities in shares. */
const Order = z.object({
  orderId: z.string(),
  account: z.string(),
  share: z.string(),
  side: z.enum(['buy', 'sell']),
  quantity: z.int().min(1),
  limitCents: z.int().min(1),
});
/** The exchange numbers its reports about an order from 1. A report about a fill that was reported before corrects it. */
const Fill = z.object({ fill: z.string(), number: z.int().min(1), quantity: z.int().min(0), cents: z.int().min(1) });
export const Report = Fill.extend({ orderId: z.string() });
export const View = z.object({ settled: z.boolean(), fills: z.array(Fill) });
export type Fill = z.output<typeof Fill>;
export type Report = z.output<typeof Report>;

export const OrderPlaced = event('desk.order-placed', Order);
/** The bus delivers the reports in any order. */
export const FillReported = event('exchange.fill-reported', Report);
export const TradeSettled = event(
  'trading.trade-settled',
  z.object({ orderId: z.string(), account: z.string(), share: z.string(), side: z.enum(['buy', 'sell']), fills: z.array(Fill) }),
);

/** An executed trade must settle, so it waits for the end of any outage. */
const outlasting = { within: '30 days' } as const;

const release = command({ input: z.object({ matchId: z.string() }) });
const match = command({
  input: Order,
  output: z.object({ matchId: z.string() }),
  errors: { NoMatch: z.object({ share: z.string() }) },
  undo: { command: release, input: (_order, matched) => matched },
});
export const exchange = service('exchange', {
  match,
  release,
  execute: command({ input: z.object({ matchId: z.string() }) }),
  reports: command({
    about: 'Returns the reports about an order from a number on, for a report that the bus has not delivered.',
    input: z.object({ orderId: z.string(), from: z.int() }),
    output: z.object({ reports: z.array(Report) }),
    retry: outlasting,
  }),
});

const free = command({ input: z.object({ reservationId: z.string() }) });
const reserve = command({
  input: z.object({ account: z.string(), cents: z.int() }),
  output: z.object({ reservationId: z.string() }),
  errors: { LimitExceeded: z.object({ freeCents: z.int() }) },
  undo: { command: free, input: (_asked, reserved) => reserved },
});
export const risk = service('risk', { reserve, free });

export const clearing = service('clearing', {
  settle: command({
    input: z.object({ orderId: z.string(), day: z.iso.date(), fills: z.array(Fill) }),
    errors: { Holiday: z.object({ day: z.iso.date() }) },
    retry: outlasting,
  }),
  correct: command({
    about: 'Books an adjusting entry beside the settlement of a fill. No entry is ever changed.',
    input: Report.extend({ approvedBy: z.string() }),
    retry: outlasting,
  }),
});

export const backOffice = service('back-office', {
  approve: command({
    about: 'A clerk decides whether a report that came after the settlement is booked.',
    input: Report,
    output: z.object({ approved: z.boolean(), by: z.string() }),
    retry: { within: '30 days' }, // a person answers
  }),
});
