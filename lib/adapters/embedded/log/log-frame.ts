/**
 * The frames of the log.
 *
 * F1  The checksum of a frame covers its whole header and its text.
 * F2  The first byte of a frame occurs in no UTF-8 text, so no text of a user can look like a frame.
 * F3  A seal is a frame without changes. It is written behind a frame that is on disk, so damage in front of a seal is damage of
 *     acknowledged changes, while a frame without a valid frame behind it may be torn by a crash.
 */
import { crc32 } from 'node:zlib';

/** One batch of changes as it lies on disk. */
export interface LogFrame {
  /** Frames of one segment share strings; a new one starts afresh. */
  readonly segment: number;
  /** Number of the first change. */
  readonly first: number;
  /** 0 in a seal. */
  readonly count: number;
  readonly text: string;
}

/** 0xFF, then `TU2`. */
const MAGIC = Buffer.from([0xff, 0x54, 0x55, 0x32]);
/** Offsets of the fields of a header: 4 bytes each, but `first` is a double. */
const AT = { SEGMENT: 4, LENGTH: 8, CHECKSUM: 12, COUNT: 16, FIRST: 20 } as const;
export const HEADER_BYTES = 28;
/** A character of a string is at most this many bytes. */
const UTF8_BYTES_MAX = 3;

/** The most bytes that a frame of this text takes. */
export function frameBytesMax(text: string): number {
  return HEADER_BYTES + text.length * UTF8_BYTES_MAX;
}

/** Writes the frame to the beginning of `target` and returns its length in bytes. */
export function encodeFrame(target: Buffer, { segment, first, count, text }: LogFrame): number {
  const length = text === '' ? 0 : target.write(text, HEADER_BYTES, 'utf8');
  MAGIC.copy(target);
  target.writeUInt32LE(segment, AT.SEGMENT);
  target.writeUInt32LE(length, AT.LENGTH);
  target.writeUInt32LE(count, AT.COUNT);
  target.writeDoubleLE(first, AT.FIRST);
  target.writeUInt32LE(checksum(target, 0, HEADER_BYTES + length), AT.CHECKSUM);
  return HEADER_BYTES + length;
}

/** A frame and where the next one begins. */
export interface FoundFrame {
  readonly frame: LogFrame;
  readonly end: number;
}

/** The frame that begins at `at`; undefined if none does or its checksum is wrong. */
export function frameAt(bytes: Buffer, at: number): FoundFrame | undefined {
  if (at + HEADER_BYTES > bytes.length || bytes.compare(MAGIC, 0, MAGIC.length, at, at + MAGIC.length) !== 0) return undefined;
  const end = at + HEADER_BYTES + bytes.readUInt32LE(at + AT.LENGTH);
  if (end > bytes.length || checksum(bytes, at, end) !== bytes.readUInt32LE(at + AT.CHECKSUM)) return undefined;
  const frame = {
    segment: bytes.readUInt32LE(at + AT.SEGMENT),
    first: bytes.readDoubleLE(at + AT.FIRST),
    count: bytes.readUInt32LE(at + AT.COUNT),
    text: bytes.toString('utf8', at + HEADER_BYTES, end),
  };
  return { frame, end };
}

/** The first valid frame at or behind `from` of a segment behind `segment`. Frames of older segments are remains in an overwritten file. */
export function frameBehind(bytes: Buffer, from: number, segment: number): FoundFrame | undefined {
  for (let at = bytes.indexOf(MAGIC, from); at !== -1; at = bytes.indexOf(MAGIC, at + 1)) {
    if (at + HEADER_BYTES > bytes.length || bytes.readUInt32LE(at + AT.SEGMENT) <= segment) continue;
    const found = frameAt(bytes, at);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The checksum of all bytes except its own four. */
function checksum(bytes: Buffer, at: number, end: number): number {
  return crc32(bytes.subarray(at + AT.COUNT, end), crc32(bytes.subarray(at, at + AT.CHECKSUM)));
}
