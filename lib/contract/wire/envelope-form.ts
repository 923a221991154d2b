import type { Outcome } from './envelope.ts';
import { ID_CHARACTERS, TENANT_PATTERN } from './process-id.ts';

/**
 * The form of each field of an envelope, for `parseEnvelope` and the exported JSON Schemas. Ids, sources and types become keys of tables, so
 * they contain only characters that no table needs to escape.
 */
export const ID = new RegExp(`^[/#${ID_CHARACTERS}]{1,300}$`);
export const PROCESS_ID = new RegExp(`^${TENANT_PATTERN}#[A-Za-z0-9-]{1,64}#[${ID_CHARACTERS}]{1,200}$`);
export const NAME = /^[A-Za-z0-9._-]{1,300}$/;
export const TENANT = new RegExp(`^${TENANT_PATTERN}$`);
/** `Date.parse` accepts every text that matches, and is much slower than the pattern. */
export const INSTANT = /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d\.\d{3}Z$/;
export const HASH = /^sha256:[0-9a-f]{64}$/;

/** A number of 1 or more, as text, because CloudEvents attributes cannot be fractions. */
export const FACTOR_PATTERN = /^[1-9]\d{0,6}(?:\.\d{1,20})?$/;

/** The largest number of characters of `subject` and `traceparent`. */
export const LABEL_LENGTH_MAX = 300;
export const REPLY_TOKEN_LENGTH_MAX = 2048;
export const DATAREF_LENGTH_MAX = LABEL_LENGTH_MAX * 4;

export const OUTCOMES = ['completed', 'failed', 'cancelled', 'deferred', 'unknown'] as const satisfies readonly Outcome[];
