import { listedProcesses } from '../lib/contract/catalogue.ts';
import { systemContract } from '../lib/contract/system.ts';
import { heldIndex, type HeldIndex } from '../lib/ports/parked-list.ts';
import { deployedIndex } from './deployed-index.ts';
import { deployedParking } from './deployed-ports.ts';
import { deployedSystem } from './deployed-system.ts';

/** A global secondary index is usually less than a second behind its table, and minutes at worst. */
const LAG_MS = 900_000;

/** The index of paused instances and parked starts of the deployment. The engine loads this file at the end of the first hold. */
export function deployedHeld(): HeldIndex {
  const index = deployedIndex(listedProcesses(systemContract(deployedSystem())));
  return heldIndex({ index, parking: deployedParking() }, LAG_MS);
}
