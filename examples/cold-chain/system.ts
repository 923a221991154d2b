import { system } from 'tutti';
import { alerts, logistics, maintenance } from './contracts.ts';
import { shipment } from './shipment.ts';

export const coldChain = system('cold-chain', { processes: [shipment], services: [logistics, alerts, maintenance] });
