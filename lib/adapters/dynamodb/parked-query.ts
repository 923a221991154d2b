import type { DynamoDBClient, QueryCommandInput } from '@aws-sdk/client-dynamodb';
import type { ParkedFilter, ParkedPage, ParkedSummary } from '../../ports/parked-list.ts';
import { fitsParked, parkedAtKey, parkedPage } from '../memory/parked-page.ts';
import { inParallel } from './in-parallel.ts';
import { apartPartition, PARKED_SORT_PREFIX, parkedListPartition, SUMMARY_NAMES, summaryOf } from './parked-item.ts';
import { queryPages } from './query-pages.ts';
import { PARKED_SHARDS } from './shard.ts';
import { LIST_INDEX } from './tables.ts';

/** Least number of events of a shard that are read at a time, because only some may match the filter. */
const READ_MIN = 100;
/** Sorts behind every id. */
const LAST = '#~';
/** Appended to a key, sorts behind that key and before every other. */
const NEXT = ' ';

/** A page of the list. Each shard returns up to a page, and the first of all make the page. */
export async function parkedList(
  client: DynamoDBClient,
  table: string,
  filter: ParkedFilter,
  { max, after }: { readonly max: number; readonly after: string | undefined },
): Promise<ParkedPage> {
  const queries = filter.pid === undefined ? ofAll(table, filter, max, after) : ofInstance(table, filter.pid);
  const found = await inParallel(queries, (query) => firstFitting(client, query, filter, filter.pid === undefined ? max + 1 : Infinity));
  return parkedPage(found.flat(), max, after);
}

async function firstFitting(
  client: DynamoDBClient,
  query: QueryCommandInput,
  filter: ParkedFilter,
  max: number,
): Promise<readonly ParkedSummary[]> {
  const found: ParkedSummary[] = [];
  for await (const page of queryPages(client, query)) {
    for (const item of page) {
      const summary = summaryOf(item);
      if (fitsParked(summary, filter)) found.push(summary);
    }
    if (found.length >= max) break;
  }
  return found;
}

const PROJECTION = Object.keys(SUMMARY_NAMES).join(', ');
function shards(): readonly number[] {
  return Array.from({ length: PARKED_SHARDS }, (_, shard) => shard);
}

function ofAll(
  table: string,
  { waiting, parkedAfter = 0, parkedBefore = 999_999_999_999_999 }: ParkedFilter,
  max: number,
  after: string | undefined,
): readonly QueryCommandInput[] {
  const from = after === undefined ? parkedAtKey(parkedAfter) : `${after}${NEXT}`;
  const to = `${parkedAtKey(parkedBefore)}${LAST}`;
  if (from > to) return [];
  return (waiting ? [true] : [true, false]).flatMap((isWaiting) =>
    shards().map((shard) => ({
      TableName: table,
      IndexName: LIST_INDEX.name,
      KeyConditionExpression: '#lsh = :partition AND #lsk BETWEEN :from AND :to',
      ProjectionExpression: PROJECTION,
      ExpressionAttributeNames: { ...SUMMARY_NAMES, '#lsh': LIST_INDEX.partition.name, '#lsk': LIST_INDEX.sort.name },
      ExpressionAttributeValues: { ':partition': { S: parkedListPartition(isWaiting, shard) }, ':from': { S: from }, ':to': { S: to } },
      Limit: Math.max(READ_MIN, max + 1),
    })),
  );
}

/** The parked events of one instance lie beside its head and are read from there. */
function ofInstance(table: string, pid: string): readonly QueryCommandInput[] {
  const partitions = pid === '' ? shards().map(apartPartition) : [pid];
  return partitions.map((partition) => ({
    TableName: table,
    KeyConditionExpression: '#pk = :pk AND begins_with(#sk, :prefix)',
    FilterExpression: 'attribute_not_exists(#redriven)',
    ProjectionExpression: PROJECTION,
    ExpressionAttributeNames: { ...SUMMARY_NAMES, '#redriven': 'redriven' },
    ExpressionAttributeValues: { ':pk': { S: partition }, ':prefix': { S: PARKED_SORT_PREFIX } },
    ConsistentRead: true,
  }));
}
