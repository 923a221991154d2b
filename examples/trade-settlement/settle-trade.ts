import { process, type CalendarRule } from 'tutti';
import { adjustTrade } from './adjust-trade.ts';
import { clearing, exchange, FillReported, OrderPlaced, risk, TradeSettled, View, type Report } from './contracts.ts';
import { NEW_YORK, type Hours } from './hours.ts';
import { Trade } from './trade.ts';

/** The settlement of trades on a market with these hours. */
export function settlementBy(hours: Hours) {
  return process(
    'settle-trade',
    {
      startOn: OrderPlaced.byId((order) => order.orderId),
      receives: [FillReported.byId((report) => report.orderId)],
      publishes: [TradeSettled],
      view: View,
    },
    async (ctx, order) => {
      const { orderId, account, share, side } = order;
      const { matchId } = await ctx.call(exchange.match, order);
      const { reservationId } = await ctx.call(risk.reserve, { account, cents: order.quantity * order.limitCents });
      await ctx.call(exchange.execute, { matchId });
      ctx.pivot(); // the trade binds both sides: nothing before is undone any more

      const trade = new Trade();
      /** A report that came too early stays unread until its turn. */
      const match = ({ number }: Report): boolean => number === trade.next;

      /** Takes the reports by their numbers until an instant of the calendar, then those that the bus has not delivered. */
      const reportsUntil = async (rule: CalendarRule, take: (report: Report) => void): Promise<void> => {
        const reading = ctx.scope('reports', async () => {
          for (;;) take(await ctx.waitFor(FillReported, { match }));
        });
        await ctx.race({ over: ctx.until(rule), reading });
        const { reports } = await ctx.call(exchange.reports, { orderId, from: trade.next });
        for (const report of reports) take(report);
      };
      const note = (report: Report): void => {
        trade.take(report);
        ctx.view({ settled: false, fills: trade.fills });
      };
      const adjust = (report: Report): void => {
        trade.take(report);
        ctx.detach(ctx.child(adjustTrade, report, { id: `${orderId}.${report.number}` })); // a clerk may need days
      };

      await reportsUntil(hours.marketCloses, note);
      for (;;) {
        await reportsUntil(hours.settles, note); // T+1, and after a holiday the next day on which the clearing house works
        if (trade.fills.length === 0) break;
        const settled = await ctx.try(clearing.settle, { orderId, day: ctx.now().toISOString().slice(0, 10), fills: trade.fills });
        if (!clearing.settle.failed(settled)) break;
      }
      await ctx.call(risk.free, { reservationId });
      if (trade.fills.length === 0) return { status: 'expired' };
      const { fills } = trade;
      ctx.view({ settled: true, fills });
      ctx.publish(TradeSettled, { orderId, account, share, side, fills });

      await reportsUntil(hours.booksClose, adjust);
      for (;;) {
        const last = await ctx.waitFor(FillReported, { match, timeout: '1 minute' }); // it came during the last question
        if (last === undefined) return { status: 'settled', fills, reports: trade.next - 1 };
        adjust(last);
      }
    },
  );
}

export const settleTrade = settlementBy(NEW_YORK);
