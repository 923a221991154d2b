import { sha256 } from './inbox-message.ts';

/** A run, of which each span has an id that any program can compute again. */
export interface RunName {
  readonly pid: string;
  readonly run: string;
}

/** A span, by its ids. */
export interface SpanName {
  readonly traceId: string;
  readonly spanId: string;
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

/** `key`: that of the message which the activation has decided (docs/protocol.md#names), so its redelivery has the same span. */
export function activationSpanId({ pid, run }: RunName, key: string): string {
  return hexOf(`${pid}/${run}<${key}`, 8);
}

/** `attempt`: from 1, of this command number. Of a published event: 1, and the id of the event. */
export function sendSpanId(commandId: string, attempt: number): string {
  return hexOf(`${commandId}/${attempt}`, 8);
}

/** The header of W3C Trace Context, version 00, by which the receiver of a message finds the span of its send. */
export function traceparentOf({ traceId, spanId }: SpanName, isSampled: boolean): string {
  return `00-${traceId}-${spanId}-${isSampled ? '01' : '00'}`;
}

/** The span that a `traceparent` names; undefined if it is absent, or not of version 00. */
export function spanIn(traceparent: string | undefined): SpanName | undefined {
  const [, trace, span] = /^00-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}$/.exec(traceparent ?? '') ?? [];
  return trace === undefined || span === undefined ? undefined : { traceId: trace, spanId: span };
}

/** Whether a run is among this share of all runs, from 0 to 1. All programs agree on it, because its trace id decides. */
export function isSampled(of: RunName, share: number): boolean {
  return Number.parseInt(firstTraceId(of).slice(0, 8), 16) < share * 2 ** 32;
}

function traceId({ pid, run }: RunName, segment: number): string {
  return hexOf(`${pid}/${run}/${segment}`, 16);
}

/** The first bytes of the SHA-256, as W3C Trace Context writes ids. It is random enough to never be all zeros, which is not allowed. */
function hexOf(text: string, bytes: number): string {
  return sha256(text).slice(0, 2 * bytes);
}
