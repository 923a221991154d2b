import { fileURLToPath } from 'node:url';
import type { RefusalView } from './views.ts';
import { json } from './refusal.ts';

/** Limits and headers of each host of the console: the server of one machine (bin/console-server.ts), and the `Console` of tutti/cdk. */

/** The largest request: the preview of a bulk job names up to 2,000 instances. */
export const REQUEST_BYTES_MAX = 1024 * 1024;

/** The page runs its own files only. */
export const CONTENT_SECURITY_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** No other page can open the page in a frame or a window that it controls, or embed its files. */
export const ISOLATION: Readonly<Record<string, string>> = {
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
};

/** The names of the files in this folder change with their content, so a browser keeps them. */
export const ASSETS = 'assets';
export const CACHE_FOR_EVER = 'public, max-age=31536000, immutable';
/** A browser asks each time whether a file of another folder has changed. */
export const CACHE_CHECKED = 'no-cache';

/**
 * The header in which CloudFront passes the address that the browser has used. CloudFront signs the path that it sends, and Lambda refuses the
 * signature of some escapes, which the ids of instances need.
 */
export const ADDRESS_HEADER = 'x-tutti-address';

/** The folder of the built page: `dist/console`, beside the built library and below its source. */
export function builtPages(): string {
  return fileURLToPath(new URL(import.meta.url.endsWith('.ts') ? '../../dist/console' : '../../console', import.meta.url));
}

/** A refusal by the host of a request that does not reach the operations API. */
export function hostRefusal(
  status: number,
  message: string,
  { headers, ...more }: Pick<RefusalView['error'], 'remedy' | 'signIn'> & { readonly headers?: Readonly<Record<string, string>> } = {},
): Response {
  const code = status === 500 ? 'INTERNAL' : status === 413 ? 'DATA_TOO_LARGE' : 'DENIED';
  return json({ error: { code, message, ...more } } satisfies RefusalView, status, headers);
}
