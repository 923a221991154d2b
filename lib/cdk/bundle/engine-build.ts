import { readFileSync } from 'node:fs';
import { dirname, join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as esbuild from 'esbuild';

/**
 * A program that lib/cdk/bundle/bundle.ts runs, since esbuild has plugins in its asynchronous form only and a construct is made synchronously.
 * It reads build options as JSON from stdin and writes the metafile as JSON to stdout. If a module does not compile, it writes the message to
 * stderr and exits with 1.
 */
export type EngineBuildOptions = esbuild.BuildOptions;

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

try {
  const options = JSON.parse(readFileSync(0, 'utf8')) as EngineBuildOptions;
  const { metafile } = await esbuild.build({ ...options, plugins: [stepsStayOutside] });
  process.stdout.write(JSON.stringify(metafile));
} catch (error) {
  process.stderr.write(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
