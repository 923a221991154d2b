import type { EngineNotice } from '../lib/engine/engine-context.ts';

type LoggedEvent =
  | 'parked'
  | 'stuck'
  | 'unresolved'
  | 'ignored'
  | 'fault'
  | 'retired'
  | 'woken'
  | 'unseen'
  | 'still-stuck'
  | 'still-parked'
  | 'still-unresolved';

/** Where Lambda takes the level of a line from ("Log-level filtering"): the method of the console that wrote it. Lambda adds timestamp and request. */
const LEVELS: Readonly<Record<LoggedEvent, 'info' | 'warn' | 'error'>> = {
  fault: 'error',
  unseen: 'error',
  parked: 'warn',
  stuck: 'warn',
  'still-stuck': 'warn',
  'still-parked': 'warn',
  'still-unresolved': 'warn',
  unresolved: 'warn',
  woken: 'warn',
  ignored: 'info',
  retired: 'info',
};

/** The only fields that a log line may have: no payload, no id but that of a process or of an event, no message of code that users wrote. */
export interface LogLine {
  /** What the metrics of the constructs count. */
  readonly event: LoggedEvent;
  readonly pid?: string;
  /** Of what was parked: its code, and what its message says of the event. */
  readonly reason?: string;
  readonly id?: string;
  readonly type?: string;
  readonly source?: string;
  /** Of what failed. */
  readonly error?: string;
  readonly code?: string;
  readonly detail?: string;
  /** Where it was thrown. */
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

/** One object per line: Lambda writes it as JSON. A field that is not allowed does not leave, whoever adds it. */
export const logLine: Log = (line) => {
  console[LEVELS[line.event]](Object.fromEntries(FIELDS.flatMap((field) => (line[field] === undefined ? [] : [[field, line[field]]]))));
};

const DETAIL_CHARACTERS_MAX = 300;

/** Reasons whose detail may quote what was sent, or what code of users threw. */
const QUOTING: ReadonlySet<string> = new Set(['MALFORMED', 'DATA_INVALID', 'REFUSED', 'REPLY_INVALID', 'FORBIDDEN', 'STUCK']);

/** Where the instance is not known there is no pid. */
export const noticeLine = ({ kind, reason, pid, event, detail }: EngineNotice): LogLine => ({
  event: kind,
  reason,
  ...(pid !== '' && { pid }),
  ...event,
  ...(detail !== undefined && !QUOTING.has(reason) && { detail: detail.slice(0, DETAIL_CHARACTERS_MAX) }),
});

/**
 * What failed and is tried again. Only AWS's own message is told, which names calls and resources: others may quote what users sent.
 */
export const faultLine = (error: unknown): LogLine => {
  if (!(error instanceof Error)) return { event: 'fault', error: typeof error };
  const { name, message, code, stack, $metadata } = error as Error & { readonly code?: unknown; readonly $metadata?: unknown };
  return {
    event: 'fault',
    error: name,
    ...(typeof code === 'string' && { code }),
    ...($metadata !== undefined && { detail: message.slice(0, DETAIL_CHARACTERS_MAX) }),
    ...placeOf(stack),
  };
};

/** Messages that a queue did not take. The reason is AWS's own, or that of the SDK: neither quotes a message. */
export const unsentLine = (reason: string): LogLine => ({
  event: 'fault',
  error: 'Unsent',
  detail: reason.slice(0, DETAIL_CHARACTERS_MAX),
});

/** The innermost frame, which tells a bug from a resource that is out of reach. */
const placeOf = (stack = ''): Pick<LogLine, 'at'> => {
  const frame = stack.split('\n').find((line) => line.startsWith('    at '));
  return frame === undefined ? {} : { at: frame.trim().slice('at '.length) };
};
