import { handler as inventory } from './inventory/service.ts';
import { handler as notifications } from './notifications/service.ts';
import { handler as shipping } from './shipping/service.ts';
import { handler as warehouse } from './warehouse/service.ts';

/** All services in one process, for `tutti dev`, the demo and the tests. */
export const services = [inventory, warehouse, shipping, notifications];
