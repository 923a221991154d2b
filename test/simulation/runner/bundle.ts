import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type BuildOptions } from 'esbuild';
import { plantBugs } from '../planted/plant-bugs.ts';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
/** Below `node_modules`, so that Node finds packages that are not bundled. */
const CACHE = join(ROOT, 'node_modules', '.cache');

/** Bundled CommonJS packages ask for Node's modules by `require`, which an ES module does not have. */
const BANNER = `import { createRequire as createRequireOfBundle } from 'node:module'; const require = createRequireOfBundle(import.meta.url);`;

export interface BundleOptions {
  /** With all planted bugs, each asleep until `globalThis.__planted` names it. @default false: the code without them */
  readonly planted?: boolean;
}

export interface Bundle {
  /** One ES module. */
  readonly path: string;
  /** It lies alone in this directory, which the caller removes. */
  readonly directory: string;
}

/** Bundles a module and all its imports into one file that Node starts quickly, once for each worker. */
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
    // No simulation runs native packages, builds or deployments.
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
