import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { Seal } from '../adapters/embedded/log/seal.ts';
import { ClientError } from '../contract/errors.ts';

const KEY_BYTES = 32;
/** Read permission of the group and of all others. */
const OTHERS_READ = 0o044;

/**
 * The encryption of a folder by the key in a file, which holds 32 bytes in base64. The file is made with a random key for a folder that holds no
 * state yet. Without a file there is no encryption.
 * @throws ClientError `DENIED` if the file is missing, lies in the folder, can be read by other users, or holds no key
 */
export function folderSeal(directory: string, keyFile: string | undefined): Seal | undefined {
  if (keyFile === undefined || keyFile === '') return undefined;
  if (isWithin(directory, keyFile))
    throw denied(`The key file ${keyFile} lies in the folder that it encrypts.`, 'Keep it in another place, and back it up there.');
  if (!existsSync(keyFile)) makeKey(directory, keyFile);
  if (process.getuid !== undefined && (statSync(keyFile).mode & OTHERS_READ) !== 0)
    throw denied(`Other users can read the key file ${keyFile}.`, `Run chmod go-rwx ${keyFile}.`);
  const key = Buffer.from(readFileSync(keyFile, 'utf8').trim(), 'base64');
  if (key.length === KEY_BYTES) return new Seal(key);
  throw denied(
    `The key file ${keyFile} holds ${key.length} bytes: expected ${KEY_BYTES} in base64.`,
    'Make it with openssl rand -base64 32.',
  );
}

function makeKey(directory: string, keyFile: string): void {
  if (existsSync(join(directory, 'state.db')))
    throw denied(`There is no key file ${keyFile} for the state in ${directory}.`, 'Restore the key file: nothing else reads this state.');
  writeFileSync(keyFile, `${randomBytes(KEY_BYTES).toString('base64')}\n`, { mode: 0o600, flag: 'wx' });
}

function isWithin(directory: string, file: string): boolean {
  const path = relative(resolve(directory), resolve(file));
  return path !== '' && !path.startsWith('..') && path !== resolve(file);
}

function denied(message: string, remedy: string): ClientError {
  return new ClientError('DENIED', message, { remedy });
}
