import type { Client } from 'tutti/client';
import { warehouse } from '../contracts.ts';
import { worklist } from './worklist.ts';

/** A person at the warehouse, for a demonstration: packs what hangs on the wall, and confirms each parcel by its token. */
export async function packAll(tutti: Client): Promise<readonly string[]> {
  const jobs = worklist.open();
  for (const { orderId, token } of jobs) {
    await tutti.complete(warehouse.pack, token, { parcelId: `parcel-${orderId}` });
    await worklist.remove(orderId);
  }
  return jobs.map((job) => job.orderId);
}
