import { isClosed, type BegunBy, type Image, type WaitingStart } from './image.ts';
import type { StartInbound } from './inbound.ts';
import { offload } from './journal.ts';
import type { ProcessRun } from './run.ts';

/**
 * Starts that wait for the end of an open instance, with `onOpen: 'queue'` or `'replace'` (docs/protocol.md#waiting-starts). Input: a start of an
 * open instance, and the end of its run. Output: the verdict on a start, and the message by which the first waiting start begins its run.
 *
 * Q1 A waiting start is in the head, with its data, until the commit that begins its run. It begins once: its identity is known there.
 * Q2 The commit that ends a run has the message of the first waiting start as a pending send. That start begins whatever `onClosed` says.
 * Q3 No start overtakes one that waits: between two runs any other start comes again.
 * Q4 With `'replace'` a start cancels the open run and takes the place of all that wait. Each of them is journaled, and published as rejected.
 */
export function waitingVerdict(image: Image, { identity }: Pick<StartInbound, 'identity'>): 'dup' | 'wait' | 'restart' | undefined {
  const { waiting, status } = image;
  if (!waiting) return undefined;
  const place = waiting.findIndex((each) => each.identity === identity);
  if (!isClosed(status)) return place < 0 ? undefined : 'dup';
  return place === 0 ? 'restart' : place < 0 ? 'wait' : 'dup';
}

/** The first waiting start begins: its message goes to the inbox after this commit. */
export function beginNext(run: ProcessRun, waiting: readonly WaitingStart[]): void {
  sendBegin(run, run.image.pid, waiting[0] as WaitingStart);
}

/** The message that begins an instance from a start: a pending send of this commit. */
export function sendBegin({ image, carrier }: ProcessRun, begins: string, { data, dataref }: Pick<WaitingStart, 'data' | 'dataref'>): void {
  const { cause, messageId } = carrier;
  image.pendingSends.push({
    n: 0,
    kind: 'begin',
    cause,
    messageId,
    at: image.clock,
    begins,
    data,
    ...(dataref !== undefined && { dataref }),
  });
}

/** A start that waits from now on. Its data is stored apart if it is large. */
export function waitingStart(
  run: ProcessRun,
  start: Pick<StartInbound, 'id' | 'identity' | 'event' | 'source' | 'time' | 'subject' | 'data' | 'tags' | 'hops' | 'trace'>,
  { dataversion, replaces }: { readonly dataversion: number; readonly replaces: boolean },
): WaitingStart {
  const { id, identity, event, source, time, subject, data: value, tags, hops, trace } = start;
  const begun: BegunBy = {
    id,
    event,
    source,
    time,
    ...(subject !== undefined && { subject }),
    data: value,
    ...(dataversion > 1 && { dataversion }),
    ...(tags && { tags }),
    hops,
    ...(trace !== undefined && { trace }),
  };
  const data = begun as unknown as WaitingStart['data'];
  const dataref = offload(run, data);
  return { identity, id, source, since: run.image.clock, ...(replaces && { replaces }), data, ...(dataref !== undefined && { dataref }) };
}

/** The starts that a new run takes over from the head that it replaces: all but its own. */
export function stillWaiting({ waiting }: Image, identity: string): readonly WaitingStart[] | undefined {
  const left = waiting?.filter((each) => each.identity !== identity);
  return left && left.length > 0 ? left : undefined;
}
