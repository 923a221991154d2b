import type { Json } from './envelope.ts';
import { wellFormed } from './thrown-text.ts';

/** The error of the last run that ended without a reply. */
export interface LastError {
  readonly code: string;
  readonly message: string;
}

const CODE_LENGTH_MAX = 100;
export const LAST_ERROR_LENGTH_MAX = 500;

/** The last error in the data of a reply; undefined if the service sent none. */
export function lastErrorOf(data: Json | undefined): LastError | undefined {
  if (typeof data !== 'object' || data === null || Array.isArray(data)) return undefined;
  const { type, message } = data as { readonly [key: string]: Json | undefined };
  if (typeof type !== 'string' || typeof message !== 'string') return undefined;
  return { code: cut(type, CODE_LENGTH_MAX), message: cut(message, LAST_ERROR_LENGTH_MAX) };
}

/** A last error as the data of a reply. */
export function lastErrorData({ code, message }: LastError): { readonly type: string; readonly message: string; readonly data: null } {
  return { type: code, message, data: null };
}

function cut(text: string, lengthMax: number): string {
  return wellFormed(text.slice(0, lengthMax));
}
