import { handler as notifications } from './notifications/service.ts';
import { handler as purchases } from './purchases/service.ts';
import { handler as recommendations } from './recommendations/service.ts';

/** All services in one process, for `tutti dev` and the tests. */
export const services = [purchases, recommendations, notifications];
