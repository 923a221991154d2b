import { chmodSync, closeSync, constants, fchmodSync, lstatSync, mkdirSync, openSync, type Stats, statSync } from 'node:fs';
import { join } from 'node:path';
import { ClientError } from '../../contract/errors.ts';

const FOLDER_OWNER_ONLY = 0o700;
const FILE_OWNER_ONLY = 0o600;
/** Write permission of the group and of all others. */
const OTHERS_WRITE = 0o022;

/** Every file that a folder of state may hold, except the copies of `tutti repair`. */
export const STATE_FILES = ['state.db', 'state.db-wal', 'state.db-shm', 'state.db-journal', 'state.sum', 'log.0', 'log.1', 'holder.pid'];

/**
 * Creates the folder for its owner only. Checks that no other user can have put a file or a link into an existing one: it belongs to the
 * user of this process, no other user may write to it, and its files are regular files of that user.
 * @throws ClientError `DENIED`
 */
export function claimFolder(directory: string): void {
  claimDirectory(directory);
  for (const name of STATE_FILES) {
    const path = join(directory, name);
    const stat = lstatSync(path, { throwIfNoEntry: false });
    if (stat === undefined) continue;
    if (!stat.isFile()) throw denied(`${path} is not a regular file: a link would be followed.`, `Remove ${path}, or use another folder.`);
    checkOwner(path, stat);
    chmodSync(path, FILE_OWNER_ONLY);
  }
}

/** As `claimFolder`, without a check of the files. */
export function claimDirectory(directory: string): void {
  // `chmod` too, because the umask may remove rights from the mode of `mkdir`.
  if (mkdirSync(directory, { recursive: true, mode: FOLDER_OWNER_ONLY }) !== undefined) chmodSync(directory, FOLDER_OWNER_ONLY);
  const stat = statSync(directory);
  checkOwner(directory, stat);
  // Windows has no such permission bits.
  if (process.getuid !== undefined && (stat.mode & OTHERS_WRITE) !== 0) {
    const mode = (stat.mode & 0o777).toString(8);
    throw denied(`Other users can write to the folder ${directory} (mode ${mode}).`, `Run chmod go-w ${directory}, or use another folder.`);
  }
}

/** Opens a file of the folder for reading and writing, or creates it: for its owner only, whatever the umask, and never through a link. */
export function openPrivate(path: string): number {
  const { O_RDWR, O_CREAT, O_NOFOLLOW } = constants;
  // Windows has no O_NOFOLLOW.
  const file = openSync(path, O_RDWR | O_CREAT | (O_NOFOLLOW ?? 0), FILE_OWNER_ONLY);
  fchmodSync(file, FILE_OWNER_ONLY);
  return file;
}

/** Creates the file if it is missing. An existing file is not opened, because closing it would release the locks of this process on it. */
export function createPrivate(path: string): void {
  if (lstatSync(path, { throwIfNoEntry: false }) === undefined) closeSync(openPrivate(path));
}

function checkOwner(path: string, stat: Stats): void {
  const user = process.getuid?.();
  if (user === undefined || stat.uid === user) return;
  throw denied(
    `${path} belongs to user ${stat.uid}, but this process runs as user ${user}.`,
    `Run this process as user ${stat.uid}, or use another folder.`,
  );
}

function denied(message: string, remedy: string): ClientError {
  return new ClientError('DENIED', message, { remedy });
}
