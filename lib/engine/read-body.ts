import type { PayloadStore } from '../ports/payload-store.ts';
import type { ReadForced } from './admit.ts';
import type { ForcedMessage } from './inbox-message.ts';

/** Data that was too large to be carried is not where it should be: a payload store that lags, or data that is gone. */
export const MISSING: unique symbol = Symbol('missing');

/** The JSON of a message, its data read back where it was too large to be carried; undefined where it is none. */
export const readBody = async (payloads: PayloadStore, text: string): Promise<unknown> => {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    return undefined;
  }
  const { tutti, detail } = (body ?? {}) as { readonly tutti?: unknown; readonly detail?: { dataref?: unknown; data?: unknown } };
  if (tutti === 'forced') return readForced(payloads, body as ForcedMessage);
  if (typeof detail?.dataref !== 'string' || detail.data !== undefined) return body;
  const data = await payloads.get(detail.dataref.replace(/^payload:/, ''));
  if (data === undefined) return MISSING;
  detail.data = JSON.parse(data);
  delete detail.dataref;
  return body;
};

const readForced = async (payloads: PayloadStore, forced: ForcedMessage): Promise<unknown> => {
  const inner = typeof forced.body === 'string' ? await readBody(payloads, forced.body) : undefined;
  return inner === MISSING ? MISSING : ({ ...forced, inner } satisfies ReadForced);
};
