import type { Image, StuckReason } from '../../core/image.ts';
import type { ReceivedMessage } from '../../ports/message-queue.ts';
import type { Head } from '../../ports/process-store.ts';
import type { Target } from '../admit/admission.ts';
import type { EngineContext } from '../engine-context.ts';
import { decodeHead, formatFault } from '../../format/head-codec.ts';
import { decidesOn, newItem } from '../advance/item.ts';
import { verdictOn } from '../advance/verdict.ts';

/** `stop`: the event stops its instance. `park`: the instance is stuck already. `passed`: the event does not apply to this head. */
export type Refusal = 'stop' | 'park' | 'passed';

/**
 * Classifies a refused event once more, on a strongly read head: between its refusal and now, another event of the same batch, or of
 * another worker, may have answered its command or ended its instance.
 */
export async function refusalOn(
  context: EngineContext,
  head: Head | undefined,
  message: ReceivedMessage,
  target: Target,
  reason: StuckReason,
): Promise<Refusal> {
  if (reason.code === 'STATE_FORMAT') return ofUnreadable(head, target);
  const image = head && decodeHead(head);
  // The event is in the head already; what it caused cannot be sent, as long as it is there.
  if (reason.code === 'DISPATCH') {
    if (image?.status === 'stuck') return 'park';
    const isLeft = image !== undefined && holdsCausedBy(image, target.inbound.key);
    return isLeft ? 'stop' : 'passed';
  }
  const item = newItem(message, target);
  item.verdict = await verdictOn(context, target.pid, image, item);
  if (item.refused) return 'passed';
  if (item.verdict === 'park') return 'park';
  if (image?.status === 'stuck' && item.verdict === 'future') return 'park';
  const stops = reason.code === 'FORK' ? item.verdict === 'future' : decidesOn(item);
  return stops ? 'stop' : 'passed';
}

/** A build that reads it may have written it since. What a person asked for is refused, whether it is stuck or not. */
function ofUnreadable(head: Head | undefined, { inbound }: Target): Refusal {
  if (!head || formatFault(head) === undefined) return 'passed';
  return head.status === 'stuck' && inbound.kind !== 'operate' ? 'park' : 'stop';
}

/** Looks at no data: a large input is not in the head. */
function holdsCausedBy({ commands, pendingSends: fires }: Image, key: string): boolean {
  return [...commands.values(), ...fires].some(({ cause }) => cause === key);
}
