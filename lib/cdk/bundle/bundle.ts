import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { BuildOptions, Metafile } from 'esbuild';
import { CLIENT_SDK, FUNCTION_SDK } from '../../adapters/aws/sdk-packages.ts';
import { FLOWS_FILE } from '../../format/stored-flow.ts';
import { BundleError } from './bundle-error.ts';
import { nodeOf, withCodeCache, type CachedBundle } from './code-cache/code-cache.ts';
import type { EngineBuild, EngineBuilt } from './engine-build.ts';
import { carriedLocales, forbiddenChain, loadedBy } from './module-graph.ts';

/**
 * Input: the module that exports a system or a service. Output: one folder per Lambda function, and warnings.
 * Trunk: lib/cdk/bundle/lambda-function.ts passes a folder to CDK; this file runs esbuild; lib/cdk/bundle/engine-build.ts leaves out what
 * steps import dynamically; lib/cdk/bundle/module-graph.ts refuses modules that no process may import.
 */

/** The functions of an orchestrator. Each is a folder of `functions/` and becomes one asset. */
export const FUNCTION_NAMES = ['advance-processes', 'sweep-timers', 'wake-overdue', 'drain-dead-letters', 'retire-closed'] as const;
export type FunctionName = (typeof FUNCTION_NAMES)[number];

/** The `handler` property of every Lambda function that is bundled here. */
export const BUNDLE_HANDLER = 'index.handler';

export interface FunctionsBundle {
  /** One folder per function, for `Code.fromAsset`. Removed when this process exits. */
  readonly folders: Readonly<Record<FunctionName, string>>;
  /** Warnings for the deployer that do not stop the deployment. */
  readonly warnings: readonly string[];
}

export interface ServiceBundle {
  readonly folder: string;
  readonly warnings: readonly string[];
}

/** True in the repository, which runs from TypeScript; false in an installed package, which holds JavaScript. */
const SOURCE = import.meta.url.endsWith('.ts');
const here = dirname(fileURLToPath(import.meta.url));
function functionFile(name: string): string {
  return join(here, '../../../functions', `${name}.${SOURCE ? 'ts' : 'js'}`);
}

const COMMON = {
  platform: 'node',
  target: 'node24',
  minify: true,
  legalComments: 'none',
  metafile: true,
  logLevel: 'silent',
} as const satisfies BuildOptions;

/**
 * esbuild splits only ES modules into chunks that load on demand. `module` before `main` selects the ES modules of the SDK, which are
 * 40 % smaller.
 */
const MODULES = {
  ...COMMON,
  bundle: true,
  format: 'esm',
  splitting: true,
  chunkNames: '[name]-[hash]',
  mainFields: ['module', 'main'],
  // esbuild drops its default condition `module` if conditions are passed.
  conditions: SOURCE ? ['source', 'module'] : ['module'],
  // The SDK uses it in browsers only.
  external: ['bowser'],
} as const satisfies BuildOptions;

/**
 * Parts of the SDK that a deployed function does not use: Lambda passes credentials in the environment, and the provider chain has 110 KB; no
 * construct turns endpoint discovery on, and its cache has 8 KB.
 */
const REPLACED_IN_SDK = {
  '@aws-sdk/credential-provider-node': functionFile('environment-credentials'),
  '@aws-sdk/endpoint-cache': functionFile('no-endpoint-cache'),
};

/**
 * Builds the functions of an orchestrator around the system with this name, which the module `entry` exports. The result is cached for this
 * Node process. A module that user code imports dynamically belongs to a step and is left out. Throws a `BundleError` if a process imports
 * a Node builtin, an AWS SDK or another part of Tutti statically.
 */
export function bundleFunctions(options: { readonly entry: string; readonly system: string }): FunctionsBundle {
  const entry = resolve(options.entry);
  return once(`functions ${options.system} ${entry}`, () => {
    const entries = Object.fromEntries(FUNCTION_NAMES.map((name) => [name, functionFile(`${name}/lambda`)]));
    let flows: EngineBuilt['flows'] = [];
    const run = (from: string, options: BuildOptions): Metafile => {
      const built = buildEngine(from, options);
      flows = built.flows;
      return built.metafile;
    };
    const { metafile, folders } = splitBuild(entry, entries, run, {
      alias: {
        'tutti-entry': entry,
        ...REPLACED_IN_SDK,
      },
      define: { 'process.env.TUTTI_SYSTEM': JSON.stringify(options.system) },
    });
    const chain = forbiddenChain(metafile, entry);
    if (chain) throw BundleError.forbidden(entry, chain);
    // Only the sweeper, which is off the path of every event, stores them.
    if (flows.length > 0) writeFileSync(join(folders['sweep-timers'] as string, FLOWS_FILE), JSON.stringify(flows));
    return { folders: folders as Record<FunctionName, string>, warnings: warningsOf(metafile) };
  });
}

/**
 * Adds a code cache to advance-processes, which the given Node makes with a first call for this event. Returns the reason as text if it cannot.
 */
export function cachedAdvance(options: {
  readonly entry: string;
  readonly system: string;
  readonly node: string;
  readonly event: object;
}): CachedBundle | string {
  const { node, event } = options;
  const version = nodeOf(node);
  if (!version.startsWith('v24.')) return `${node} is ${version || 'no Node'}, expected Node 24`;
  const loader = functionFile('load-bundle');
  const from = bundleFunctions(options).folders['advance-processes'];
  return once(`cached ${node} ${options.system} ${resolve(options.entry)}`, (): CachedBundle | string =>
    withCodeCache(from, outputFolder(), {
      node,
      event,
      writeLoader: (outfile) => void build(loader, { ...COMMON, bundle: true, format: 'cjs', entryPoints: [loader], outfile }),
    }),
  );
}

/**
 * Builds the function that runs steps around the system with this name, with all that steps import. The result is cached for this Node
 * process.
 */
export function bundleStepRunner(options: { readonly entry: string; readonly system: string }): ServiceBundle {
  const entry = resolve(options.entry);
  return once(`steps ${options.system} ${entry}`, () => {
    const { metafile, folders } = splitBuild(entry, { 'run-steps': functionFile('run-steps/lambda') }, build, {
      alias: { 'tutti-entry': entry },
      define: { 'process.env.TUTTI_SYSTEM': JSON.stringify(options.system) },
    });
    return { folder: folders['run-steps'] as string, warnings: warningsOf(metafile) };
  });
}

/** Builds the Lambda function of a service from the module that exports `handler`. The result is cached for this Node process. */
export function bundleService(entry: string): ServiceBundle {
  const file = resolve(entry);
  return once(`service ${file}`, () => {
    const { metafile, folders } = splitBuild(file, { service: file }, build, {});
    return { folder: folders['service'] as string, warnings: warningsOf(metafile) };
  });
}

/**
 * Builds the function of a `Console` around the module that exports `authorize`. The result is cached for this Node process. Throws a
 * `BundleError` if the module has no such export.
 */
export function bundleConsole(authorizer: string): ServiceBundle {
  const entry = resolve(authorizer);
  return once(`console ${entry}`, () => {
    const { metafile, folders } = splitBuild(entry, { 'serve-console': functionFile('serve-console/lambda') }, build, {
      alias: { 'tutti-authorizer': entry, ...REPLACED_IN_SDK },
    });
    return { folder: folders['serve-console'] as string, warnings: warningsOf(metafile) };
  });
}

/** Builds the function of a `KafkaSource`, which holds no code of users. The result is cached for this Node process. */
export function bundleForwarder(): ServiceBundle {
  const file = functionFile('forward-records/lambda');
  return once('forwarder', () => {
    const { folders } = splitBuild(file, { 'forward-records': file }, build, { alias: REPLACED_IN_SDK });
    return { folder: folders['forward-records'] as string, warnings: [] };
  });
}

/** The metafile of the engine has 1 MB. */
const METAFILE_BYTES_MAX = 256_000_000;

/** Builds one folder per entry. Its index.js loads the other files on demand. */
function splitBuild(
  entry: string,
  entryPoints: Readonly<Record<string, string>>,
  run: typeof build,
  options: BuildOptions,
): { readonly metafile: Metafile; readonly folders: Readonly<Record<string, string>> } {
  const outdir = outputFolder();
  const [modules, scripts] = [join(outdir, 'modules'), join(outdir, 'scripts')];
  const metafile = run(entry, { ...MODULES, ...options, entryPoints, outdir: modules });
  toCommonJs(entry, modules, scripts);
  const folders = Object.keys(entryPoints).map((name) => {
    const folder = functionFolder(join(outdir, 'folders', name), scripts, loadedBy(metafile, `${name}.js`));
    return [name, folder] as const;
  });
  return { metafile, folders: Object.fromEntries(folders) };
}

/**
 * Converts the chunks to CommonJS, where `import()` becomes a `require` that runs when it is reached. On Node 24 an ES module pays
 * for every export of each builtin that it imports: 25 ms for the imports of the SDK.
 */
function toCommonJs(entry: string, modules: string, scripts: string): void {
  const entryPoints = readdirSync(modules).map((file) => join(modules, file));
  build(entry, { ...COMMON, format: 'cjs', supported: { 'dynamic-import': false }, entryPoints, outdir: scripts });
}

/** Copies the function's file as index.js, and the files that it loads beside it. */
function functionFolder(folder: string, scripts: string, files: readonly string[]): string {
  mkdirSync(folder, { recursive: true });
  for (const [index, file] of files.entries()) copyFileSync(join(scripts, file), join(folder, index === 0 ? 'index.js' : file));
  return commonJsFolder(folder);
}

const built = new Map<string, unknown>();

function once<T>(key: string, make: () => T): T {
  if (!built.has(key)) built.set(key, make());
  return built.get(key) as T;
}

function build(entry: string, options: BuildOptions): Metafile {
  const { buildSync } = loadEsbuild();
  try {
    return (buildSync(options) as { readonly metafile: Metafile }).metafile;
  } catch (error) {
    throw notBuilt(entry, error);
  }
}

/** As `build`, without the modules that user code imports dynamically, and with the graphs of the processes. */
function buildEngine(entry: string, options: BuildOptions): EngineBuilt {
  loadEsbuild();
  const program = fileURLToPath(new URL(`./engine-build.${SOURCE ? 'ts' : 'js'}`, import.meta.url));
  const loader = SOURCE ? ['--import', pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href] : [];
  const { status, stdout, stderr, error } = spawnSync(process.execPath, [...loader, program], {
    input: JSON.stringify({ options, entry } satisfies EngineBuild),
    encoding: 'utf8',
    maxBuffer: METAFILE_BYTES_MAX,
  });
  if (status !== 0) throw notBuilt(entry, error ?? stderr);
  return JSON.parse(stdout) as EngineBuilt;
}

function notBuilt(entry: string, error: unknown): BundleError {
  const missing = CLIENT_SDK.find((name) => String(error).includes(`Could not resolve "${name}"`));
  if (missing === undefined) return BundleError.failed(entry, error);
  const isOfAll = (FUNCTION_SDK as readonly string[]).includes(missing);
  return BundleError.missing(missing, isOfAll ? FUNCTION_SDK : CLIENT_SDK, error);
}

/** Loads esbuild at the first build, so that an app that builds no function does not need it. */
function loadEsbuild(): typeof import('esbuild') {
  try {
    return createRequire(import.meta.url)('esbuild') as typeof import('esbuild');
  } catch (error) {
    throw BundleError.missing('esbuild', ['--save-dev esbuild'], error);
  }
}

let outputRoot: string | undefined;

/** A temporary folder per Node process, because another may build the same entry at once. CDK copies an asset when its construct is made. */
function outputFolder(): string {
  if (outputRoot === undefined) {
    const made = mkdtempSync(join(tmpdir(), 'tutti-bundle-'));
    process.once('exit', () => rmSync(made, { recursive: true, force: true }));
    outputRoot = made;
  }
  return mkdtempSync(join(outputRoot, 'build-'));
}

/** Marks the files of the folder as CommonJS, whatever package.json is above it. */
function commonJsFolder(folder: string): string {
  writeFileSync(join(folder, 'package.json'), '{"type":"commonjs"}\n');
  return folder;
}

function warningsOf(metafile: Metafile): readonly string[] {
  const locales = carriedLocales(metafile);
  if (locales === undefined) return [];
  const size = Math.round(locales.bytes / 1000);
  return [
    `${locales.importer} imports { z } from 'zod', which adds ${size} KB of zod's locales to each function. Write: import * as z from 'zod'.`,
  ];
}
