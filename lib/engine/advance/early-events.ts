import { classify } from '../../core/classify.ts';
import { keepEarly } from '../../core/keys.ts';
import type { ProcessContract } from '../../contract/runtime-contract.ts';
import type { StuckReason } from '../../core/image.ts';
import type { Inbound } from '../../core/inbound.ts';
import type { ReceivedMessage } from '../../ports/message-queue.ts';
import { admit } from '../admit/admit.ts';
import { decideEvent } from './decide.ts';
import type { EngineContext } from '../engine-context.ts';
import type { LiveInstance } from './live-instance.ts';
import { parkMessage } from '../acknowledge/park.ts';
import { readBody, refusedData } from '../admit/admission.ts';
import { MISSING } from '../admit/body-data.ts';

/** Applies the early events after the start. Their sends are caused by the message of the start. */
export async function applyEarly(
  context: EngineContext,
  live: LiveInstance,
  early: readonly string[],
  { messageId, key }: Pick<Inbound, 'messageId' | 'key'>,
): Promise<StuckReason | undefined> {
  const { pid } = live.run.image;
  for (const body of early) {
    const at = live.run.image.clock;
    const message = { messageId, receiptHandle: '', body, sentAt: at, receiveCount: 1 };
    const read = await readBody(context, body);
    if (read === MISSING) return { code: 'PAYLOAD_MISSING', message: 'The data of an event that came before the start is not there.' };
    const admission = refusedData(read) ?? (await admit(context, message, read, at));
    if (admission.status !== 'deliver') {
      await parkUnread(context, pid, message, admission.status === 'park' ? admission : { reason: 'NEWER', detail: admission.detail });
      continue;
    }
    for (const target of admission.targets) {
      if (target.pid !== pid) continue;
      const verdict = classify(live.run.image, target.inbound, live.run.definition);
      // A key may be at rest again, after a copy that came back from its only subscriber (lib/core/keys.ts, K3).
      if (verdict === 'early') keepEarly(live.run.image, { body, earlyMs: (target.definition as ProcessContract).earlyMs }, at);
      if (verdict !== 'apply' && !(verdict === 'verify' && (await isForgotten(context, live, target.inbound)))) continue;
      await decideEvent(live, { ...target.inbound, key });
      if (live.run.bug) return live.run.bug;
    }
  }
  return undefined;
}

/** A key that was at rest has a ring, from which the event may have left. */
async function isForgotten(context: EngineContext, { run }: LiveInstance, inbound: Inbound): Promise<boolean> {
  return !(await (await context.rare()).journalHolds(context, run.image, inbound));
}

/**
 * Parks the early events of an instance that will not read them, each by itself, before the head that drops them is written. They came by
 * the bus, whatever queue their carrier came by.
 */
export async function parkEarly(
  { options }: EngineContext,
  message: ReceivedMessage,
  { pid, early, detail }: { readonly pid: string; readonly early: readonly string[]; readonly detail: string },
): Promise<void> {
  const { channel: _channel, senderId: _senderId, ...carrier } = message;
  for (const [i, body] of early.entries())
    await parkMessage(options, { ...carrier, messageId: `${message.messageId}-${i}`, body }, { pid, reason: 'EARLY_EXPIRED', detail });
}

/** Parks an early event that a deploy has made unreadable, before the head that drops it is written. */
function parkUnread(
  { environment, options }: EngineContext,
  pid: string,
  message: ReceivedMessage,
  { reason, detail }: { readonly reason: string; readonly detail: string },
): Promise<void> {
  const named = { ...message, messageId: `${message.messageId}-${environment.hash(message.body).slice(0, 8)}` };
  return parkMessage(options, named, { pid, reason, detail });
}
