import * as z from 'zod';
import { command, event, service } from 'tutti';

const Named = z.object({ id: z.string() });

/** A process of forty commands, one after another. */
export const TourBooked = event('trials.tour-booked', Named.extend({ stops: z.int() }));
/** A command and an answer that are too large for a message. */
export const ParcelSent = event('trials.parcel-sent', Named.extend({ letters: z.int() }));
/** A process that sleeps. */
export const NapWanted = event('trials.nap-wanted', Named);
/** A process that waits for a person. */
export const GateReached = event('trials.gate-reached', Named);
export const GateOpened = event('trials.gate-opened', Named.extend({ by: z.string() }));
/** A process whose code has a fault, until it is deployed again. */
export const PoisonTaken = event('trials.poison-taken', Named);
/** A process of three steps, and one whose step has a StepFunction. */
export const ErrandWanted = event('trials.errand-wanted', Named);
export const DeliveryWanted = event('trials.delivery-wanted', Named);
/** A process whose service no function polls. */
export const CrossingWanted = event('trials.crossing-wanted', Named.extend({ from: z.string(), to: z.string() }));
export const Crossed = event('trips.crossed', Named.extend({ ticket: z.string() }));

const Stamp = z.object({ stamp: z.string() });
export const guide = service('guide', {
  visit: command({ input: z.object({ stop: z.int() }), output: Stamp }),
  weigh: command({ input: z.object({ text: z.string() }), output: z.object({ copy: z.string() }) }),
});

const Ticket = z.object({ ticket: z.string() });
const giveBack = command({ input: Ticket });
export const ferry = service('ferry', {
  giveBack,
  cross: command({
    input: z.object({ from: z.string(), to: z.string() }),
    output: Ticket,
    errors: { NoFerry: z.object({ until: z.iso.date() }) },
    undo: { command: giveBack, input: (_crossing, ticket) => ticket },
  }),
});
