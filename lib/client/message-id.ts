import { monotonicFactory, type ULIDFactory } from 'ulid';
import { ID } from '../contract/wire/envelope-form.ts';
import { ContractError } from '../contract/errors.ts';

let next: ULIDFactory | undefined;

/** An id that sorts by time: a ULID. The generator is made with the first one, since importing must do no work. */
export function newMessageId(now: number): string {
  next ??= monotonicFactory();
  return next(now);
}

/** An id that the caller chose, so that saying a thing again is a duplicate. */
export function checkedId(id: string, what: string): string {
  if (typeof id === 'string' && ID.test(id)) return id;
  throw new ContractError(
    'DATA_INVALID',
    `${what} the id ${JSON.stringify(id)}: expected 1 to 300 letters, digits and . : _ - @ + = , ~ ! / #.`,
  );
}
