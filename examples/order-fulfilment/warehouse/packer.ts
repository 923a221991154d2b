import type { Client } from 'tutti/client';
import { warehouse } from '../contracts.ts';
import { worklist } from './worklist.ts';

/** Plays the packer of the warehouse: packs each open job of the worklist, and completes its command by the task token. */
export async function packAll(tutti: Client): Promise<readonly string[]> {
  const jobs = worklist.open();
  for (const { orderId, token } of jobs) {
    await tutti.complete(warehouse.pack, token, { parcelId: `parcel-${orderId}` });
    await worklist.remove(orderId);
  }
  return jobs.map((job) => job.orderId);
}
