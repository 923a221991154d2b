import { handler as flights } from './flights/service.ts';
import { handler as hotels } from './hotels/service.ts';
import { handler as notifications } from './notifications/service.ts';
import { handler as payments } from './payments/service.ts';

/** All services in one process, for `tutti dev` and the tests. On AWS each service is a Lambda function. */
export const services = [payments, flights, hotels, notifications];
