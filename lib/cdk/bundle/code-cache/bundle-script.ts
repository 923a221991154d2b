import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Script } from 'node:vm';

/** The files of a function as one script. Its value is an object with a function for each file, by name. */
export const SCRIPT_FILE = 'bundle.js';

/** The file of the code cache. A processor of another kind does not read it. */
export function cacheFile(): string {
  return `bundle.${process.arch}.cache`;
}

/**
 * Sets the flag with which Lambda starts Node, if it is missing. V8 takes a cache only under the flags with which it was made. The module v8
 * is loaded only then, because a cold start waits for it.
 */
function exposeGc(load: (name: string) => unknown): void {
  if (typeof globalThis.gc !== 'function') (load('node:v8') as typeof import('node:v8')).setFlagsFromString('--expose-gc');
}

export interface BundleScript {
  readonly script: Script;
  /** The exports of index.js. */
  readonly exports: { readonly handler: unknown };
}

type File = (exports: object, load: (name: string) => unknown, module: { readonly exports: object }) => void;

/** Runs the script of a folder, with its code cache if it has one. A file runs when another one requires it first. */
export function runBundle(folder: string, requireOther: (name: string) => unknown): BundleScript {
  const filename = join(folder, SCRIPT_FILE);
  // The script is ASCII.
  const source = readFileSync(filename, 'latin1');
  const cachedData = cacheOf(folder);
  exposeGc(requireOther);
  const script = new Script(source, { filename, ...(cachedData && { cachedData }) });
  const files = script.runInThisContext() as Readonly<Record<string, File>>;
  const modules = new Map<string, { readonly exports: object }>();
  const load = (name: string): unknown => {
    const file = name.startsWith('./') ? files[name.slice(2)] : undefined;
    if (!file) return requireOther(name);
    const loaded = modules.get(name);
    if (loaded) return loaded.exports;
    const module = { exports: {} };
    modules.set(name, module);
    file(module.exports, load, module);
    return module.exports;
  };
  return { script, exports: load('./index.js') as BundleScript['exports'] };
}

function cacheOf(folder: string): Buffer | undefined {
  try {
    return readFileSync(join(folder, cacheFile()));
  } catch {
    return undefined;
  }
}
