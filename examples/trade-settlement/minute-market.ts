import { system } from 'tutti';
import { adjustTrade } from './adjust-trade.ts';
import { backOffice, clearing, exchange, risk } from './contracts.ts';
import { EACH_MINUTE } from './hours.ts';
import { settlementBy } from './settle-trade.ts';

/** The same system on a market whose days last a minute, for a live run. */
export const minuteMarket = system('trading', {
  processes: [settlementBy(EACH_MINUTE), adjustTrade],
  services: [exchange, risk, clearing, backOffice],
});
