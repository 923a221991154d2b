import { isBuiltin } from 'node:module';
import { basename, resolve } from 'node:path';
import type { Metafile } from 'esbuild';

/** The chain of imports from the entry to a module that a process must not import. */
export interface ForbiddenChain {
  /** Each module imports the next. */
  readonly chain: readonly string[];
  readonly what: string;
}

type Import = Metafile['inputs'][string]['imports'][number];

/**
 * The shortest chain of static imports from the entry to a Node builtin, an AWS SDK or a part of Tutti that no process may use. A module
 * that is imported dynamically belongs to a step.
 */
export function forbiddenChain({ inputs }: Metafile, entry: string): ForbiddenChain | undefined {
  const start = Object.keys(inputs).find((path) => resolve(path) === entry);
  if (start === undefined) return undefined;
  const cameFrom = new Map<string, string | undefined>([[start, undefined]]);
  for (const path of cameFrom.keys()) {
    for (const each of inputs[path]?.imports ?? []) {
      if (each.kind === 'dynamic-import') continue;
      const what = forbidden(each);
      if (what) return { chain: [...chainTo(cameFrom, path), each.original ?? each.path], what };
      if (!each.external && !cameFrom.has(each.path)) cameFrom.set(each.path, path);
    }
  }
  return undefined;
}

function chainTo(cameFrom: ReadonlyMap<string, string | undefined>, path: string): string[] {
  const chain: string[] = [];
  for (let at: string | undefined = path; at !== undefined; at = cameFrom.get(at)) chain.unshift(at);
  return chain;
}

const SDK = /^@(?:aws-sdk|smithy|aws-lambda-powertools)\/|^aws-sdk(?:\/|$)/;

function forbidden({ path, original = path, external = false }: Import): string | undefined {
  if (external && isBuiltin(path)) return `the Node builtin ${path}`;
  if (SDK.test(original)) return `the AWS SDK (${original})`;
  if (original.startsWith('tutti/')) return original;
  return undefined;
}

/** The names of the output files that this one loads, immediately or on demand; itself first. */
export function loadedBy({ outputs }: Metafile, file: string): readonly string[] {
  const byName = new Map(Object.entries(outputs).map(([path, output]) => [basename(path), output]));
  const loaded = new Set([file]);
  for (const each of loaded) {
    for (const { path, external } of byName.get(each)?.imports ?? []) if (!external) loaded.add(basename(path));
  }
  return [...loaded];
}

/** The size of zod's locales, if the bundle holds more than the one that zod itself uses. */
export function carriedLocales({ inputs, outputs }: Metafile): { readonly bytes: number; readonly importer: string } | undefined {
  const carried = Object.values(outputs).map(({ inputs }) => localeBytes(inputs));
  const bytes = Math.max(0, ...carried);
  if (bytes < LOCALES_BYTES_MAX) return undefined;
  const importer = Object.keys(inputs).find((path) => !/\/node_modules\//.test(`/${path}`) && inputs[path]!.imports.some(isZod));
  return { bytes, importer: importer ?? 'A module' };
}

/** The English locale alone has 5 KB. */
const LOCALES_BYTES_MAX = 50_000;
const LOCALE = /\/node_modules\/zod\/.*\/locales\//;

function localeBytes(inputs: Metafile['outputs'][string]['inputs']): number {
  return Object.entries(inputs).reduce((sum, [path, { bytesInOutput }]) => (LOCALE.test(`/${path}`) ? sum + bytesInOutput : sum), 0);
}

function isZod({ original }: Import): boolean {
  return original === 'zod' || original === 'zod/v4';
}
