import type { EngineNotice } from '../lib/engine/engine-context.ts';

type LoggedEvent =
  | 'parked'
  | 'stuck'
  | 'unresolved'
  | 'ignored'
  | 'fault'
  | 'retired'
  | 'untraced'
  | 'woken'
  | 'unseen'
  | 'still-stuck'
  | 'still-parked'
  | 'still-unresolved';

/** Lambda derives the level of a line from the console method ("Log-level filtering"), and adds timestamp and request id. */
const LEVELS: Readonly<Record<LoggedEvent, 'info' | 'warn' | 'error'>> = {
  fault: 'error',
  unseen: 'error',
  parked: 'warn',
  untraced: 'warn',
  stuck: 'warn',
  'still-stuck': 'warn',
  'still-parked': 'warn',
  'still-unresolved': 'warn',
  unresolved: 'warn',
  woken: 'warn',
  ignored: 'info',
  retired: 'info',
};

/** The fields that a log line may have. None contains a payload, an id other than of an instance or an event, or a message of user code. */
export interface LogLine {
  /** The metrics of the constructs count lines by this field. */
  readonly event: LoggedEvent;
  readonly pid?: string;
  /** Code of a parked or stuck event, followed by the fields of the event. */
  readonly reason?: string;
  readonly id?: string;
  readonly type?: string;
  readonly source?: string;
  /** Name of the error. */
  readonly error?: string;
  readonly code?: string;
  readonly detail?: string;
  /** Innermost stack frame of the error. */
  readonly at?: string;
  readonly count?: number;
}

export type Log = (line: LogLine) => void;

const FIELDS = [
  'event',
  'pid',
  'reason',
  'id',
  'type',
  'source',
  'error',
  'code',
  'detail',
  'at',
  'count',
] as const satisfies readonly (keyof LogLine)[];

/** Writes one object per line, which Lambda formats as JSON. Fields that are not in FIELDS are dropped. */
export const logLine: Log = (line) => {
  console[LEVELS[line.event]](Object.fromEntries(FIELDS.flatMap((field) => (line[field] === undefined ? [] : [[field, line[field]]]))));
};

const DETAIL_CHARACTERS_MAX = 300;

/** Reasons whose detail may quote a payload or an error of user code. */
const QUOTING: ReadonlySet<string> = new Set(['MALFORMED', 'DATA_INVALID', 'REFUSED', 'REPLY_INVALID', 'FORBIDDEN', 'STUCK']);

/** Returns the log line of an engine notice; without a pid if the instance is unknown. */
export function noticeLine({ kind, reason, pid, event, detail }: EngineNotice): LogLine {
  return {
    event: kind,
    reason,
    ...(pid !== '' && { pid }),
    ...event,
    ...(detail !== undefined && !QUOTING.has(reason) && { detail: detail.slice(0, DETAIL_CHARACTERS_MAX) }),
  };
}

/**
 * Returns the log line of an error that is retried. Only messages of AWS are logged, which name calls and resources; others may quote
 * payloads.
 */
export function faultLine(error: unknown): LogLine {
  if (!(error instanceof Error)) return { event: 'fault', error: typeof error };
  const { name, message, code, stack, $metadata } = error as Error & { readonly code?: unknown; readonly $metadata?: unknown };
  return {
    event: 'fault',
    error: name,
    ...(typeof code === 'string' && { code }),
    ...($metadata !== undefined && { detail: message.slice(0, DETAIL_CHARACTERS_MAX) }),
    ...placeOf(stack),
  };
}

/** Returns the log line of messages that a queue refused. The reason is that of AWS or its SDK, neither of which quotes a message. */
export function unsentLine(reason: string): LogLine {
  return {
    event: 'fault',
    error: 'Unsent',
    detail: reason.slice(0, DETAIL_CHARACTERS_MAX),
  };
}

/** The innermost stack frame, which tells a bug from an unavailable resource. */
function placeOf(stack = ''): Pick<LogLine, 'at'> {
  const frame = stack.split('\n').find((line) => line.startsWith('    at '));
  return frame === undefined ? {} : { at: frame.trim().slice('at '.length) };
}
