import type { Channel } from '../../ports/message-queue.ts';
import type { ParkedSummary } from '../../ports/parked-list.ts';
import type { ParkedEvent } from '../../ports/parking-store.ts';
import { parkedSortKey } from '../memory/parked-page.ts';
import type { HeadItem } from './head-item.ts';
import { PARKED_SHARDS, shardHash } from './shard.ts';

export const PARKED_SORT_PREFIX = 'X#';

/** The attributes of a listed parked event. All are aliased, because some are reserved words of DynamoDB. */
export const SUMMARY_NAMES: Readonly<Record<string, string>> = Object.fromEntries(
  ['pk', 'sk', 'reason', 'detail', 'at', 'eid', 'ety', 'esrc', 'channel', 'sender', 'ttl'].map((name) => [`#${name}`, name]),
);

export function parkedKey(pid: string, id: string): HeadItem {
  return { pk: { S: pid === '' ? apartPartition(shardOf(id)) : pid }, sk: { S: `${PARKED_SORT_PREFIX}${id}` } };
}

/** The partition of events parked beside no instance. No pid equals it, because a pid has three parts. */
export function apartPartition(shard: number): string {
  return `X#${shard}`;
}

/** A partition of the list of parked events: those that wait for an operator, or those that expire. */
export function parkedListPartition(waiting: boolean, shard: number): string {
  return `P#${waiting ? 'waiting' : 'expiring'}#${shard}`;
}

/** A parked event without its body. */
export function summaryItem(event: ParkedSummary): HeadItem {
  const { pid, id, reason, detail, parkedAt, event: identity, channel, senderId, expiresAt } = event;
  return {
    ...parkedKey(pid, id),
    lsh: { S: parkedListPartition(expiresAt === undefined, shardOf(`${pid}${id}`)) },
    lsk: { S: parkedSortKey(event) },
    reason: { S: reason },
    detail: { S: detail },
    at: { N: String(parkedAt) },
    ...(identity && { eid: { S: identity.id }, ety: { S: identity.type }, esrc: { S: identity.source } }),
    ...(channel !== undefined && { channel: { S: channel } }),
    ...(senderId !== undefined && { sender: { S: senderId } }),
    ...(expiresAt !== undefined && { ttl: { N: String(Math.ceil(expiresAt / 1000)) } }),
  };
}

export function summaryOf(item: HeadItem): ParkedSummary {
  const { pk, sk, reason, detail, at, eid, ety, esrc, channel, sender, ttl } = item;
  const partition = pk?.S ?? '';
  return {
    pid: partition.startsWith(PARKED_SORT_PREFIX) ? '' : partition,
    id: sk?.S?.slice(PARKED_SORT_PREFIX.length) ?? '',
    reason: reason?.S ?? '',
    detail: detail?.S ?? '',
    ...(eid?.S !== undefined && { event: { id: eid.S, type: ety?.S ?? '', source: esrc?.S ?? '' } }),
    parkedAt: Number(at?.N),
    ...(channel?.S !== undefined && { channel: channel.S as Channel }),
    ...(sender?.S !== undefined && { senderId: sender.S }),
    ...(ttl?.N !== undefined && { expiresAt: Number(ttl.N) * 1000 }),
  };
}

/** The shard follows from the id, as the contract of the store says. */
export function byId(left: Pick<ParkedEvent, 'id'>, right: Pick<ParkedEvent, 'id'>): number {
  return left.id < right.id ? -1 : left.id > right.id ? 1 : 0;
}

function shardOf(text: string): number {
  return shardHash(text) % PARKED_SHARDS;
}
