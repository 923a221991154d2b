import { isCommandFailed, type CommandFailed } from '../../contract/errors.ts';
import { parse, type Json } from '../../contract/schema.ts';
import { thrownText } from '../../contract/wire/thrown-text.ts';
import type { Job } from './job.ts';

/** Whether a handler threw an error that the contract of its own command declares. */
export function isDeclared(error: unknown, { command, served }: Job): error is CommandFailed {
  if (!isCommandFailed(error) || error.command !== command.type) return false;
  return Object.hasOwn(served?.contract.errors ?? {}, error.type);
}

/** The data of the reply that says so. Throws where the error's own data breaks the contract. */
export function failureData(error: CommandFailed, { served }: Job): Json {
  const schema = served?.contract.errors[error.type];
  const data = schema === undefined ? error.data : parse(schema, error.data, `${error.command} failed with ${error.type}, with`);
  return { type: error.type, message: thrownText(error), data };
}
