import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { deadLetterName, deploymentNames } from '../lib/adapters/aws/deployment-names.ts';
import { breakingChanges, type BreakingChange } from '../lib/contract/export/breaking-changes.ts';
import { exportContracts } from '../lib/contract/export/export-contracts.ts';
import type { ExportedFile } from '../lib/contract/export/exported-file.ts';
import type { System } from '../lib/contract/system.ts';
import { usageError } from './usage-error.ts';

/** Writes the contracts of a system below a folder. Returns the files, in order of their names. */
export function writeContracts(system: System<string>, folder: string): readonly string[] {
  // All of it is made before anything is written: a schema that does not describe itself leaves no half of an export.
  const files = exported(system);
  return files.map(({ path, json }) => {
    write(folder, path, `${JSON.stringify(json, null, 2)}\n`);
    return join(folder, path);
  });
}

/** What breaks between an export in a folder and the system. */
export function changesSince(system: System<string>, folder: string): readonly BreakingChange[] {
  return breakingChanges(readExport(folder), exported(system));
}

function exported(system: System<string>): readonly ExportedFile[] {
  const { bus, queue } = deploymentNames(system.name);
  return exportContracts(system, { bus, queue, deadLetter: deadLetterName });
}

function write(folder: string, path: string, text: string): void {
  const file = join(folder, path);
  try {
    mkdirSync(dirname(file), { recursive: true });
    refuseLink(folder, dirname(path));
    placeAt(file, text);
  } catch (error) {
    throw usageError(`${file} cannot be written: ${(error as Error).message}.`, 'Name a folder with --out that may be written to.');
  }
}

/** Beside the file, then in its place: a link there is replaced and not followed, and a reader never finds half of a file. */
function placeAt(file: string, text: string): void {
  const beside = `${file}.${process.pid}.new`;
  writeFileSync(beside, text, { flag: 'wx' });
  try {
    renameSync(beside, file);
  } catch (error) {
    rmSync(beside);
    throw error;
  }
}

/** The folder itself may be a link, which was named by the person; those inside of it are made here. */
function refuseLink(folder: string, inside: string): void {
  if (inside !== '.' && lstatSync(join(folder, inside)).isSymbolicLink()) throw new Error(`${inside} is a link to another folder`);
}

function readExport(folder: string): readonly ExportedFile[] {
  if (!existsSync(join(folder, 'asyncapi.json'))) {
    throw usageError(
      `There is no export in ${folder}: expected an asyncapi.json there.`,
      'Name the folder that tutti contracts export wrote.',
    );
  }
  return ['events', 'commands'].flatMap((name) => {
    const names = existsSync(join(folder, name)) ? readdirSync(join(folder, name)).toSorted() : [];
    return names.filter((file) => file.endsWith('.json')).map((file) => readSchema(folder, `${name}/${file}`));
  });
}

function readSchema(folder: string, path: string): ExportedFile {
  const file = join(folder, path);
  try {
    return { path, json: JSON.parse(readFileSync(file, 'utf8')) as ExportedFile['json'] };
  } catch (error) {
    throw usageError(`${file} is no schema: ${(error as Error).message}.`, 'Restore the folder as tutti contracts export wrote it.');
  }
}
