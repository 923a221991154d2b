import { runBundle } from '../lib/cdk/bundle/code-cache/bundle-script.ts';

/**
 * The index.js of a function whose files are one script with a code cache. If V8 refuses the cache, because Node or its flags differ from
 * those that made it, the script is compiled as without one.
 */
const { script, exports } = runBundle(__dirname, require);

if (script.cachedDataRejected !== false) {
  const flags = process.execArgv.filter((part) => part.startsWith('--'));
  console.warn({ event: 'code-cache', detail: `refused by Node ${process.version} on ${process.arch} with the flags ${flags.join(' ')}` });
}

export const { handler } = exports;
