/** Shards of the list index: one partition of an index takes 1,000 writes a second, and a throttled index throttles its table. */
export const LIST_SHARDS = 8;
/** Shards of the due index. The sweeper reads all of them every minute. */
export const DUE_SHARDS = 16;
/** Shards of the parked events that belong to no instance. */
export const PARKED_SHARDS = 8;

/** FNV-1a over the UTF-16 units: cheap, and spread well enough for a handful of shards. */
export function shardHash(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i += 1) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  // The low bits alone depend only on the low bits of what was read.
  return (hash ^ (hash >>> 15)) >>> 0;
}
