import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const TYPESCRIPT = /\.[cm]?tsx?$/;

export function isTypeScript(pathOrUrl: string): boolean {
  return TYPESCRIPT.test(pathOrUrl);
}

/**
 * The module of tsx that registers its loader, resolved from the program at `entry`, else from Tutti. Undefined if tsx is not
 * installed: Node then reads TypeScript itself, or reports that it cannot.
 */
export function typescriptLoader(entry: string): string | undefined {
  for (const from of [entry, import.meta.url]) {
    try {
      // `require` names the CommonJS twin of the module.
      const twin = createRequire(from).resolve('tsx/esm/api');
      return pathToFileURL(twin.replace(/\.cjs$/, '.mjs')).href;
    } catch {
      continue;
    }
  }
  return undefined;
}
