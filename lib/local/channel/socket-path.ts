import { createHash } from 'node:crypto';
import { realpathSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

/** Operating systems limit the path of a socket: 104 bytes on macOS, 108 on Linux. */
const PATH_BYTES_MAX = 100;

/** The socket of the system that runs on this folder: the same for every path of the folder. */
export function socketPath(directory: string): string {
  const folder = realFolder(directory);
  const path = join(folder, 'tutti.sock');
  if (Buffer.byteLength(path) <= PATH_BYTES_MAX) return path;
  return join(sharedFolder(), `${createHash('sha256').update(folder).digest('hex').slice(0, 16)}.sock`);
}

/** Another user may take any name in the folder for temporary files first, so the sockets of a user lie in a folder of that user. */
function sharedFolder(): string {
  return join(tmpdir(), `tutti-${process.getuid?.() ?? 'sockets'}`);
}

function realFolder(directory: string): string {
  try {
    return realpathSync(directory);
  } catch {
    // No system runs on a missing folder, so every call fails as `UNREACHABLE`.
    return resolve(directory);
  }
}
