import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { BuildOptions, Metafile } from 'esbuild';
import { FUNCTION_SDK } from '../../adapters/aws/sdk-packages.ts';
import { BundleError } from './bundle-error.ts';
import { carriedLocales, forbiddenChain, loadedBy } from './module-graph.ts';

/** The functions of an orchestrator; each is a folder of `functions/` here and an asset when deployed. */
export const FUNCTION_NAMES = ['advance-processes', 'sweep-timers', 'wake-overdue', 'drain-dead-letters', 'retire-closed'] as const;
export type FunctionName = (typeof FUNCTION_NAMES)[number];

/** What `handler` of a Lambda function is called in every folder that is bundled here. */
export const BUNDLE_HANDLER = 'index.handler';

export interface FunctionsBundle {
  /** A folder per function, to be given to `Code.fromAsset`. Gone when this process ends. */
  readonly folders: Readonly<Record<FunctionName, string>>;
  /** What is worth a word to whoever deploys, and keeps nobody from it. */
  readonly warnings: readonly string[];
}

export interface ServiceBundle {
  readonly folder: string;
  readonly warnings: readonly string[];
}

/** Whether this runs from the sources, as in the repository of Tutti, or as it is installed: then all of it is JavaScript. */
const SOURCE = import.meta.url.endsWith('.ts');
const here = dirname(fileURLToPath(import.meta.url));
const functionFile = (name: string): string => join(here, '../../../functions', `${name}.${SOURCE ? 'ts' : 'js'}`);

const COMMON = {
  platform: 'node',
  target: 'node24',
  minify: true,
  legalComments: 'none',
  metafile: true,
  logLevel: 'silent',
} as const satisfies BuildOptions;

/**
 * Only ES modules can be split into what is always loaded and what is loaded when it is needed. `module` before `main` takes
 * the SDK's ES modules: 40 % fewer bytes.
 */
const MODULES = {
  ...COMMON,
  bundle: true,
  format: 'esm',
  splitting: true,
  chunkNames: '[name]-[hash]',
  mainFields: ['module', 'main'],
  // esbuild leaves out `module` where others are given.
  conditions: SOURCE ? ['source', 'module'] : ['module'],
  // The SDK imports it in browsers only.
  external: ['bowser'],
} as const satisfies BuildOptions;

/**
 * Builds the orchestrator's functions around the system of that name, which the module `entry` exports. Built once per
 * process, however many constructs ask. Throws where a process reaches what it must not.
 */
export function bundleFunctions(options: { readonly entry: string; readonly system: string }): FunctionsBundle {
  const entry = resolve(options.entry);
  return once(`functions ${options.system} ${entry}`, () => {
    const entries = Object.fromEntries(FUNCTION_NAMES.map((name) => [name, functionFile(`${name}/lambda`)]));
    const { metafile, folders } = splitBuild(entry, entries, {
      alias: {
        'tutti-entry': entry,
        // A function has its credentials in its environment; the SDK's chain of providers is 110 KB.
        '@aws-sdk/credential-provider-node': functionFile('environment-credentials'),
      },
      define: { 'process.env.TUTTI_SYSTEM': JSON.stringify(options.system) },
    });
    const chain = forbiddenChain(metafile, entry);
    if (chain) throw BundleError.forbidden(entry, chain);
    return { folders: folders as Record<FunctionName, string>, warnings: warningsOf(metafile) };
  });
}

/** Builds a service's Lambda function from the module that exports it as `handler`. Built once per process. */
export function bundleService(entry: string): ServiceBundle {
  const file = resolve(entry);
  return once(`service ${file}`, () => {
    const { metafile, folders } = splitBuild(file, { service: file }, {});
    return { folder: folders['service'] as string, warnings: warningsOf(metafile) };
  });
}

/** Each entry becomes a folder, whose index.js loads the files beside it when they are needed. */
const splitBuild = (
  entry: string,
  entryPoints: Readonly<Record<string, string>>,
  options: BuildOptions,
): { readonly metafile: Metafile; readonly folders: Readonly<Record<string, string>> } => {
  const outdir = outputFolder();
  const [modules, scripts] = [join(outdir, 'modules'), join(outdir, 'scripts')];
  const metafile = build(entry, { ...MODULES, ...options, entryPoints, outdir: modules });
  toCommonJs(entry, modules, scripts);
  const folders = Object.keys(entryPoints).map((name) => {
    const folder = functionFolder(join(outdir, 'folders', name), scripts, loadedBy(metafile, `${name}.js`));
    return [name, folder] as const;
  });
  return { metafile, folders: Object.fromEntries(folders) };
};

/**
 * On Node 24 an ES module pays for every export of a builtin that it imports, 25 ms for those of the SDK. Here an `import()`
 * becomes a `require` at the time when it is reached.
 */
const toCommonJs = (entry: string, modules: string, scripts: string): void => {
  const entryPoints = readdirSync(modules).map((file) => join(modules, file));
  build(entry, { ...COMMON, format: 'cjs', supported: { 'dynamic-import': false }, entryPoints, outdir: scripts });
};

/** The function's file, called index.js, and all that it loads beside it. */
const functionFolder = (folder: string, scripts: string, files: readonly string[]): string => {
  mkdirSync(folder, { recursive: true });
  for (const [index, file] of files.entries()) copyFileSync(join(scripts, file), join(folder, index === 0 ? 'index.js' : file));
  return commonJsFolder(folder);
};

const built = new Map<string, unknown>();

const once = <T>(key: string, make: () => T): T => {
  if (!built.has(key)) built.set(key, make());
  return built.get(key) as T;
};

const build = (entry: string, options: BuildOptions): Metafile => {
  const { buildSync } = loadEsbuild();
  try {
    return (buildSync(options) as { readonly metafile: Metafile }).metafile;
  } catch (error) {
    const missing = FUNCTION_SDK.find((name) => String(error).includes(`Could not resolve "${name}"`));
    throw missing === undefined ? BundleError.failed(entry, error) : BundleError.missing(missing, FUNCTION_SDK, error);
  }
};

/** On the first build, so that an app without functions needs no esbuild. */
const loadEsbuild = (): typeof import('esbuild') => {
  try {
    return createRequire(import.meta.url)('esbuild') as typeof import('esbuild');
  } catch (error) {
    throw BundleError.missing('esbuild', ['--save-dev esbuild'], error);
  }
};

let outputRoot: string | undefined;

/** Apart for each process, since another may build the same thing at the same time; assets are copied when they are made. */
const outputFolder = (): string => {
  if (outputRoot === undefined) {
    const made = mkdtempSync(join(tmpdir(), 'tutti-bundle-'));
    process.once('exit', () => rmSync(made, { recursive: true, force: true }));
    outputRoot = made;
  }
  const folder = join(outputRoot, String(built.size));
  mkdirSync(folder, { recursive: true });
  return folder;
};

/** Says that its files are CommonJS, wherever the folder lies. */
const commonJsFolder = (folder: string): string => {
  writeFileSync(join(folder, 'package.json'), '{"type":"commonjs"}\n');
  return folder;
};

const warningsOf = (metafile: Metafile): readonly string[] => {
  const locales = carriedLocales(metafile);
  if (locales === undefined) return [];
  const size = Math.round(locales.bytes / 1000);
  return [
    `${locales.importer} imports { z } from 'zod', which puts ${size} KB of zod's locales into each function. Write: import * as z from 'zod'.`,
  ];
};
