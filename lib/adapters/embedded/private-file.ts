import { chmodSync, closeSync, constants, fchmodSync, lstatSync, mkdirSync, openSync, type Stats, statSync } from 'node:fs';
import { join } from 'node:path';
import { ClientError } from '../../contract/errors.ts';

const FOLDER_OWNER_ONLY = 0o700;
const FILE_OWNER_ONLY = 0o600;
/** Group and all others. */
const OTHERS_WRITE = 0o022;

/** Every file that a folder of state may hold, apart from the copies of `tutti repair`. */
export const STATE_FILES = ['state.db', 'state.db-wal', 'state.db-shm', 'state.db-journal', 'state.sum', 'log.0', 'log.1', 'holder.pid'];

/**
 * Makes the folder for its owner only, or checks that nobody else can have put a file or a link there: it belongs to the user of this
 * process, no other user may write to it, and its files are plain files of that user.
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

/** As `claimFolder`, for a folder that is not searched for files. */
export function claimDirectory(directory: string): void {
  // Whatever the umask is: it can only take rights away from the mode that is asked for.
  if (mkdirSync(directory, { recursive: true, mode: FOLDER_OWNER_ONLY }) !== undefined) chmodSync(directory, FOLDER_OWNER_ONLY);
  const stat = statSync(directory);
  checkOwner(directory, stat);
  // Windows has no such bits.
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

/** Creates the file where it is missing. A file that exists is not opened: closing it would end the locks that this process has on it. */
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
