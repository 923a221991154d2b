import { ClientError } from '../../../contract/errors.ts';

/** A full disk, a full quota, a limit on the size of files, and the codes of SQLite for them. */
const CODES = /^(ENOSPC|EDQUOT|EFBIG|SQLITE_FULL|SQLITE_IOERR.*)$/;

export function isDiskFull(error: unknown): error is Error & { readonly code: unknown } {
  return error instanceof Error && 'code' in error && CODES.test(String(error.code));
}

/** The error itself, or `DISK_FULL` instead if the disk takes no more writes. */
export function asDiskFull(directory: string, error: unknown): unknown {
  if (!isDiskFull(error)) return error;
  return new ClientError(
    'DISK_FULL',
    `The disk under ${directory} takes no more writes (${String(error.code)}): commits have stopped, and nothing that was confirmed is lost.`,
    { details: { directory, code: String(error.code) }, cause: error },
  );
}
