import type { Client } from 'tutti/client';
import { Ledger } from '../../foreign-systems/ledger.ts';
import { DriverMoved, drivers, RiderDroppedOff, RiderPickedUp, type Place } from '../contracts.ts';
import { driverApp, type Offer } from './driver-app.ts';

/** The kilometres of each ride that its car has driven. They are negative while the car comes. */
const odometers = new Ledger<{ readonly key: string; readonly kilometres: number }>('odometers');
const COMING = -3;

/**
 * Plays the drivers: ben declines each offer, the others accept. Then each car with a ride drives one kilometre. After a kill a step is
 * repeated: its events have the same ids, so they are duplicates. Returns lines for a terminal.
 */
export async function playDrivers(client: Client): Promise<readonly string[]> {
  const lines: string[] = [];
  for (const { rideId, driverId, token } of driverApp.in('offered')) {
    if (driverId === 'ben') {
      await client.fail(drivers.offer, token, drivers.offer.errors.Declined({}));
      driverApp.decline(rideId, driverId);
    } else driverApp.accept(rideId, driverId);
    lines.push(`${driverId} ${driverId === 'ben' ? 'declines' : 'accepts'} ${rideId}`);
  }
  for (const offer of driverApp.in('accepted')) lines.push(await drive(client, offer));
  return lines;
}

async function drive(client: Client, { rideId, driverId, from, to, token }: Offer): Promise<string> {
  const kilometres = odometers.get(rideId)?.kilometres ?? COMING;
  const publishAs = { id: `${rideId}-${driverId}-${kilometres}` };
  if (kilometres === COMING) await client.complete(drivers.offer, token, { driverId, car: driverApp.car(driverId) });
  if (kilometres === 0) await client.publish(RiderPickedUp, { rideId }, publishAs);
  const place = placeAfter(from, to, kilometres);
  await client.publish(DriverMoved, { driverId, place, at: new Date().toISOString() }, publishAs);
  const hasArrived = place.x === to.x && place.y === to.y;
  if (hasArrived) await client.publish(RiderDroppedOff, { rideId }, publishAs);
  odometers.put({ key: rideId, kilometres: kilometres + 1 });
  if (hasArrived) return `${driverId} has arrived with ${rideId}`;
  return kilometres < 0 ? `${driverId} comes for ${rideId}` : `${driverId} drives ${rideId}: ${place.x}, ${place.y}`;
}

/** On the street grid: first along x, then along y. */
function placeAfter(from: Place, to: Place, kilometres: number): Place {
  const alongX = Math.min(Math.max(kilometres, 0), Math.abs(to.x - from.x));
  const alongY = Math.min(Math.max(kilometres, 0) - alongX, Math.abs(to.y - from.y));
  return { x: from.x + Math.sign(to.x - from.x) * alongX, y: from.y + Math.sign(to.y - from.y) * alongY };
}
