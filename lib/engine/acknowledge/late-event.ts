import type { SignalInbound, StartInbound } from '../../core/inbound.ts';
import type { EngineContext } from '../engine-context.ts';
import type { Item } from '../advance/item.ts';
import { idAt, parkMessage } from './park.ts';

/**
 * An event came after the end of its instance. It is parked for a while, under the event's own id: however often the event comes again, it is
 * parked once. A process that says `late: 'ignore'` drops it; that is counted by a notice, so it costs no write.
 */
export async function acknowledgeLate(context: EngineContext, { message, target }: Item): Promise<void> {
  const { pid, inbound, definition, byClient } = target;
  // An answer and an act are no events; the client that starts an instance reads its head.
  if ((inbound.kind !== 'signal' && inbound.kind !== 'start') || byClient) return;
  if (definition?.late === 'ignore') return context.options.onNotice?.({ kind: 'ignored', reason: 'CLOSED', pid });
  await parkMessage(context.options, message, {
    pid,
    id: lateId(inbound),
    reason: 'CLOSED',
    detail: `${inbound.event} ${inbound.id} came after the instance had ended.`,
  });
}

function lateId(inbound: SignalInbound | StartInbound): string {
  return idAt(Math.max(0, Date.parse(inbound.time)), inbound.identity);
}
