import { createHash } from 'node:crypto';
import { ContractError } from '../../contract/errors.ts';

const HASH_LENGTH = 8;

/** `text`, or where it is longer than `lengthMax` its beginning and a hash of it, so that long names stay apart. */
export function boundedName(text: string, lengthMax: number): string {
  if (text.length <= lengthMax) return text;
  const hash = createHash('sha256').update(text).digest('hex').slice(0, HASH_LENGTH);
  return `${text.slice(0, lengthMax - HASH_LENGTH - 1)}-${hash}`;
}

/** Throws where a name that other parts compute by themselves is longer than AWS allows; such a name cannot be shortened. */
export function checkedName(kind: string, name: string, lengthMax: number, remedy: string): string {
  if (name.length <= lengthMax) return name;
  throw new ContractError('CONTRACT_INVALID', `The ${kind} would be called ${name}, ${name.length} characters: AWS allows ${lengthMax}.`, {
    remedy,
  });
}
