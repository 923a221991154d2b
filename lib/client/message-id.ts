import { randomFillSync } from 'node:crypto';
import { monotonicFactory, type ULIDFactory } from 'ulid';
import { ID } from '../contract/wire/envelope-form.ts';
import { ContractError } from '../contract/errors.ts';

let next: ULIDFactory | undefined;

/** A ULID takes one number for each of its random characters, and a draw costs more than its bytes. */
const DRAWN = 1024;
const drawn = new Uint8Array(DRAWN);
let used = DRAWN;

/** A random number from 0 (inclusive) to 1 (exclusive), of which a ULID uses five bits. */
function random(): number {
  if (used === DRAWN) {
    randomFillSync(drawn);
    used = 0;
  }
  used += 1;
  return (drawn[used - 1] as number) / 256;
}

/** Makes a ULID, which sorts by time. The generator is created lazily, because an import must do no work. */
export function newMessageId(now: number): string {
  next ??= monotonicFactory(random);
  return next(now);
}

/** Checks an id that the caller chose. A second message with the same id is a duplicate. */
export function checkedId(id: string, what: string): string {
  if (typeof id === 'string' && ID.test(id)) return id;
  throw new ContractError(
    'DATA_INVALID',
    `${what} the id ${JSON.stringify(id)}: expected 1 to 300 letters, digits and . : _ - @ + = , ~ ! / #.`,
  );
}
