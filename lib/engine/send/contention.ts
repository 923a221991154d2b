import type { Image } from '../../core/image.ts';
import type { EngineContext } from '../engine-context.ts';

/** So long an instance stays hot after a commit that met others. What comes later is decided where it arrives, and may find it hot again. */
const HOT_MS = 2_000;

/** Whether events of the instance are forwarded at once. */
export function isHot(context: EngineContext, instance: { readonly hotUntil?: number } | undefined): boolean {
  return context.forwards && (instance?.hotUntil ?? 0) > context.options.clock.now();
}

/** Before a commit: it has met other writers, or the time since one did is over. */
export function markContention({ options }: EngineContext, image: Image, contended: boolean): void {
  const now = options.clock.now();
  if (contended && options.hotLane) image.hotUntil = now + HOT_MS;
  else if (image.hotUntil !== undefined && image.hotUntil <= now) delete image.hotUntil;
}
