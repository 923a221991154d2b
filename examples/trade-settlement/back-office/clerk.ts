import type { Client } from 'tutti/client';
import { adjustTrade } from '../adjust-trade.ts';
import { backOffice } from '../contracts.ts';
import { floor } from '../exchange/floor.ts';
import { settleTrade } from '../settle-trade.ts';
import { desk } from './desk.ts';

/** Plays the clerk: decides on each open report of the worklist, and completes its command by the task token. */
export async function decideAll(tutti: Client, approved: boolean): Promise<void> {
  for (const { report, token } of desk.open()) {
    await tutti.complete(backOffice.approve, token, { approved, by: 'clara' });
    desk.remove(report);
  }
}

/**
 * A report came after the books were closed: its trade has ended, so `tutti parked` lists it as CLOSED. Starts an adjustment for each report
 * that the trade does not know. A repetition changes nothing.
 */
export async function adjustLate(tutti: Client, orderId: string): Promise<void> {
  const trade = await tutti.result(settleTrade, orderId);
  if (trade.status !== 'settled') return;
  for (const report of await floor.reports(orderId, trade.reports + 1))
    await tutti.start(adjustTrade, report, { id: `${orderId}.${report.number}`, onOpen: 'attach' });
}
