import { BATCH } from './counted-world.ts';
import { runBookings, tripWorld } from './counted-cases.ts';

const BOOKINGS = 100;

/** What one four-step booking takes, counted at the engine's ports; the average of a hundred. */
export interface BookingCounts {
  readonly batch: number;
  readonly isCold: boolean;
  /** Messages to the inbox from the bus: a start, four replies. */
  readonly events: number;
  /** Wake-ups that the engine sent itself. */
  readonly ticks: number;
  readonly commands: number;
  /** Entries on the bus, whoever put them there. */
  readonly busEvents: number;
  /** Calls to SQS by which the engine sent commands and ticks. */
  readonly sendCalls: number;
  readonly writeUnits: number;
  readonly indexWrites: number;
  readonly readUnits: number;
}

/** `isCold`: nothing is kept between two batches, as if each met another environment. */
export const countBooking = async (batch: 1 | typeof BATCH, isCold: boolean): Promise<BookingCounts> => {
  const world = tripWorld(isCold);
  let busEvents = 0;
  let commands = 0;
  world.state.publisher.subscribe(({ detail }) => {
    busEvents += 1;
    if (detail.includes('"commandid"')) commands += 1;
  });
  await runBookings(world, BOOKINGS, { atOnce: batch });
  const { counts, events, ticks } = world;
  const each = (count: number): number => count / BOOKINGS;
  return {
    batch,
    isCold,
    events: each(events),
    ticks: each(ticks),
    commands: each(commands),
    busEvents: each(busEvents),
    sendCalls: each(counts.sends),
    writeUnits: each(counts.writeUnits),
    indexWrites: each(counts.indexWrites),
    readUnits: each(counts.readUnits),
  };
};
