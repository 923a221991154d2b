import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ContractError } from '../contract/errors.ts';
import { exportedSystem } from '../contract/export/exported-system.ts';
import type { System } from '../contract/system.ts';

/** The URL of the module. A path is relative to the working directory. */
export function entryUrl(entry: string | URL): string {
  if (entry instanceof URL) return entry.href;
  return /^(?:file|data):/.test(entry) ? entry : pathToFileURL(resolve(entry)).href;
}

/** Imports the module and finds the system of that name among its exports. */
export async function importSystem(url: string, name: string): Promise<System<string>> {
  let exported: Readonly<Record<string, unknown>>;
  try {
    exported = (await import(url)) as Readonly<Record<string, unknown>>;
  } catch (error) {
    throw new ContractError('CONTRACT_INVALID', `The module ${url} of the system ${name} could not be imported: ${textOf(error)}`, {
      remedy: 'Correct the module, or name another one as entry: it exports the system and starts nothing.',
      cause: error,
    });
  }
  return exportedSystem(exported, name, `The module ${url}`);
}

function textOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
