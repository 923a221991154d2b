import { deflateRawSync, inflateRawSync } from 'node:zlib';
import type { ForcedMessage } from './inbox-message.ts';

/** SQS delivers at most 1 MiB (Amazon SQS message quotas), and JSON makes at most six characters of one. */
const UNPACKED_BYTES_MAX = 6 * 1_048_576 + 2;

/** A wrapper writes quotes and accents as escapes, which makes up to six characters of one; packed, even a long body fits. As JSON, so that half a letter survives UTF-8. */
export function packedBody(body: string): string {
  return deflateRawSync(JSON.stringify(body)).toString('base64');
}

/** What a wrapper wraps, as it came; undefined where it cannot be unpacked. */
export function wrappedBody({ body, packed }: Pick<ForcedMessage, 'body' | 'packed'>): string | undefined {
  if (!packed) return body;
  try {
    const json = inflateRawSync(Buffer.from(body, 'base64'), { maxOutputLength: UNPACKED_BYTES_MAX }).toString();
    return String(JSON.parse(json));
  } catch {
    return undefined;
  }
}
