import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { BULK } from '../../contract/bulk.ts';
import type { Head, HeadStatus } from '../../ports/process-store.ts';
import { packLines, unpackLines } from './packed-lines.ts';
import { DUE_SHARDS, LIST_SHARDS, shardHash } from './shard.ts';

export type HeadItem = Record<string, AttributeValue>;

/** The sort key of the head; all other items of an instance have one with `#`. */
export const HEAD_SORT_KEY = 'H';

/**
 * Every attribute that a commit sets, or removes where the head has none. An attribute that newer
 * code wrote is not in the list and stays.
 */
export const HEAD_ATTRIBUTES = [
  'v',
  'run',
  'w',
  'st',
  'def',
  'u',
  'b',
  'lsh',
  'lsk',
  'dsh',
  'due',
  'closed',
  'hot',
  'un',
  'why',
  'paused',
  'tags',
  'early',
  'ttl',
] as const;

export function headKey(pid: string): HeadItem {
  return { pk: { S: pid }, sk: { S: HEAD_SORT_KEY } };
}

/** A head as an item, without a `ttl`. */
export function encodeHeadItem(head: Head): HeadItem {
  const shard = shardHash(head.pid);
  const item: HeadItem = {
    pk: { S: head.pid },
    sk: { S: HEAD_SORT_KEY },
    v: { N: String(head.version) },
    run: { S: head.run },
    w: { S: head.writer },
    st: { S: head.status },
    def: { S: head.definition },
    u: { N: String(head.clock) },
    b: { B: packLines([String(head.tailFrom), head.control, ...head.tail]) },
    lsk: { S: startedAtKey(head.startedAt) },
  };
  if (head.status !== 'early') {
    const [tenant, process] = tenantAndProcess(head.pid);
    item['lsh'] = { S: listPartition(tenant, process, head.status, (shard >>> 4) % shardsOf(process)) };
  }
  if (head.due !== undefined) {
    item['dsh'] = { S: duePartition(shard % DUE_SHARDS) };
    item['due'] = { N: String(head.due) };
  }
  if (head.closedAt !== undefined) item['closed'] = { N: String(head.closedAt) };
  if (head.hotUntil !== undefined) item['hot'] = { N: String(head.hotUntil) };
  if (head.unresolved !== undefined) item['un'] = { N: String(head.unresolved) };
  if (head.why !== undefined) item['why'] = { S: head.why };
  if (head.paused !== undefined) item['paused'] = { S: head.paused };
  if (head.tags !== undefined)
    item['tags'] = { M: Object.fromEntries(Object.entries(head.tags).map(([tag, value]) => [tag, { S: value }])) };
  if (head.early !== undefined) item['early'] = { L: head.early.map((body) => ({ S: body })) };
  return item;
}

/** The head that an item holds. An early buffer has only the attributes that buffering set. */
export function decodeHeadItem(item: HeadItem): Head {
  const packed = item['b']?.B;
  const [tailFrom = '0', control = '', ...tail] = packed === undefined ? [] : unpackLines(packed);
  const head: { -readonly [K in keyof Head]: Head[K] } = {
    pid: item['pk']?.S ?? '',
    version: Number(item['v']?.N),
    writer: item['w']?.S ?? '',
    run: item['run']?.S ?? '',
    status: item['st']?.S as HeadStatus,
    definition: item['def']?.S ?? '',
    clock: Number(item['u']?.N ?? 0),
    control,
    tail,
    tailFrom: Number(tailFrom),
    startedAt: Number(item['lsk']?.S ?? 0),
  };
  if (item['due']?.N !== undefined) head.due = Number(item['due'].N);
  if (item['closed']?.N !== undefined) head.closedAt = Number(item['closed'].N);
  if (item['hot']?.N !== undefined) head.hotUntil = Number(item['hot'].N);
  if (item['un']?.N !== undefined) head.unresolved = Number(item['un'].N);
  if (item['why']?.S !== undefined) head.why = item['why'].S;
  if (item['paused']?.S !== undefined) head.paused = item['paused'].S;
  if (item['tags']?.M !== undefined)
    head.tags = Object.fromEntries(Object.entries(item['tags'].M).map(([tag, value]) => [tag, value.S ?? '']));
  if (item['early']?.L !== undefined) head.early = item['early'].L.map((body) => body.S ?? '');
  return head;
}

const STARTED_AT_DIGITS = 15;

/** The sort key of the list index: the start time of an instance, zero-padded so that strings sort like numbers. Items may share a key. */
export function startedAtKey(startedAt: number): string {
  return String(startedAt).padStart(STARTED_AT_DIGITS, '0');
}

/** A partition of the list index. */
function listPartition(tenant: string, process: string, status: HeadStatus, shard: number): string {
  return `L#${tenant}#${process}#${status}#${shard}`;
}

/** The partitions of the list index that hold the instances of a tenant, of these processes and in these states. */
export function listPartitions(tenant: string, processes: readonly string[], statuses: readonly HeadStatus[]): readonly string[] {
  return processes.flatMap((process) => {
    const shards = Array.from({ length: shardsOf(process) }, (_, shard) => shard);
    return statuses.flatMap((status) => shards.map((shard) => listPartition(tenant, process, status, shard)));
  });
}

/** Bulk jobs are few, and each system looks for them every hour, so one shard has all of them. Jobs of earlier builds are found by id. */
function shardsOf(process: string): number {
  return process === BULK ? 1 : LIST_SHARDS;
}

/** All partitions of a tenant in the list index, as a pattern of IAM. */
export function listPartitionsOf(tenant: string): string {
  return `L#${tenant}#*`;
}

/** A partition of the due index. */
export function duePartition(shard: number): string {
  return `D#${shard}`;
}

function tenantAndProcess(pid: string): [tenant: string, process: string] {
  const [tenant = '', process = ''] = pid.split('#', 2);
  return [tenant, process];
}
