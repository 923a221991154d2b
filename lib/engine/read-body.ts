import type { Json } from '../contract/schema.ts';
import type { ReadForced } from './admit.ts';
import type { EngineContext } from './engine-context.ts';
import { inboxFault } from './inbox-form.ts';
import type { ForcedMessage } from './inbox-message.ts';
import { wrappedBody } from './packed-body.ts';

/** Data that was too large to be carried is not where it should be: a payload store that lags, or data that is gone. */
export const MISSING: unique symbol = Symbol('missing');
/** Data that was too large to be carried is not what the message was sent with. */
export const ALTERED: unique symbol = Symbol('altered');

interface Detail {
  data?: unknown;
  dataref?: unknown;
  readonly datahash?: unknown;
}

/** The JSON of a message, its data read back where it was too large to be carried; undefined where it is none. */
export const readBody = async (context: EngineContext, text: string): Promise<unknown> => {
  let body: unknown;
  try {
    body = parsed(text);
  } catch {
    return undefined;
  }
  const { tutti, detail: ofBus } = (body ?? {}) as { readonly tutti?: unknown; readonly detail?: Detail };
  if (tutti === 'forced') return readForced(context, body as ForcedMessage);
  const detail = tutti === 'start' ? (body as Detail) : ofBus;
  if (typeof detail?.dataref !== 'string' || detail.data !== undefined) return body;
  const json = await context.options.payloads.fetch(detail.dataref);
  if (json === undefined) return MISSING;
  // Whoever may write to the store could put another value in its place.
  const data = hashed(context, json, detail.datahash);
  if (data === undefined) return ALTERED;
  detail.data = data;
  delete detail.dataref;
  return body;
};

const NEGATIVE_ZERO = /[:,[]\s*-0/;

/** Some writers say `-0`, which every journal keeps as `0`: what is decided on must be what is replayed. */
const parsed = (text: string): unknown => {
  const value: unknown = JSON.parse(text);
  return NEGATIVE_ZERO.test(text) ? JSON.parse(JSON.stringify(value)) : value;
};

/** The value, where it is JSON with this hash. What has no canonical form has no hash either. */
const hashed = (context: EngineContext, json: string, datahash: unknown): Json | undefined => {
  try {
    const data = parsed(json) as Json;
    return datahash === `sha256:${context.environment.hash(context.environment.canonical(data))}` ? data : undefined;
  } catch {
    return undefined;
  }
};

const readForced = async (context: EngineContext, forced: ForcedMessage): Promise<unknown> => {
  // What a broken wrapper holds is not read, nor what is only parked: whether its data is there decides nothing.
  const isRead = inboxFault(forced) === undefined && forced.park === undefined;
  const text = isRead ? wrappedBody(forced) : undefined;
  const inner = text === undefined ? undefined : await readBody(context, text);
  return inner === MISSING || inner === ALTERED ? inner : ({ ...forced, inner } satisfies ReadForced);
};
