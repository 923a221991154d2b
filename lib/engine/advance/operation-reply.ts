import type { Json } from '../../contract/schema.ts';
import { instanceText } from '../../contract/wire/process-id.ts';
import { isClosed, type Image, type OwnerOutcome } from '../../core/image.ts';
import { isOfEarlierRun } from '../../core/classify.ts';
import type { OperationInbound } from '../../core/inbound.ts';
import { notedAs } from '../../core/signal-ring.ts';
import type { Item } from '../admit/admission.ts';

/** The reply to the operation of a bulk job that its instance does not apply, or has applied before. */
export interface OperationReply {
  readonly outcome: OwnerOutcome;
  readonly data: Json;
}

/** Input: an operation with `answers`, its verdict and the head of the instance. Output: its reply; undefined if its commit sends one. */
export function operationReply(
  pid: string,
  operation: OperationInbound,
  verdict: Item['verdict'],
  image: Image | undefined,
): OperationReply | undefined {
  if (verdict !== 'dup' && verdict !== 'closed') return undefined;
  if (!image || image.status === 'early') return failed('NOT_FOUND', `There is no ${instanceText(pid)}.`);
  const { status, stuck, starts } = image;
  if (starts.includes(operation.identity)) return { outcome: 'completed', data: { status } };
  if (notedAs(image, operation.identity) === 'refused')
    return failed('STUCK', `${instanceText(pid)} was stuck, and has refused the operation.`);
  if (isOfEarlierRun(image, operation)) return failed('CLOSED', `${instanceText(pid)} has begun another run since the preview.`);
  if (status === 'stuck' && (verdict === 'closed' || stuck?.refused === operation.id))
    return failed('STUCK', `${instanceText(pid)} is stuck (${stuck?.code}): ${stuck?.message}`);
  if (isClosed(status)) return failed('CLOSED', `${instanceText(pid)} has ended as ${status}.`);
  return { outcome: 'completed', data: { status, unchanged: true } };
}

function failed(type: string, message: string): OperationReply {
  return { outcome: 'failed', data: { type, message, data: null } };
}
