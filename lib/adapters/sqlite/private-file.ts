import { constants, fchmodSync, openSync } from 'node:fs';

const OWNER_ONLY = 0o600;

/** Opens a file of the folder for reading and writing, or creates it: for its owner only, whatever the umask, and never through a link. */
export function openPrivate(path: string): number {
  const { O_RDWR, O_CREAT, O_NOFOLLOW } = constants;
  const file = openSync(path, O_RDWR | O_CREAT | O_NOFOLLOW, OWNER_ONLY);
  fchmodSync(file, OWNER_ONLY);
  return file;
}
