import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { VALUE_BYTES_MAX } from '../../contract/wire/wire.ts';

/**
 * Lines as one binary value: joined with newlines, which JSON never contains unescaped, and deflated without a header. It is
 * synchronous, because a few KB take less time than a turn of the thread pool.
 */
export function packLines(lines: readonly string[]): Uint8Array {
  return deflateRawSync(lines.join('\n'));
}

/** The lines that `packLines` packed. */
export function unpackLines(packed: Uint8Array): string[] {
  return unpackText(packed).split('\n');
}

export function packText(text: string): Uint8Array {
  return deflateRawSync(text);
}

/** The largest value that is ever packed. An item of 400 KB could inflate to a thousand times its size. */
export function unpackText(packed: Uint8Array): string {
  return inflateRawSync(packed, { maxOutputLength: VALUE_BYTES_MAX }).toString();
}
