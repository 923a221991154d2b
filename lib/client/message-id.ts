import { monotonicFactory, type ULIDFactory } from 'ulid';
import { ID } from '../contract/wire/envelope-form.ts';
import { ContractError } from '../contract/errors.ts';

let next: ULIDFactory | undefined;

/** Makes a ULID, which sorts by time. The generator is created lazily, because an import must do no work. */
export function newMessageId(now: number): string {
  next ??= monotonicFactory();
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
