import { readFileSync } from 'node:fs';
import { InvalidArgumentError } from 'commander';
import ms from 'ms';
import type { Duration } from '../lib/contract/duration.ts';
import type { Json } from '../lib/contract/schema.ts';
import { usageError } from './exit-code.ts';

/** Parses JSON given as text, or read from a file as `@FILE`. */
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
    throw usageError(`The file ${path} cannot be read: ${(error as Error).message}.`, 'Name a file that exists and is readable.');
  }
}

/** Parses a date (`2026-11-21T10:00`) or an age (`30 minutes`, `2h`) into milliseconds since the epoch. */
export function instantArgument(text: string, now: number): number {
  const ago = ms(text as ms.StringValue) as number | undefined;
  if (ago !== undefined && Number.isFinite(ago)) return now - ago;
  const instant = Date.parse(text);
  if (Number.isFinite(instant)) return instant;
  throw usageError(
    `${JSON.stringify(text)} is not an instant: expected a date such as 2026-11-21T10:00, or an age such as 30m.`,
    'Write a date or a duration.',
  );
}

export function countArgument(text: string): number {
  const count = Number(text);
  if (!Number.isSafeInteger(count) || count < 1) throw new InvalidArgumentError('Expected a whole number from 1.');
  return count;
}

export function durationArgument(text: string): Duration {
  const milliseconds = ms(text as ms.StringValue) as number | undefined;
  if (milliseconds === undefined || !(milliseconds > 0)) throw new InvalidArgumentError('Expected a duration, such as 30s or 5 minutes.');
  return `${milliseconds / 1000} seconds`;
}

export function portArgument(text: string): number {
  const port = Number(text);
  if (!Number.isInteger(port) || port < 1 || port > 65_535) throw new InvalidArgumentError('Expected a port from 1 to 65535.');
  return port;
}
