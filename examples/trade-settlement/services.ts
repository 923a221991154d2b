import { handler as backOffice } from './back-office/service.ts';
import { handler as clearing } from './clearing/service.ts';
import { handler as exchange } from './exchange/service.ts';
import { handler as risk } from './risk/service.ts';

/** All services in one process, for `tutti dev`, the demo and the tests. */
export const services = [exchange, risk, clearing, backOffice];
