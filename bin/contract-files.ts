import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { deadLetterName, deploymentNames } from '../lib/adapters/aws/deployment-names.ts';
import { breakingChanges, type BreakingChange } from '../lib/contract/export/breaking-changes.ts';
import { exportContracts } from '../lib/contract/export/export-contracts.ts';
import type { ExportedFile } from '../lib/contract/export/exported-file.ts';
import type { DocumentReader } from '../lib/contract/import/documents.ts';
import { MADE_BY } from '../lib/contract/import/import-contracts.ts';
import { isOrchestratorError } from '../lib/contract/errors.ts';
import { asMissing } from '../lib/adapters/system/package-missing.ts';
import type { System } from '../lib/contract/system.ts';
import { usageError } from './exit-code.ts';

/** Writes the contracts of a system into a folder. Returns the file names, sorted. */
export function writeContracts(system: System<string>, folder: string): readonly string[] {
  // All files are generated before the first is written, so a schema without JSON Schema leaves no partial export.
  const files = exported(system);
  return files.map(({ path, json }) => {
    write(folder, path, `${JSON.stringify(json, null, 2)}\n`);
    return join(folder, path);
  });
}

/** Compares an earlier export with the system. Returns the breaking changes. */
export function changesSince(system: System<string>, folder: string): readonly BreakingChange[] {
  return breakingChanges(readExport(folder), exported(system));
}

function exported(system: System<string>): readonly ExportedFile[] {
  const { bus, queue } = deploymentNames(system.name);
  return exportContracts(system, { bus, queue, deadLetter: deadLetterName });
}

/** Reads JSON and YAML files of a document that other tools wrote. */
export const documentReader: DocumentReader = {
  read: (file) => {
    const isYaml = /\.ya?ml$/i.test(file);
    try {
      const text = readFileSync(file, 'utf8');
      return isYaml ? yaml().parse(text) : JSON.parse(text);
    } catch (error) {
      if (isOrchestratorError(error)) throw error;
      const known = error as NodeJS.ErrnoException;
      const expected = isYaml ? 'YAML' : 'JSON; a file in YAML ends with .yaml or .yml';
      if (known.code !== undefined && known.syscall !== undefined)
        throw usageError(
          `${file} cannot be read: ${known.message}.`,
          'Name the AsyncAPI document, and keep the files that it refers to beside it.',
        );
      throw usageError(`${file} is malformed: ${known.message.trimEnd().replace(/\.$/, '')}: expected ${expected}.`, 'Correct the file.');
    }
  },
  beside: (file, relative) => join(dirname(file), relative),
};

/** The package is an optional peer, because only a document in YAML needs it. */
function yaml(): { parse(text: string): unknown } {
  try {
    return createRequire(import.meta.url)('yaml') as { parse(text: string): unknown };
  } catch (error) {
    throw asMissing('A document in YAML', ['yaml'], error);
  }
}

/** Writes an imported contract. Replaces only a file that an earlier import wrote. */
export function placeContract(file: string, code: string): void {
  const standing = existsSync(file) ? readFileSync(file, 'utf8') : MADE_BY;
  if (!standing.startsWith(MADE_BY))
    throw usageError(
      `${file} exists and no import wrote it: its first line is ${JSON.stringify(standing.split('\n')[0])}.`,
      `Name another file with --out, or delete ${file}.`,
    );
  write(dirname(file), basename(file), code);
}

function write(folder: string, path: string, text: string): void {
  const file = join(folder, path);
  try {
    mkdirSync(dirname(file), { recursive: true });
    refuseLink(folder, dirname(path));
    placeAt(file, text);
  } catch (error) {
    throw usageError(`${file} cannot be written: ${(error as Error).message}.`, 'Name a writable folder with --out.');
  }
}

/** Writes a temporary file and renames it: the rename replaces a link instead of following it, and readers never see a partial file. */
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

/** The folder itself may be a link, because the user named it. Folders inside it must not be links. */
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
    throw usageError(`${file} is not a schema: ${(error as Error).message}.`, 'Restore the folder as tutti contracts export wrote it.');
  }
}
