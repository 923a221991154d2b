import { system } from 'tutti';
import { adjustTrade } from './adjust-trade.ts';
import { backOffice, clearing, exchange, risk } from './contracts.ts';
import { settleTrade } from './settle-trade.ts';

export const trading = system('trading', { processes: [settleTrade, adjustTrade], services: [exchange, risk, clearing, backOffice] });
