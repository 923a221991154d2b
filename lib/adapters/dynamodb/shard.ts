/**
 * Shards of the list index: one partition of an index takes 1,000 writes a second, and a throttled index throttles its table.
 *
 * The number belongs to the index named `list`. A reader that queries fewer shards than a writer used misses the items of the others, so the
 * name of a table's index records the number. Another number needs an index of another name.
 */
export const LIST_SHARDS = 32;
/** Shards of the index `due`, whose number belongs to its name as well. The sweeper reads all of them every minute. */
export const DUE_SHARDS = 16;
/** Shards of the parked events that belong to no instance, and of the list of all of them. */
export const PARKED_SHARDS = 8;

/** FNV-1a over the UTF-16 units, then the mixing of MurmurHash3, because ids that differ in one place would share their low bits. */
export function shardHash(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i += 1) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
