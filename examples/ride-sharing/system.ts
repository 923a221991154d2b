import { system } from 'tutti';
import { collectFare } from './collect-fare.ts';
import { drivers, notifications, payments } from './contracts.ts';
import { ride } from './ride.ts';

export const rides = system('rides', { processes: [ride, collectFare], services: [drivers, payments, notifications] });
