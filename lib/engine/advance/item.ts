import type { Verdict } from '../../core/classify.ts';
import type { StuckReason } from '../../core/image.ts';
import type { ReceivedMessage } from '../../ports/message-queue.ts';
import type { Target } from '../admit/admission.ts';
import type { Dispatch } from '../send/dispatch.ts';

/** One event for one instance, under way. */
export interface Item {
  readonly message: ReceivedMessage;
  readonly target: Target;
  verdict: Verdict | undefined;
  /** Why it cannot be applied; it is left out, so that the others of its group can be. */
  refused: StuckReason | undefined;
  /** What must be sent before it may be acknowledged. */
  dispatches: Dispatch[];
  /** The version whose fires are all among what this group sends; undefined where older ones may be left. */
  fires: number | undefined;
  /** The hot lane decides on it. */
  forwarded: boolean;
  /** A `resume` that has been applied: what is parked beside the instance goes back to the inbox. */
  redrives: boolean;
  /** Not done: it comes again after this many seconds. */
  giveBackSeconds: number | undefined;
}

export function newItem(message: ReceivedMessage, target: Target): Item {
  return {
    message,
    target,
    verdict: undefined,
    refused: undefined,
    dispatches: [],
    fires: undefined,
    forwarded: false,
    redrives: false,
    giveBackSeconds: undefined,
  };
}

/** Whether the event changes its instance, and so is committed. */
export function decidesOn({ verdict }: Item): boolean {
  return verdict === 'apply' || verdict === 'reject' || verdict === 'restart';
}
