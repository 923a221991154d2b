import { LAST_ERROR_LENGTH_MAX, type LastError } from '../../contract/wire/last-error.ts';
import { withoutValues } from '../../contract/schema.ts';
import { wellFormed } from '../../contract/wire/thrown-text.ts';
import type { InFlight } from './in-flight.ts';
import type { RunEnd } from './run-end.ts';
import { OVERDUE } from './run-time.ts';
import { isNotDone, isRetryAfter } from '../task.ts';

const CODE = /^[A-Za-z][A-Za-z0-9_.-]{0,99}$/;

/** Classifies the end of a run that threw an error or exceeded its timeout. */
export function runEndOf(thrown: unknown, { settled }: InFlight): RunEnd {
  if (thrown === OVERDUE) return { how: 'failed', settled, error: { code: 'TIMEOUT', message: 'The run took longer than its timeout.' } };
  const error = lastErrorFrom(thrown);
  if (isRetryAfter(thrown)) return { how: 'later', settled, error, delayMs: thrown.delayMs };
  return { how: isNotDone(thrown) ? 'not-done' : 'failed', settled, error };
}

/** The error of a handler as it is recorded and sent to the process: short, with texts that look like secrets masked. */
export function lastErrorFrom(thrown: unknown): LastError {
  return { code: codeOf(thrown), message: scrubbed(withoutValues(thrown)) };
}

function codeOf(thrown: unknown): string {
  const { code, cause, name } = (typeof thrown === 'object' && thrown !== null ? thrown : {}) as {
    readonly code?: unknown;
    readonly cause?: { readonly code?: unknown } | null;
    readonly name?: unknown;
  };
  // The error of a failed `fetch` has its code in `cause`.
  return [code, cause?.code, name].find((text): text is string => typeof text === 'string' && CODE.test(text)) ?? 'Error';
}

// oxlint-disable-next-line no-control-regex -- the pattern matches control characters
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g;
const CREDENTIALS_OF_A_URL = /(:\/\/)[^\s/@]+@/g;
const BEARER = /\b(bearer|basic)\s+[^\s"',;]+/gi;
const NAMED =
  /((?:pass(?:word|wd)?|pwd|secret|token|api[-_]?key|access[-_]?key|authorization|credentials?|signature)["']?\s*[=:]\s*)("[^"]*"|'[^']*'|[^\s"',;&]+)/gi;
/** A long word of mixed case with digits is a key, and a hexadecimal number of 128 bits or more a hash or a key. */
const RANDOM = /\b(?=[A-Za-z0-9_-]*\d)(?=[A-Za-z0-9_-]*[a-z])(?=[A-Za-z0-9_-]*[A-Z])[A-Za-z0-9_-]{24,}|\b[0-9a-fA-F]{32,}\b/g;
/** A longer text is cut first, which bounds the time of the patterns. */
const READ_MAX = 4 * LAST_ERROR_LENGTH_MAX;

function scrubbed(text: string): string {
  const clean = text
    .slice(0, READ_MAX)
    .replace(CONTROL, ' ')
    .replace(CREDENTIALS_OF_A_URL, '$1***@')
    .replace(BEARER, '$1 ***')
    .replace(NAMED, '$1***')
    .replace(RANDOM, '***');
  return wellFormed(clean.slice(0, LAST_ERROR_LENGTH_MAX));
}
