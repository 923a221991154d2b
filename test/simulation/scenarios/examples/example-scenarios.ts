import type { ScenarioMaker } from '../scenario.ts';
import { orderFulfilment } from './order-fulfilment.ts';
import { travelBooking } from './travel-booking.ts';
import { tripScenario } from './trip-scenario.ts';
import { userActivity } from './user-activity.ts';

/** By name. */
export const exampleScenarios: Readonly<Record<string, ScenarioMaker>> = {
  'travel-booking': travelBooking,
  'order-fulfilment': orderFulfilment,
  'user-activity': userActivity,
  trips: tripScenario,
};
