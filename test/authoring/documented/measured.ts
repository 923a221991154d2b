import { system, type Instrumentation } from 'tutti';
import { paidSeat } from './paid-seat.ts';

// region hooks
/** Runs by command and outcome, for the metrics of this program. */
export const runs = new Map<string, number>();

const instrumentation: Instrumentation = {
  attempt: ({ command, outcome }) => {
    const key = `${command} ${outcome}`;
    runs.set(key, (runs.get(key) ?? 0) + 1);
  },
  activation: ({ process, at, sentAt }) => {
    if (at - sentAt > 60_000) console.warn(`${process} is ${at - sentAt} ms behind`);
  },
};

export const measuredSeats = system('seats', { processes: [paidSeat], services: [], instrumentation });
// endregion
