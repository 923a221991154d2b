import { readFileSync } from 'node:fs';
import { dirname, join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as esbuild from 'esbuild';
import { builtFlows } from '../../flow/flows.ts';
import { codesOf, type BuiltFlow } from '../../format/stored-flow.ts';
import { isTypeScript, typescriptLoader } from '../../local/typescript-loader.ts';

/**
 * A program that lib/cdk/bundle/bundle.ts runs, since esbuild has plugins in its asynchronous form only and a construct is made synchronously.
 * It reads an `EngineBuild` as JSON from stdin and writes an `EngineBuilt` as JSON to stdout. If a module does not compile, it writes the message
 * to stderr and exits with 1.
 */
export interface EngineBuild {
  readonly options: esbuild.BuildOptions;
  /** The module that exports the system. The functions get the hashes of its code, and its graphs. */
  readonly entry: string;
}

export interface EngineBuilt {
  readonly metafile: esbuild.Metafile;
  readonly flows: readonly BuiltFlow[];
}

const OWN = ['lib', 'functions'].map((folder) => join(dirname(fileURLToPath(import.meta.url)), '../../..', folder) + sep);
const SDK = /[\\/]node_modules[\\/]@(?:aws-sdk|smithy|aws-crypto|aws)[\\/]/;

/** Tutti and the SDK load parts of themselves on demand. Every other module that is imported dynamically belongs to a step. */
function isOwn(importer: string): boolean {
  return OWN.some((folder) => importer.startsWith(folder)) || SDK.test(importer);
}

const stepsStayOutside: esbuild.Plugin = {
  name: 'steps-stay-outside',
  setup(build) {
    build.onResolve({ filter: /.*/ }, ({ kind, importer, path }) =>
      kind === 'dynamic-import' && !isOwn(importer) ? { path, namespace: 'step' } : undefined,
    );
    build.onLoad({ filter: /.*/, namespace: 'step' }, ({ path }) => ({ contents: `throw new Error(${JSON.stringify(refusal(path))});` }));
  },
};

/** The message of the error that `import()` rejects with if a process calls it outside of a step. */
function refusal(path: string): string {
  return `A process imports ${path} while it decides, and the engine has no module that is imported dynamically. Call import() inside a step: ctx.run.`;
}

/** The module is imported for the values of its names, as the app imports it. */
async function importValues(url: string): Promise<Readonly<Record<string, unknown>>> {
  const loader = isTypeScript(url) ? typescriptLoader(url) : undefined;
  if (loader !== undefined) await (reads ??= registered(loader));
  return (await import(url)) as Readonly<Record<string, unknown>>;
}

let reads: Promise<void> | undefined;

async function registered(loader: string): Promise<void> {
  ((await import(loader)) as { register(): unknown }).register();
}

try {
  const { options, entry } = JSON.parse(readFileSync(0, 'utf8')) as EngineBuild;
  const flows = await builtFlows(entry, importValues);
  const define = {
    ...options.define,
    'process.env.TUTTI_CODES': JSON.stringify(JSON.stringify(codesOf(flows))),
    'process.env.TUTTI_FLOWS': JSON.stringify(flows.length > 0 ? 'true' : ''),
  };
  const { metafile } = await esbuild.build({ ...options, metafile: true, define, plugins: [stepsStayOutside] });
  // An imported module may hold this process open.
  process.stdout.write(JSON.stringify({ metafile, flows } satisfies EngineBuilt), () => process.exit(0));
} catch (error) {
  process.stderr.write(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
