import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import type { ThreadData } from './thread-data.ts';

const TYPESCRIPT = /\.[cm]?tsx?$/;

/**
 * Starts a thread for an engine of the system in the module at `entry`. A thread inherits the options of this process, but
 * in Node 20 not its loader, so where it is to import TypeScript it registers tsx by itself.
 */
export function startThread(workerData: ThreadData, entry: string): Worker {
  const fromSource = TYPESCRIPT.test(import.meta.url);
  const thread = new URL(fromSource ? './engine-thread.ts' : './engine-thread.js', import.meta.url);
  const options = { name: 'tutti-engine', workerData };
  const loader = fromSource || TYPESCRIPT.test(entry) ? loaderUrl() : undefined;
  if (loader === undefined) return new Worker(thread, options);
  const code = `import(${JSON.stringify(loader)}).then(({ register }) => { register(); return import(${JSON.stringify(thread.href)}); });`;
  return new Worker(code, { ...options, eval: true, ...(fromSource && { execArgv: ['--conditions=source'] }) });
}

/** The loader's own module; `require` names its CommonJS twin. Where tsx is not installed, Node reads TypeScript itself, or says that it cannot. */
function loaderUrl(): string | undefined {
  try {
    return pathToFileURL(
      createRequire(import.meta.url)
        .resolve('tsx/esm/api')
        .replace(/\.cjs$/, '.mjs'),
    ).href;
  } catch {
    return undefined;
  }
}
