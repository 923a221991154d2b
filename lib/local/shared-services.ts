import { ContractError } from '../contract/errors.ts';
import { servedParts, type Served, type ServedParts } from '../service/served.ts';

/** The system that runs each service in this process under each prefix of its record keys. */
const running = new Map<ServedParts, Map<string, string>>();

/**
 * Notes that a system runs these services, and returns the function that takes the note back. Throws `CONTRACT_INVALID` if another system runs
 * one of them under the same record keys: commands of both may have one id, so the second would get the reply of the first.
 */
export function holdServices(system: string, keyPrefix: string, services: readonly Served[]): () => void {
  const all = services.map(servedParts);
  for (const parts of all) {
    const other = running.get(parts)?.get(keyPrefix);
    if (other === undefined || other === system) continue;
    throw new ContractError(
      'CONTRACT_INVALID',
      `The service ${parts.contract.name} runs for the systems ${other} and ${system} in this process: expected record keys that name one of them.`,
      { remedy: `Pass keysNameSystem: true to startLocal for ${system}, or serve the service in a call of serve for each system.` },
    );
  }
  for (const parts of all) running.set(parts, new Map(running.get(parts)).set(keyPrefix, system));
  return () => {
    for (const parts of all) {
      const held = new Map(running.get(parts));
      held.delete(keyPrefix);
      if (held.size > 0) running.set(parts, held);
      else running.delete(parts);
    }
  };
}
