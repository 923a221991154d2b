import { eraseImage, erasureFault } from '../../core/erasing.ts';
import type { Image, StuckReason } from '../../core/image.ts';
import type { OperationInbound } from '../../core/inbound.ts';
import { remember } from '../../core/signal-ring.ts';
import type { Item } from '../admit/admission.ts';
import type { EngineContext } from '../engine-context.ts';
import { sendLeft } from '../send/send-all.ts';

/**
 * After this time no message of the instance is in a queue. A service keeps the records of commands for longer, so a command that is sent again
 * before does not run twice.
 */
const SENT_AGAIN_MS = 30 * 86_400_000;

/** A command of the instance lies in the queue of its service. */
const AGAIN_SECONDS = 60;

/**
 * Empties the image of an ended instance for its next commit (docs/protocol.md#erasure), or says why not. The refusal is parked, where the
 * client of the operator finds it.
 */
export async function erase(context: EngineContext, image: Image, operation: OperationInbound): Promise<StuckReason | undefined> {
  const { erasure, parking, clock } = context.options;
  const refused = (why: string): StuckReason => ({ code: 'NOT_ERASED', message: `The instance was not erased: ${why}.` });
  if (!erasure) return refused('this deployment erases no instance');
  const fault = erasureFault(image, operation);
  if (fault !== undefined) return refused(fault);
  const waiting = (await parking.parked(image.pid)).filter(({ expiresAt }) => expiresAt === undefined).length;
  if (waiting > 0) return refused(`${waiting} parked ${waiting === 1 ? 'event waits' : 'events wait'} beside it for an operator`);
  const isRecent = clock.now() - (image.closedAt ?? 0) < SENT_AGAIN_MS;
  if (isRecent && !(await sendLeft(context, image))) return { code: 'UNSENT', message: 'Its last messages could not be sent.' };
  remember(image.starts, operation.identity);
  eraseImage(image, operation, Math.max(clock.now(), image.clock));
  return undefined;
}

/**
 * Removes what a worker may have stored of an erased instance. Returns the seconds until the message must be redelivered; undefined: it may be
 * acknowledged. The message of the erasure is redelivered once no worker can still hold a message that it received before the erasure.
 */
export async function removeErased({ options }: EngineContext, { target }: Item, erasedAt: number): Promise<number | undefined> {
  // Read the clock before the removal: a worker may store a value during it (test/models/erase.pml, LOOKS_TOO_LATE).
  const leftMs = erasedAt + (options.lateWritesMs ?? 0) - options.clock.now();
  const { inbound } = target;
  const isErasure = inbound.kind === 'operate' && inbound.act === 'erase';
  const isWhole = await options.erasure?.erase(target.pid, erasedAt, { rewrites: isErasure });
  if (!isErasure) return undefined;
  return leftMs > 0 ? Math.ceil(leftMs / 1000) : isWhole === false ? AGAIN_SECONDS : undefined;
}
