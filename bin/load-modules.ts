import { existsSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { isSystem } from '../lib/contract/export/exported-system.ts';
import type { System } from '../lib/contract/system.ts';
import { isTypeScript, typescriptLoader } from '../lib/local/typescript-loader.ts';
import type { Served } from '../lib/service/served.ts';
import { usageError } from './exit-code.ts';

export interface Loaded {
  readonly system: System<string>;
  /** The module that exports the system. The engine's thread imports it too. */
  readonly entry: string;
  readonly services: readonly Served[];
}

/** Imports the modules. Returns their one system and their services, which are exported as values or in arrays. */
export async function loadModules(paths: readonly string[]): Promise<Loaded> {
  const values: unknown[] = [];
  const systems = new Map<System<string>, string>();
  for (const path of paths) {
    const exported = Object.values(await load(path));
    values.push(...exported.flat());
    for (const system of exported.flat().filter(isSystem)) if (!systems.has(system)) systems.set(system, path);
  }
  const [found, ...others] = systems;
  if (found === undefined) {
    throw usageError(
      `No system is exported by ${paths.join(', ')}: expected a value made by system().`,
      "Export it: export const trips = system('trips', { … }).",
    );
  }
  if (others.length > 0) {
    throw usageError(
      `${systems.size} systems are exported by ${paths.join(', ')}: ${[...systems.keys()].map(({ name }) => name).join(', ')}; expected one.`,
      'Name the modules of one system only.',
    );
  }
  const [system, entry] = found;
  return { system, entry, services: [...new Set(values.filter(isServed))] };
}

async function load(path: string): Promise<Readonly<Record<string, unknown>>> {
  return loadModule(pathToFileURL(moduleFile(path)).href);
}

/** The path of a module that the command line names. */
export function moduleFile(path: string): string {
  const file = resolve(path);
  if (!existsSync(file)) throw usageError(`There is no module ${path}.`, 'Name a TypeScript or JavaScript file.');
  return file;
}

/** Imports a module by its URL, in TypeScript too. */
export async function loadModule(url: string): Promise<Readonly<Record<string, unknown>>> {
  if (isTypeScript(url)) await readTypeScript(url);
  try {
    return (await import(url)) as Readonly<Record<string, unknown>>;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_UNKNOWN_FILE_EXTENSION') throw error;
    throw usageError(
      `Node cannot import ${relative(process.cwd(), fileURLToPath(url))}: it is not JavaScript, and tsx, which translates TypeScript, is not installed beside it.`,
      `Install tsx, then repeat the command: npm install --save-dev tsx && npx tutti ${process.argv.slice(2).map(quoted).join(' ')}`,
    );
  }
}

/** Registers tsx once, and only if this process cannot import TypeScript yet. */
let reads: Promise<void> | undefined;

async function readTypeScript(url: string): Promise<void> {
  const options = [...process.execArgv, process.env['NODE_OPTIONS'] ?? ''].join(' ');
  if (!/\btsx\b/.test(options)) await (reads ??= registerTsx(url));
}

async function registerTsx(url: string): Promise<void> {
  const loader = typescriptLoader(url);
  if (loader !== undefined) ((await import(loader)) as { register(): unknown }).register();
}

/** Quotes a part so that a shell reads it back unchanged. */
function quoted(part: string): string {
  return /^[\w./:@=,+-]+$/.test(part) ? part : `'${part.replaceAll("'", `'\\''`)}'`;
}

function isServed(value: unknown): value is Served {
  return typeof value === 'function' && typeof (value as Partial<Served>)['~service'] === 'string';
}
