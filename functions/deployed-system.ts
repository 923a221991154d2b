import * as entry from 'tutti-entry';
import { exportedSystem } from '../lib/contract/export/exported-system.ts';
import { systemContract, type System } from '../lib/contract/system.ts';

/** The user's system, found in the module that the bundler has put here; the bundler writes its name in as well. */
export const deployedSystem = (): System<string> =>
  exportedSystem(entry as Readonly<Record<string, unknown>>, process.env['TUTTI_SYSTEM'] ?? '', 'The module that was named as entry');

/** The names of its processes, each once however many versions it has. */
export const processesOf = (system: System<string>): readonly string[] => [...systemContract(system).processes.keys()];
