import * as z from 'zod';
import { command, event, service } from 'tutti';

const OfShipment = z.object({ shipmentId: z.string() });
export const Place = z.object({ lat: z.number(), lon: z.number() });
export type Place = z.infer<typeof Place>;

export const ShipmentLeft = event('logistics.shipment-left', OfShipment);
export const ShipmentArrived = event('logistics.shipment-arrived', OfShipment);
/** `at` is the clock of the sensor. A sensor without a network keeps its readings, and sends them later in any order, some twice. */
export const Measured = event(
  'sensors.measured',
  OfShipment.extend({ sensorId: z.string(), at: z.iso.datetime(), celsius: z.number(), place: Place }),
  { dedupeBy: ({ sensorId, at }) => `${sensorId}@${at}` },
);

export const logistics = service('logistics', {
  reroute: command({
    about: 'Sends a shipment to the nearest cold depot.',
    input: OfShipment.extend({ place: Place }),
    output: z.object({ depot: z.string() }),
    errors: { NoDepot: z.object({}) },
  }),
});
export const alerts = service('alerts', { raise: command({ input: OfShipment.extend({ text: z.string() }) }) });
export const maintenance = service('maintenance', {
  inspect: command({
    about: 'Opens a ticket: the sensors of a shipment are silent.',
    input: OfShipment.extend({ lastPlace: Place.optional() }),
    output: z.object({ ticket: z.string() }),
  }),
});
