import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { deadLetterName, deploymentNames } from '../lib/adapters/aws/deployment-names.ts';
import { exportContracts } from '../lib/contract/export-contracts.ts';
import type { System } from '../lib/contract/system.ts';
import { usageError } from './usage-error.ts';

/** Writes the contracts of a system below a folder. Returns the files, in order of their names. */
export function writeContracts(system: System<string>, folder: string): readonly string[] {
  const { bus, queue } = deploymentNames(system.name);
  // All of it is made before anything is written: a schema that does not describe itself leaves no half of an export.
  const files = exportContracts(system, { bus, queue, deadLetter: deadLetterName });
  return files.map(({ path, json }) => {
    const file = join(folder, path);
    write(file, `${JSON.stringify(json, null, 2)}\n`);
    return file;
  });
}

function write(file: string, text: string): void {
  try {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  } catch (error) {
    throw usageError(`${file} cannot be written: ${(error as Error).message}.`, 'Name a folder with --out that may be written to.');
  }
}
