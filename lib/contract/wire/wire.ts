import { INSTANT_MAX } from '../instant.ts';
import type { CommandEnvelope, EventEnvelope, ReplyEnvelope } from './envelope.ts';
import { type Json, jsonFault } from './json.ts';
import {
  DATAREF_LENGTH_MAX,
  FACTOR_PATTERN,
  HASH,
  ID,
  INSTANT,
  LABEL_LENGTH_MAX,
  NAME,
  OUTCOMES,
  PROCESS_ID,
  REPLY_TOKEN_LENGTH_MAX,
  TENANT,
} from './envelope-form.ts';
import { FACTOR, FIRST_MS, MOST_MS, TIMEOUT_MS } from '../retry-policy.ts';

const BEYOND_ASCII = /[\u007f-\uffff]/;
const EACH_BEYOND_ASCII = /[\u007f-\uffff]/g;

/**
 * Input: an envelope, or a message as text or object. Output: the text of the envelope, or the parsed envelope with each fault as a reason.
 * Trunk: envelope.ts has the types, envelope-form.ts the form of each field, canonical.ts the JSON that is hashed, process-id.ts the ids.
 */

/**
 * An envelope as text for the bus and the queues: JSON in which each character above 0x7E is escaped, because SQS refuses or replaces some
 * characters and counts the others in bytes.
 */
export function toWire(envelope: EventEnvelope | CommandEnvelope | ReplyEnvelope): string {
  return asciiOf(JSON.stringify(envelope));
}

/** A message does not contain data with more characters than this on the wire, but refers to it by its SHA-256. */
export const CARRIED_CHARACTERS_MAX = 100 * 1024;

/** The largest value, as UTF-8. The engine holds a value in memory together with its journal, and writes it again for its instance. */
export const VALUE_BYTES_MAX = 20 * 1024 * 1024;

/** The number of bytes of a text in UTF-8. */
export function utf8Length(text: string): number {
  let bytes = text.length;
  for (let i = 0; i < text.length; i += 1) {
    const unit = text.charCodeAt(i);
    // A surrogate pair is two units and four bytes, so each unit counts as two bytes.
    if (unit >= 0x80) bytes += unit < 0x800 || (unit >= 0xd800 && unit < 0xe000) ? 1 : 2;
  }
  return bytes;
}

/** The size in bytes of a value that is too large; undefined for any other value. */
export function excessBytes(json: string): number | undefined {
  // A unit has at most three bytes, so most values need no count.
  if (json.length <= VALUE_BYTES_MAX / 3) return undefined;
  const bytes = utf8Length(json);
  return bytes > VALUE_BYTES_MAX ? bytes : undefined;
}

/** The number of characters of data on the wire. */
export function wireLength(data: Json): number {
  return escapedLength(JSON.stringify(data));
}

/** The number of characters of JSON text on the wire. An escaped character counts as six. */
export function escapedLength(json: string): number {
  let length = json.length;
  for (let i = 0; i < json.length; i += 1) if (json.charCodeAt(i) >= 0x7f) length += 5;
  return length;
}

/** JSON text in which each character above 0x7E is escaped. */
export function asciiOf(text: string): string {
  return BEYOND_ASCII.test(text) ? text.replace(EACH_BEYOND_ASCII, escaped) : text;
}

function escaped(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

/** Our own limit of a body, below the 262,144 bytes of older consumers and emulators. Bodies are ASCII, so their length is their size. */
export const BODY_BYTES_MAX = 204_800;

/** SQS accepts no longer body (Amazon SQS message quotas: 1 MiB). A queue with a smaller limit refuses it itself. */
export const SQS_BODY_BYTES_MAX = 1_048_576;

/** The reason why this body cannot be sent; undefined if it can. */
export function tooLong(what: string, body: string, most = BODY_BYTES_MAX): string | undefined {
  return body.length > most ? `The ${what} has ${body.length} bytes: at most ${most} are allowed.` : undefined;
}

/** A parsed message: one of the three kinds, or `malformed` with the reason. */
export type ParsedEnvelope =
  | { readonly kind: 'event'; readonly envelope: EventEnvelope }
  | { readonly kind: 'command'; readonly envelope: CommandEnvelope }
  | { readonly kind: 'reply'; readonly envelope: ReplyEnvelope }
  | { readonly kind: 'malformed'; readonly fault: string };

/** SQS and EventBridge carry at most 1 MiB, so a longer text did not come from them. */
const TEXT_LENGTH_MAX = 1_048_576;

const OUTCOME_SET: ReadonlySet<unknown> = new Set(OUTCOMES);

type Fields = Readonly<Record<string, unknown>>;

/**
 * Parses an external message, given as text or as an object, and checks its structure. Never throws. The returned envelope is the object
 * itself, not a copy. It keeps members that this version does not know, and nothing reads them.
 */
export function parseEnvelope(message: unknown): ParsedEnvelope {
  const value = typeof message === 'string' ? fromText(message) : message;
  if (value === UNREADABLE) return malformed(`the text is not JSON of at most ${TEXT_LENGTH_MAX} characters`);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return malformed('the message is not an object');
  try {
    return fromObject(value as Fields);
  } catch {
    // Only an object whose getters throw gets here; text never does.
    return malformed('the message cannot be read');
  }
}

const UNREADABLE: unique symbol = Symbol('unreadable');

function fromText(text: string): unknown {
  if (text.length > TEXT_LENGTH_MAX) return UNREADABLE;
  try {
    return JSON.parse(text);
  } catch {
    return UNREADABLE;
  }
}

function malformed(fault: string): ParsedEnvelope {
  return { kind: 'malformed', fault };
}

function fromObject(value: Fields): ParsedEnvelope {
  const fault = jsonFault(value, -1) ?? commonFault(value);
  if (fault !== undefined) return malformed(fault);
  if (value['commandid'] !== undefined || value['outcome'] !== undefined) {
    const wrong = replyFault(value);
    return wrong === undefined ? { kind: 'reply', envelope: value as unknown as ReplyEnvelope } : malformed(wrong);
  }
  if (value['replyto'] !== undefined || value['attempt'] !== undefined) {
    const wrong = commandFault(value);
    return wrong === undefined ? { kind: 'command', envelope: value as unknown as CommandEnvelope } : malformed(wrong);
  }
  const wrong = optional(value, 'processid', PROCESS_ID);
  return wrong === undefined ? { kind: 'event', envelope: value as unknown as EventEnvelope } : malformed(wrong);
}

function commonFault(value: Fields): string | undefined {
  if (value['specversion'] !== '1.0') return wrong(value, 'specversion', '"1.0"');
  if (value['datacontenttype'] !== 'application/json') return wrong(value, 'datacontenttype', '"application/json"');
  return (
    required(value, 'id', ID) ??
    required(value, 'source', NAME) ??
    required(value, 'type', NAME) ??
    instant(value, 'time') ??
    optional(value, 'tenant', TENANT) ??
    optional(value, 'causeid', ID) ??
    label(value, 'subject', LABEL_LENGTH_MAX) ??
    label(value, 'traceparent', LABEL_LENGTH_MAX) ??
    whole(value, 'hops', 0) ??
    optionalWhole(value, 'dataversion', 1) ??
    dataFault(value)
  );
}

function dataFault(value: Fields): string | undefined {
  const wrongHash = optional(value, 'datahash', HASH);
  if (wrongHash !== undefined) return wrongHash;
  if (value['dataref'] === undefined)
    return value['data'] === undefined ? 'data and dataref are both missing, expected one of them' : undefined;
  if (value['data'] !== undefined) return 'data and dataref are both given, expected one of them';
  if (value['datahash'] === undefined) return 'datahash is missing, expected it beside dataref';
  return label(value, 'dataref', DATAREF_LENGTH_MAX);
}

function commandFault(value: Fields): string | undefined {
  const undoesOutcome = value['undoesoutcome'];
  return (
    required(value, 'datahash', HASH) ??
    whole(value, 'attempt', 1) ??
    policyFault(value) ??
    (value['deadline'] === undefined ? undefined : instant(value, 'deadline')) ??
    optional(value, 'undoes', ID) ??
    (undoesOutcome === undefined || OUTCOME_SET.has(undoesOutcome) ? undefined : wrong(value, 'undoesoutcome', OUTCOMES.join(', '))) ??
    routeFault(value)
  );
}

function policyFault(value: Fields): string | undefined {
  return (
    optionalWhole(value, 'retryattempts', 1) ??
    optionalWhole(value, 'retryfirst', 0) ??
    optionalWhole(value, 'retrymost', 0) ??
    optional(value, 'retryfactor', FACTOR_PATTERN) ??
    optionalWhole(value, 'timeout', 1)
  );
}

function replyFault(value: Fields): string | undefined {
  const { outcome, retryable } = value as { readonly outcome?: unknown; readonly retryable?: unknown };
  if (!OUTCOME_SET.has(outcome)) return wrong(value, 'outcome', OUTCOMES.join(', '));
  if (retryable !== undefined && typeof retryable !== 'boolean') return wrong(value, 'retryable', 'true or false');
  return (
    required(value, 'commandid', ID) ??
    required(value, 'commandhash', HASH) ??
    whole(value, 'attempt', 1) ??
    optionalWhole(value, 'attempts', 0) ??
    routeFault(value) ??
    (outcome === 'failed' && value['data'] !== undefined ? failureFault(value['data']) : undefined)
  );
}

function failureFault(data: unknown): string | undefined {
  const failure = (typeof data === 'object' && data !== null ? data : {}) as Fields;
  const complete = typeof failure['type'] === 'string' && typeof failure['message'] === 'string' && failure['data'] !== undefined;
  return complete ? undefined : 'data of a failed reply lacks a member, expected { type, message, data }';
}

function routeFault(value: Fields): string | undefined {
  return required(value, 'replyto', NAME) ?? label(value, 'replytoken', REPLY_TOKEN_LENGTH_MAX);
}

function required(value: Fields, field: string, form: RegExp): string | undefined {
  const text = value[field];
  return typeof text === 'string' && form.test(text) ? undefined : wrong(value, field, `text of the form ${form.source}`);
}

function optional(value: Fields, field: string, form: RegExp): string | undefined {
  return value[field] === undefined ? undefined : required(value, field, form);
}

function label(value: Fields, field: string, lengthMax: number): string | undefined {
  const text = value[field];
  if (text === undefined || (typeof text === 'string' && text.length > 0 && text.length <= lengthMax)) return undefined;
  return wrong(value, field, `text of 1 to ${lengthMax} characters`);
}

function whole(value: Fields, field: string, least: number): string | undefined {
  const count = value[field];
  return Number.isSafeInteger(count) && (count as number) >= least ? undefined : wrong(value, field, `a whole number of ${least} or more`);
}

function optionalWhole(value: Fields, field: string, least: number): string | undefined {
  return value[field] === undefined ? undefined : whole(value, field, least);
}

function instant(value: Fields, field: string): string | undefined {
  const text = value[field];
  const valid = typeof text === 'string' && INSTANT.test(text);
  return valid ? undefined : wrong(value, field, 'an ISO 8601 instant in UTC with milliseconds');
}

const SHOWN_LENGTH_MAX = 80;

function wrong(value: Fields, field: string, expected: string): string {
  const got = value[field];
  if (got === undefined) return `${field} is missing, expected ${expected}`;
  return `${field} is ${JSON.stringify(got).slice(0, SHOWN_LENGTH_MAX)}, expected ${expected}`;
}

/** The limits and pauses of one command's runs, read from its envelope, with defaults filled in. */
export interface RunPolicy {
  /** The number of runs that may end without a reply; Infinity without a limit. */
  readonly attempts: number;
  readonly firstMs: number;
  readonly mostMs: number;
  readonly factor: number;
  /** The time limit of one run. */
  readonly timeoutMs: number;
}

type PolicyFields = Pick<CommandEnvelope, 'retryattempts' | 'retryfirst' | 'retrymost' | 'retryfactor' | 'timeout'>;

/** The policy as fields of a command's envelope. Defaults are omitted, so most commands carry no such field. */
export function policyFields(policy: RunPolicy): PolicyFields {
  const { attempts, firstMs, mostMs, factor, timeoutMs } = policy;
  return {
    ...(attempts !== Infinity && { retryattempts: attempts }),
    ...(firstMs !== FIRST_MS && { retryfirst: firstMs }),
    ...(mostMs !== MOST_MS && { retrymost: mostMs }),
    ...(factor !== FACTOR && { retryfactor: String(factor) }),
    ...(timeoutMs !== TIMEOUT_MS && { timeout: timeoutMs }),
  };
}

export function runPolicyOf(command: PolicyFields): RunPolicy {
  return {
    attempts: command.retryattempts ?? Infinity,
    firstMs: command.retryfirst ?? FIRST_MS,
    mostMs: command.retrymost ?? MOST_MS,
    factor: command.retryfactor === undefined ? FACTOR : Number(command.retryfactor),
    timeoutMs: command.timeout ?? TIMEOUT_MS,
  };
}

/** An instant as text. Out-of-range numbers are clamped and NaN is the epoch, so that a view does not fail because of one row. */
export function instantText(at: number): string {
  if (at === lastInstant) return lastText;
  lastInstant = at;
  lastText = textOfInstant(at);
  return lastText;
}

/** Many messages are written in one millisecond. */
let lastInstant = Number.NaN;
let lastText = '';

function textOfInstant(at: number): string {
  return new Date(Number.isNaN(at) ? 0 : Math.max(-INSTANT_MAX, Math.min(INSTANT_MAX, at))).toISOString();
}
