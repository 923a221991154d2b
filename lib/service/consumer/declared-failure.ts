import { isCommandFailed, type CommandFailed } from '../../contract/errors.ts';
import { parse, type Json } from '../../contract/schema.ts';
import { thrownText } from '../../contract/wire/thrown-text.ts';
import type { Job } from './job.ts';

/** Whether the error is one that the contract of this command declares. */
export function isDeclared(error: unknown, { command, served }: Job): error is CommandFailed {
  if (!isCommandFailed(error) || error.command !== command.type) return false;
  return Object.hasOwn(served?.contract.errors ?? {}, error.type);
}

/** Returns the data of the `failed` reply. Throws if the data of the error breaks the contract. */
export function failureData(error: CommandFailed, { served }: Job): Json {
  const schema = served?.contract.errors[error.type];
  const data = schema === undefined ? error.data : parse(schema, error.data, `${error.command} failed with ${error.type}, with`);
  return { type: error.type, message: thrownText(error), data };
}
