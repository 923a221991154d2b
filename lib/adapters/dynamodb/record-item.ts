import type { Update } from '@aws-sdk/client-dynamodb';
import type { CommandRecord } from '../../ports/idempotency-store.ts';
import { NO_RECORD, SAME_REVISION } from './conditions.ts';
import type { HeadItem } from './head-item.ts';
import { attributeNames, setOrRemove } from './set-or-remove.ts';

/** An ended record, or a limit since its last change, is kept this long, longer than any copy of its command can be delayed. */
const ENDED_DAYS = 90;
const DAY_SECONDS = 86_400;

const ATTRIBUTES = [
  'state',
  'hash',
  'token',
  'leaseUntil',
  'reply',
  'early',
  'command',
  'once',
  'beatAt',
  'revision',
  'ttl',
  'w',
  'failures',
  'maybeDone',
  'errorCode',
  'errorMessage',
  'nextRunAt',
  'nonce',
  'slotAt',
] as const;
const NAMES: Record<string, string> = attributeNames(ATTRIBUTES);

/** The input of a write of a record. */
export interface RecordWriteRequest {
  readonly table: string;
  readonly commandId: string;
  readonly record: Omit<CommandRecord, 'revision'>;
  readonly expected: number | 'absent';
  /** Names this write, so that it is recognized after a lost response. */
  readonly write: string;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** An update that writes the whole record if the stored revision is the expected one, as a request or in a transaction. */
export function recordUpdate(request: RecordWriteRequest): Update & { readonly UpdateExpression: string } {
  const { table, commandId, expected } = request;
  const item = encodeRecord(request);
  const values: HeadItem = expected === 'absent' ? {} : { ':revision0': { N: String(expected) } };
  return {
    TableName: table,
    Key: { id: { S: commandId } },
    UpdateExpression: setOrRemove(ATTRIBUTES, item, values),
    ConditionExpression: expected === 'absent' ? NO_RECORD : SAME_REVISION,
    ExpressionAttributeNames: NAMES,
    ExpressionAttributeValues: values,
    ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
  };
}

function encodeRecord({ record, expected, write, now }: RecordWriteRequest): HeadItem {
  const item: HeadItem = {
    state: { S: record.state },
    hash: { S: record.hash },
    revision: { N: String(expected === 'absent' ? 1 : expected + 1) },
    w: { S: write },
  };
  if (record.token !== undefined) item['token'] = { S: record.token };
  if (record.leaseUntil !== undefined) item['leaseUntil'] = { N: String(record.leaseUntil) };
  if (record.reply !== undefined) item['reply'] = { S: record.reply };
  if (record.early !== undefined) item['early'] = { S: record.early };
  if (record.command !== undefined) item['command'] = { S: record.command };
  if (record.once !== undefined) item['once'] = { BOOL: true };
  if (record.beatAt !== undefined) item['beatAt'] = { N: String(record.beatAt) };
  if (record.failures !== undefined) item['failures'] = { N: String(record.failures) };
  if (record.maybeDone !== undefined) item['maybeDone'] = { BOOL: true };
  if (record.lastError !== undefined) {
    item['errorCode'] = { S: record.lastError.code };
    item['errorMessage'] = { S: record.lastError.message };
  }
  if (record.nextRunAt !== undefined) item['nextRunAt'] = { N: String(record.nextRunAt) };
  if (record.nonce !== undefined) item['nonce'] = { S: record.nonce };
  if (record.slotAt !== undefined) item['slotAt'] = { N: String(record.slotAt) };
  if (record.state !== 'RUN' && record.state !== 'DEFERRED' && record.state !== 'REVOKED')
    item['ttl'] = { N: String(Math.ceil(now / 1000) + ENDED_DAYS * DAY_SECONDS) };
  return item;
}

export function decodeRecord(item: HeadItem): CommandRecord {
  const record: { -readonly [K in keyof CommandRecord]: CommandRecord[K] } = {
    state: item['state']?.S as CommandRecord['state'],
    hash: item['hash']?.S ?? '',
    revision: Number(item['revision']?.N),
  };
  if (item['token']?.S !== undefined) record.token = item['token'].S;
  if (item['leaseUntil']?.N !== undefined) record.leaseUntil = Number(item['leaseUntil'].N);
  if (item['reply']?.S !== undefined) record.reply = item['reply'].S;
  if (item['early']?.S !== undefined) record.early = item['early'].S;
  if (item['command']?.S !== undefined) record.command = item['command'].S;
  if (item['once']?.BOOL === true) record.once = true;
  if (item['beatAt']?.N !== undefined) record.beatAt = Number(item['beatAt'].N);
  if (item['failures']?.N !== undefined) record.failures = Number(item['failures'].N);
  if (item['maybeDone']?.BOOL === true) record.maybeDone = true;
  if (item['errorCode']?.S !== undefined) record.lastError = { code: item['errorCode'].S, message: item['errorMessage']?.S ?? '' };
  if (item['nextRunAt']?.N !== undefined) record.nextRunAt = Number(item['nextRunAt'].N);
  if (item['nonce']?.S !== undefined) record.nonce = item['nonce'].S;
  if (item['slotAt']?.N !== undefined) record.slotAt = Number(item['slotAt'].N);
  return record;
}
