import { BATCH } from './counted-world.ts';
import { runBookings, tripWorld } from './counted-cases.ts';

const BOOKINGS = 100;

/** Calls, messages and units per four-step booking, counted at the engine's ports; the average of a hundred bookings. */
export interface BookingCounts {
  readonly batch: number;
  readonly isCold: boolean;
  /** Messages from the bus to the inbox: a start and four replies. */
  readonly events: number;
  /** Ticks that the engine sent to itself. */
  readonly ticks: number;
  readonly commands: number;
  /** Entries on the bus, of the engine and of services. */
  readonly busEvents: number;
  /** The engine's calls to SQS that send commands and ticks. */
  readonly sendCalls: number;
  readonly writeUnits: number;
  readonly indexWrites: number;
  readonly readUnits: number;
}

/** `isCold`: no instance stays warm between two batches, as if each batch ran in another environment. */
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
