import type { Notice } from '../lib/engine/engine-context.ts';

/** The only fields that a log line may have: no payload, no id but that of a process, no message of code that users wrote. */
export interface LogLine {
  /** What the metrics of the constructs count. */
  readonly event: 'parked' | 'stuck' | 'unresolved' | 'ignored' | 'fault' | 'retired' | 'woken';
  readonly pid?: string;
  /** Of what was parked: its code. */
  readonly reason?: string;
  /** Of what failed. */
  readonly error?: string;
  readonly code?: string;
  readonly detail?: string;
  /** Where it was thrown. */
  readonly at?: string;
  readonly count?: number;
}

export type Log = (line: LogLine) => void;

const FIELDS = ['event', 'pid', 'reason', 'error', 'code', 'detail', 'at', 'count'] as const satisfies readonly (keyof LogLine)[];

/** One object per line: Lambda writes it as JSON. A field that is not allowed does not leave, whoever adds it. */
export const logLine: Log = (line) => {
  console.log(Object.fromEntries(FIELDS.flatMap((field) => (line[field] === undefined ? [] : [[field, line[field]]]))));
};

/** Where the instance is not known there is no pid. */
export const noticeLine = ({ kind, reason, pid }: Notice): LogLine => ({ event: kind, reason, ...(pid !== '' && { pid }) });

const DETAIL_CHARACTERS_MAX = 300;

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

/** The innermost frame, which tells a bug from a resource that is out of reach. */
const placeOf = (stack = ''): Pick<LogLine, 'at'> => {
  const frame = stack.split('\n').find((line) => line.startsWith('    at '));
  return frame === undefined ? {} : { at: frame.trim().slice('at '.length) };
};
