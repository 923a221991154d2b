import { handler as alerts } from './alerts/service.ts';
import { handler as logistics } from './logistics/service.ts';
import { handler as maintenance } from './maintenance/service.ts';

/** All services in one process, for `tutti dev` and the tests. */
export const services = [logistics, alerts, maintenance];
