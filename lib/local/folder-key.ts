import { randomBytes } from 'node:crypto';
import { closeSync, existsSync, fsyncSync, openSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { Seal } from '../adapters/embedded/log/seal.ts';
import { ClientError } from '../contract/errors.ts';

const KEY_BYTES = 32;
/** All permissions of the group and of all others. */
const OF_OTHERS = 0o077;

/**
 * The encryption of a folder by the key in a file, which holds 32 bytes in base64. The file is made with a random key for a folder that holds no
 * state yet. Without a file there is no encryption.
 * @throws ClientError `DENIED` if the file is missing, lies in the folder, has permissions of other users, or holds no key
 */
export function folderSeal(directory: string, keyFile: string | undefined): Seal | undefined {
  if (keyFile === undefined || keyFile === '') return undefined;
  if (isWithin(directory, keyFile))
    throw denied(`The key file ${keyFile} lies in the folder that it encrypts.`, 'Keep it in another place, and back it up there.');
  if (!existsSync(keyFile)) makeKey(directory, keyFile);
  if (process.getuid !== undefined && (statSync(keyFile).mode & OF_OTHERS) !== 0)
    throw denied(`Other users may use the key file ${keyFile}.`, `Run chmod go-rwx ${keyFile}.`);
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
  writeFileSync(keyFile, `${randomBytes(KEY_BYTES).toString('base64')}\n`, { mode: 0o600, flag: 'wx', flush: true });
  // The name of the file must be on the disk before the first state that it encrypts.
  const place = openSync(dirname(keyFile), 'r');
  fsyncSync(place);
  closeSync(place);
}

function isWithin(directory: string, file: string): boolean {
  const path = relative(resolve(directory), resolve(file));
  return path !== '' && !path.startsWith('..') && path !== resolve(file);
}

function denied(message: string, remedy: string): ClientError {
  return new ClientError('DENIED', message, { remedy });
}
