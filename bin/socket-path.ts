import { createHash } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

/** Longer paths the operating systems do not take for a socket: 104 bytes on macOS, 108 on Linux. */
const PATH_BYTES_MAX = 100;

/** Where a running `tutti dev` of this folder listens. */
export function socketPath(directory: string): string {
  const folder = resolve(directory);
  const path = join(folder, 'tutti.sock');
  if (Buffer.byteLength(path) <= PATH_BYTES_MAX) return path;
  return join(tmpdir(), `tutti-${createHash('sha256').update(folder).digest('hex').slice(0, 16)}.sock`);
}
