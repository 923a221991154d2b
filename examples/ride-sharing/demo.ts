import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { startLocal } from 'tutti/local';
import { CancelRide, CardChanged, RideRequested } from './contracts.ts';
import { playDrivers } from './drivers/simulated-drivers.ts';
import { ride } from './ride.ts';
import { services } from './services.ts';
import { rides } from './system.ts';

/**
 * Runs the rides of rides.jsonl with simulated drivers, one kilometre each second. The rider of r-4 cancels when a driver has accepted. After
 * a kill, run it again: each ride continues. `node --conditions=source --import tsx examples/ride-sharing/demo.ts`
 */
const runtime = await startLocal(rides, { directory: process.argv[2] ?? '.tutti/rides', services });
const tutti = runtime.client;

const lines = readFileSync(new URL('rides.jsonl', import.meta.url), 'utf8')
  .trim()
  .split('\n');
for (const [index, line] of lines.entries()) {
  const { type, data } = JSON.parse(line) as { type: string; data: never };
  // With a fixed id, the event of a second run is a duplicate, not a second ride.
  await tutti.publish(type === RideRequested.type ? RideRequested : CardChanged, data, { id: `line-${index + 1}` });
}

let isCancelled = false;
for (let open = await openRides(); open.length > 0; open = await openRides()) {
  await delay(1_000);
  for (const line of await playDrivers(tutti)) process.stdout.write(`${line}\n`);
  if (!isCancelled && (await tutti.query(ride, 'r-4')).stage === 'coming') {
    const { cents } = await tutti.ask(ride, 'r-4', CancelRide, { rideId: 'r-4' }, { id: 'cancel-r-4', timeout: '30 seconds' });
    isCancelled = true;
    process.stdout.write(`r-4 is cancelled, for a fee of ${cents} cents\n`);
  }
}
for await (const { id, status, why } of tutti.list({ process: ride })) {
  const end = status === 'completed' ? JSON.stringify(await tutti.result(ride, id)) : why;
  process.stdout.write(`${id} ${status}: ${end}\n`);
}
await runtime.stop();

async function openRides(): Promise<readonly string[]> {
  const open: string[] = [];
  for await (const { id } of tutti.list({ process: ride, status: 'running' })) open.push(id);
  return open;
}
