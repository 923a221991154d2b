import { createHash } from 'node:crypto';
import { realpathSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

/** Longer paths the operating systems do not take for a socket: 104 bytes on macOS, 108 on Linux. */
const PATH_BYTES_MAX = 100;

/** Where the system that runs on this folder listens: the same for every way to name the folder. */
export function socketPath(directory: string): string {
  const folder = realFolder(directory);
  const path = join(folder, 'tutti.sock');
  if (Buffer.byteLength(path) <= PATH_BYTES_MAX) return path;
  return join(sharedFolder(), `${createHash('sha256').update(folder).digest('hex').slice(0, 16)}.sock`);
}

/** In the folder for temporary files another user may take any name first, so the sockets of a user lie in a folder of that user. */
function sharedFolder(): string {
  return join(tmpdir(), `tutti-${process.getuid?.() ?? 'sockets'}`);
}

function realFolder(directory: string): string {
  try {
    return realpathSync(directory);
  } catch {
    // Nothing runs on a folder that is not there, and whoever looks is told so.
    return resolve(directory);
  }
}
