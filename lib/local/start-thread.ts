import { Worker } from 'node:worker_threads';
import type { ThreadData } from './thread-data.ts';
import { isTypeScript, typescriptLoader } from './typescript-loader.ts';

/**
 * Starts a thread for an engine of the system in the module at `entry`. A thread inherits the options of this process, but
 * in Node 20 not its loader, so a thread that imports TypeScript registers tsx itself.
 */
export function startThread(workerData: ThreadData, entry: string): Worker {
  const fromSource = isTypeScript(import.meta.url);
  const thread = new URL(fromSource ? './engine-thread.ts' : './engine-thread.js', import.meta.url);
  const options = { name: 'tutti-engine', workerData };
  const loader = fromSource || isTypeScript(entry) ? typescriptLoader(entry) : undefined;
  if (loader === undefined) return new Worker(thread, options);
  const code = `import(${JSON.stringify(loader)}).then(({ register }) => { register(); return import(${JSON.stringify(thread.href)}); });`;
  return new Worker(code, { ...options, eval: true, ...(fromSource && { execArgv: ['--conditions=source'] }) });
}
