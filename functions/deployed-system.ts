import { SCHEDULES } from '../lib/contract/schedule-instance.ts';
import * as entry from 'tutti-entry';
import { exportedSystem } from '../lib/contract/export/exported-system.ts';
import { systemContract, type System } from '../lib/contract/system.ts';

/** Returns the user's system, by the name in TUTTI_SYSTEM, from the module that the bundler has inserted. */
export function deployedSystem(): System<string> {
  return exportedSystem(
    entry as Readonly<Record<string, unknown>>,
    process.env['TUTTI_SYSTEM'] ?? '',
    'The module that was named as entry',
  );
}

/** Returns the names of the system's processes, each once regardless of its versions, and that of schedules if it lists any. */
export function processesOf(system: System<string>): readonly string[] {
  const { processes, schedules } = systemContract(system);
  return [...processes.keys(), ...(schedules ? [SCHEDULES] : [])];
}
