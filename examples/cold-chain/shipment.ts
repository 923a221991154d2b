import * as z from 'zod';
import { decider, end, send, timer } from 'tutti';
import { alerts, logistics, maintenance, Measured, Place, ShipmentArrived, ShipmentLeft } from './contracts.ts';
import { isTooWarm, LIMIT_CELSIUS, recent } from './warm-readings.ts';

const silence = timer('silence');
const SILENT_AFTER = '30 minutes';

const Shipment = z.object({
  status: z.enum(['fine', 'rerouting', 'rerouted', 'spoilt']),
  /** Instants of warm readings. */
  warm: z.array(z.int()),
  /** A reading from before this instant no longer counts as warm. */
  warmFrom: z.int(),
  newest: z.object({ at: z.int(), celsius: z.number(), place: Place }).optional(),
  silent: z.boolean(),
  depot: z.string().optional(),
});

export const shipment = decider('shipment', {
  state: Shipment,
  initial: () => ({ status: 'fine', warm: [], warmFrom: 0, silent: false }),
  late: 'ignore', // readings that sensors send after the arrival
})
  .on(
    ShipmentLeft.byId(({ shipmentId }) => shipmentId),
    (state) => [state, silence.within(SILENT_AFTER)], // unless a reading was faster
  )
  .on(
    Measured.byId(({ shipmentId }) => shipmentId),
    (state, { celsius, place, ...reading }, { id, now }) => {
      const at = Math.min(Date.parse(reading.at), now.getTime()); // a clock may be fast
      const isNewest = !state.newest || at > state.newest.at;
      const warm = celsius > LIMIT_CELSIUS && at > state.warmFrom ? recent([...state.warm, at]) : state.warm;
      const next = { ...state, warm, ...(isNewest && { newest: { at, celsius, place }, silent: false }) };
      const moved = isNewest && silence.in(SILENT_AFTER); // an old reading says nothing about the sensor now
      if (!isTooWarm(warm)) return [next, moved];
      if (state.status === 'fine')
        return [
          { ...next, status: 'rerouting' },
          moved,
          send(alerts.raise, { shipmentId: id, text: 'too warm: on its way to a depot' }),
          send(logistics.reroute, { shipmentId: id, place: next.newest?.place ?? place }),
        ];
      if (state.status !== 'rerouted') return [next, moved];
      return [{ ...next, status: 'spoilt' }, moved, send(alerts.raise, { shipmentId: id, text: 'too warm again: do not deliver' })];
    },
  )
  .on(logistics.reroute, (state, reply, { id, now }) => {
    if (logistics.reroute.failed(reply) || logistics.reroute.exhausted(reply))
      return [{ ...state, status: 'spoilt' }, send(alerts.raise, { shipmentId: id, text: 'out of reach of every depot: do not deliver' })];
    return { ...state, status: 'rerouted', depot: reply.depot, warm: [], warmFrom: now.getTime() };
  })
  .on(silence, (state, _, { id }) => [
    { ...state, silent: true },
    send(maintenance.inspect, { shipmentId: id, ...(state.newest && { lastPlace: state.newest.place }) }),
  ])
  .on(
    ShipmentArrived.byId(({ shipmentId }) => shipmentId),
    (state) => [state, end({ status: state.status, ...(state.depot !== undefined && { depot: state.depot }) })],
  );
