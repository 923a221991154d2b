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
import type { CommandEnvelope, EventEnvelope, ReplyEnvelope } from './envelope.ts';
import { jsonFault } from './json.ts';

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
