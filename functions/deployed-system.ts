import * as entry from 'tutti-entry';
import { exportedSystem } from '../lib/contract/export/exported-system.ts';
import type { System } from '../lib/contract/system.ts';

/** Returns the user's system, by the name in TUTTI_SYSTEM, from the module that the bundler has inserted. */
export function deployedSystem(): System<string> {
  return exportedSystem(
    entry as Readonly<Record<string, unknown>>,
    process.env['TUTTI_SYSTEM'] ?? '',
    'The module that was named as entry',
  );
}
