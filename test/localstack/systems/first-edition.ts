import { system } from 'tutti';
import { collectFare } from '../../../examples/ride-sharing/collect-fare.ts';
import { drivers } from '../../../examples/ride-sharing/contracts.ts';
import { ride } from '../../../examples/ride-sharing/ride.ts';
import { flights, hotels, notifications, payments } from '../../../examples/travel-booking/contracts.ts';
import { bookTrip } from '../../../examples/travel-booking/book-trip.ts';
import { ferry, guide } from './contracts.ts';
import { poison } from './poison.ts';
import { inspections, parts } from './parts.ts';
import { crossing, delivery, errand, gate, nap, parcel, tour } from './processes.ts';

export const trials = system('trips', {
  processes: [bookTrip, crossing, delivery, errand, gate, nap, parcel, poison, tour, ...parts, ride, collectFare],
  services: [payments, flights, hotels, notifications, ferry, guide, drivers],
  schedules: [inspections],
});
