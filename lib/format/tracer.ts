import type { Image, OpenCommand, PendingSend } from '../core/image.ts';
import type { Inbound } from '../core/inbound.ts';

/**
 * Makes the live spans of an engine (docs/operations.md#traces). The engine calls it for committed decisions only, and none of its methods
 * throws. Without a tracer messages carry the `traceparent` of the start of their instance.
 */
export interface Tracer {
  /** A command or an event is about to be sent. Returns the `traceparent` of its message; undefined: that of the start. */
  sending(image: Image, sent: OpenCommand | PendingSend): string | undefined;
  /** The decision on this message is committed, or its sends are repeated. */
  decided(image: Image, inbound: Inbound, message: { readonly sentAt: number }): void;
  /** The instance has ended, is stuck, or goes on in a new run with this commit. */
  ended(image: Image): void;
  /** Exports the spans since the last call; undefined if there are none. It never rejects, and resolves within the time-out of the export. */
  flush(): Promise<void> | undefined;
}
