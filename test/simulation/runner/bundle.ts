import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type BuildOptions } from 'esbuild';
import { plantBugs } from '../planted/plant-bugs.ts';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
/** Below `node_modules`, so that what is not bundled is found there. */
const CACHE = join(ROOT, 'node_modules', '.cache');

/** Bundled CommonJS packages ask for Node's modules by `require`, which an ES module does not have. */
const BANNER = `import { createRequire as createRequireOfBundle } from 'node:module'; const require = createRequireOfBundle(import.meta.url);`;

export interface BundleOptions {
  /** With all planted bugs in it, each asleep until `globalThis.__planted` names it. @default false: the code as it is */
  readonly planted?: boolean;
}

export interface Bundle {
  /** One ES module. */
  readonly path: string;
  /** It lies alone in this directory, which the caller removes. */
  readonly directory: string;
}

/** Everything that this module imports, and itself, as one file that Node starts quickly and as often as there are workers. */
export const bundle = async (entry: string, { planted = false }: BundleOptions = {}): Promise<Bundle> => {
  await mkdir(CACHE, { recursive: true });
  const directory = await mkdtemp(join(CACHE, 'tutti-simulation-'));
  const path = join(directory, 'bundle.mjs');
  const options: BuildOptions = {
    absWorkingDir: ROOT,
    entryPoints: [entry],
    outfile: path,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    conditions: ['source'],
    sourcemap: 'inline',
    sourcesContent: false,
    // What is native, or builds and deploys, no simulation runs.
    external: ['libsql', 'esbuild', 'aws-cdk-lib', 'constructs', 'fsevents'],
    banner: { js: BANNER },
    logLevel: 'silent',
    plugins: planted ? [plantBugs(ROOT)] : [],
  };
  try {
    await build(options);
  } catch (error) {
    await rm(directory, { recursive: true });
    throw error;
  }
  return { path, directory };
};
