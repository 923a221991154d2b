import { handler as drivers } from './drivers/service.ts';
import { handler as notifications } from './notifications/service.ts';
import { handler as payments } from './payments/service.ts';

/** All services in one process, for `tutti dev`, the demo and the tests. */
export const services = [drivers, payments, notifications];
