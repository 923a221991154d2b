import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { SCRIPT_FILE } from './bundle-script.ts';
import type { FirstCall } from './make-cache.ts';

/**
 * Input: the folder of a function, its first event, and a Node. Output: a folder with the same code as one script, and the code that V8 has
 * compiled at the end of the first call, which an environment loads in place of compiling it.
 * Trunk: this file writes the script and runs lib/cdk/bundle/code-cache/make-cache.ts on that Node; the deployed index.js is
 * functions/load-bundle.ts, and both run the script with lib/cdk/bundle/code-cache/bundle-script.ts.
 */
export interface CachedBundle {
  readonly folder: string;
  /** A hash of the code and of the Node. Two caches of the same code differ in some bytes, and are the same asset. */
  readonly assetHash: string;
}

export interface CodeCacheOptions {
  /** Path of the Node that makes the cache. */
  readonly node: string;
  readonly event: object;
  /** Writes functions/load-bundle.ts, as CommonJS. */
  readonly writeLoader: (file: string) => void;
}

const SOURCE = import.meta.url.endsWith('.ts');

/** A first call against a stub on this machine takes a second. */
const MAKE_MS_MAX = 60_000;

/** Writes the folder `to`. Returns the reason as text if the Node cannot make a cache. */
export function withCodeCache(from: string, to: string, { node, event, writeLoader }: CodeCacheOptions): CachedBundle | string {
  const names = readdirSync(from).filter((name) => name.endsWith('.js'));
  const files = names.map(
    (name) => `${JSON.stringify(name)}:function(exports,require,module){${readFileSync(join(from, name), 'utf8')}\n}`,
  );
  const script = `({${files.join(',')}})`;
  const index = join(to, 'index.js');
  writeFileSync(join(to, SCRIPT_FILE), script);
  writeFileSync(join(to, 'package.json'), readFileSync(join(from, 'package.json')));
  writeLoader(index);
  const program = fileURLToPath(new URL(`./make-cache.${SOURCE ? 'ts' : 'js'}`, import.meta.url));
  const loader = SOURCE ? ['--import', pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href] : [];
  const made = spawnSync(node, [...loader, program], {
    input: JSON.stringify({ folder: to, event } satisfies FirstCall),
    encoding: 'utf8',
    timeout: MAKE_MS_MAX,
    // No settings of AWS: the call reaches only the stub.
    env: { PATH: process.env['PATH'] },
  });
  if (made.status !== 0) return `${node} made no cache: ${made.error?.message ?? made.stderr.trim().slice(-500)}`;
  const hash = [script, readFileSync(index, 'utf8'), nodeOf(node)].reduce((sum, text) => sum.update(text), createHash('sha256'));
  return { folder: to, assetHash: hash.digest('hex') };
}

/** The version of a Node and the processor that it runs on, such as `v24.21.0 arm64`. Empty if it is no Node. */
export function nodeOf(node: string): string {
  const { stdout } = spawnSync(node, ['-p', '`${process.version} ${process.arch}`'], { encoding: 'utf8' });
  // Absent if there is no such program.
  return (stdout as string | undefined)?.trim() ?? '';
}
