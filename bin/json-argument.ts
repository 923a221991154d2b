import { readFileSync } from 'node:fs';
import type { Json } from '../lib/contract/schema.ts';
import { usageError } from './usage-error.ts';

/** JSON as it was typed, or of a file as `@FILE`. */
export function jsonArgument(text: string): Json {
  const source = text.startsWith('@') ? readFile(text.slice(1)) : text;
  try {
    return JSON.parse(source) as Json;
  } catch (error) {
    throw usageError(
      `${text.startsWith('@') ? text.slice(1) : JSON.stringify(text)} is not JSON: ${(error as Error).message}.`,
      `Write JSON in single quotes, such as '{"total":1}', or @FILE.`,
    );
  }
}

function readFile(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw usageError(`The file ${path} cannot be read: ${(error as Error).message}.`, 'Name a file that is there.');
  }
}
