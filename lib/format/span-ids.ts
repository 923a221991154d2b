import { sha256 } from './inbox-message.ts';

/** A run, of which each span has an id that any program can compute again. */
export interface RunName {
  readonly pid: string;
  readonly run: string;
}

/** A trace holds what begins within this time; a run that is older goes on in another trace, which links to the first one. */
const SEGMENT_MS = 3_600_000;

/** The trace of a run at `at`: the first one while the run is younger than an hour, then one for each hour. */
export function traceIdAt(of: RunName, startedAt: number, at: number): string {
  return traceId(of, Math.max(0, Math.floor((at - startedAt) / SEGMENT_MS)));
}

/** The trace in which a run begins. */
export function firstTraceId(of: RunName): string {
  return traceId(of, 0);
}

export function runSpanId({ pid, run }: RunName): string {
  return hexOf(`${pid}/${run}`, 8);
}

export function stepSpanId({ pid, run }: RunName, path: string): string {
  return hexOf(`${pid}/${run}#${path}`, 8);
}

/** `attempt`: from 1, of this command number. */
export function sendSpanId(commandId: string, attempt: number): string {
  return hexOf(`${commandId}/${attempt}`, 8);
}

function traceId({ pid, run }: RunName, segment: number): string {
  return hexOf(`${pid}/${run}/${segment}`, 16);
}

/** The first bytes of the SHA-256, as W3C Trace Context writes ids. It is random enough to never be all zeros, which is not allowed. */
function hexOf(text: string, bytes: number): string {
  return sha256(text).slice(0, 2 * bytes);
}
