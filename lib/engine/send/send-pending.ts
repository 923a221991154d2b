import type { Image } from '../../core/image.ts';
import { dispatchContext, dispatchesCausedBy } from './dispatch.ts';
import type { EngineContext } from '../engine-context.ts';
import { resolveReferences } from '../../format/head-codec.ts';
import { sendAll } from './send-all.ts';

/** A new run drops what the closed one fired and only sent: it is sent first, since nothing is known of whether it was. */
export async function sendLeft(context: EngineContext, image: Image): Promise<boolean> {
  await resolveReferences(image, context.readPayload);
  return sendCaused(context, image);
}

/** What an earlier commit fired, and the next one drops. Its commands stay in the image, so they are left out. */
export function sendPending(context: EngineContext, image: Image): Promise<boolean> {
  return sendCaused(context, { ...image, commands: new Map() });
}

async function sendCaused(context: EngineContext, image: Image): Promise<boolean> {
  const left = dispatchesCausedBy(image, dispatchContext(context), () => true);
  const results = await sendAll(left, context.options.sender, context.options.publisher);
  return results.every((result) => result === 'sent');
}
