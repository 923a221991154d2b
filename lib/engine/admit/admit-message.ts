import type { ReceivedMessage } from '../../ports/message-queue.ts';
import type { Admission, Target } from './admission.ts';
import { admit } from './admit.ts';
import type { EngineContext } from '../engine-context.ts';
import type { ForcedMessage } from '../../format/inbox-message.ts';
import { newItem, type Item } from '../advance/item.ts';
import { parkMessage, redriveEach } from '../acknowledge/park.ts';
import { DEPLOY_SECONDS, faultSeconds, isDeploying, noteFault } from '../acknowledge/redelivery-delays.ts';
import { MISSING, readBody, refusedData } from './read-body.ts';
import type { HandledMessage } from '../acknowledge/acknowledge.ts';

/** A port that fails keeps one message, not its neighbours: nothing is known of it, so it comes again. */
export async function admitOrGiveBack(context: EngineContext, message: ReceivedMessage): Promise<HandledMessage> {
  try {
    return await admitOne(context, message);
  } catch (error) {
    noteFault(context, error);
    return { message, items: [], giveBackSeconds: faultSeconds(context, message) };
  }
}

async function admitOne(context: EngineContext, message: ReceivedMessage): Promise<HandledMessage> {
  await context.replyTokens?.refresh();
  const now = context.options.clock.now();
  const body = await readBody(context, message.body);
  const admission = admitBody(context, message, body, now);
  if (admission.status === 'deliver') {
    if (admission.rotation !== undefined) await context.replyTokens?.rotate(admission.rotation);
    // Whoever forwarded it to the lane has parked that already, under the id that it came with.
    if (admission.aside && !context.lane) await parkMessage(context.options, message, admission.aside);
    const isWhole = admission.redrives === undefined || (await redriveEach(context, admission.redrives));
    const giveBackSeconds = isWhole ? undefined : faultSeconds(context, message);
    return { message, items: itemsOf(message, body, admission.targets), giveBackSeconds };
  }
  const passing = admission.status === 'newer' || admission === PAYLOAD_MISSING;
  if (passing && isDeploying(context, message)) return { message, items: [], giveBackSeconds: DEPLOY_SECONDS };
  const why = admission.status === 'park' ? admission : { pid: admission.pid, reason: 'NEWER', detail: admission.detail };
  await parkMessage(context.options, message, why);
  return { message, items: [], giveBackSeconds: undefined };
}

function admitBody(context: EngineContext, message: ReceivedMessage, body: unknown, now: number): Admission {
  if (body === MISSING) return PAYLOAD_MISSING;
  return refusedData(body) ?? admit(context, message, body, now);
}

function itemsOf(message: ReceivedMessage, body: unknown, targets: readonly Target[]): Item[] {
  return targets.map((target) => newItem(target.inbound.forced ? { ...message, sentAt: (body as ForcedMessage).sentat } : message, target));
}

const PAYLOAD_MISSING: Admission = {
  status: 'park',
  pid: '',
  reason: 'PAYLOAD_MISSING',
  detail: 'The data of the message was stored apart, and is not there.',
};
