import type { Call } from '../account/asked-by.ts';
import { ACCOUNT, REGION } from '../synthesized.ts';

type Refused = readonly [role: string, what: string, call: Call];

const INSTANCE = 'default#order#o-1';
const FOREIGN = 'acme#order#o-1';
const BUCKET = `shop-payloads-${ACCOUNT}-${REGION}`;

/** Calls that a role must not be able to make. A name is a part of the logical id of its role. */
export function refusedCalls(): readonly Refused[] {
  return [
    ...each(['Starter', 'Signaller', 'Publisher', 'Answerer', 'EveryReader', 'DefaultReader'], 'operates', [sending('shop-operations')]),
    ...each(['Signaller', 'Publisher', 'Answerer', 'EveryReader', 'DefaultReader', 'Operator'], 'starts', [sending('shop-starts')]),
    ...each(
      ['Starter', 'Signaller', 'Answerer', 'EveryReader', 'Operator', 'Poller', 'StockService', 'Admin'],
      'speaks as the engine',
      ['shop-inbox', 'shop-inbox-dead-letter', 'shop-hot-lane.fifo'].map(sending),
    ),
    ...each(['Starter', 'Signaller', 'Answerer', 'EveryReader', 'Operator', 'PeopleService'], 'commands a service', [
      sending('shop-stock'),
    ]),
    ...each(['Starter', 'Signaller', 'EveryReader', 'Operator'], 'answers for a service', [
      publishing('people', 'people.approve.completed'),
      ofTable('UpdateItem', 'shop-people-commands', { Key: { id: { S: 'c' } }, UpdateExpression: 'SET a = :a' }),
      putting('people/x/y'),
    ]),
    ...each(['Answerer', 'PeopleService'], 'answers for another service', [
      publishing('stock', 'stock.take.completed'),
      ofTable('UpdateItem', 'shop-stock-commands', { Key: { id: { S: 'c' } }, UpdateExpression: 'SET a = :a' }),
      ofTable('GetItem', 'shop-stock-commands', { Key: { id: { S: 'c' } } }),
      putting('stock/x/y'),
      receiving('shop-stock'),
    ]),
    ...each(['Poller', 'StockService'], 'sees what is of others', [
      receiving('shop-people'),
      receiving('shop-inbox'),
      getting(INSTANCE),
      ofTable('GetItem', 'shop-people-commands', { Key: { id: { S: 'c' } } }),
      reading('people/x/y'),
      publishing('people', 'people.approve.completed'),
      publishing('shop', 'shop.order-done'),
      // One entry of its own among those of another.
      { service: 'events', operation: 'PutEvents', input: { Entries: [entry('stock', 'a'), entry('people', 'b')] } },
    ]),
    ...each(['NoteTaker', 'Publisher'], 'publishes another event', [
      publishing('web', 'web.order-placed'),
      publishing('desk', 'desk.other'),
      publishing('web', 'desk.note-added'),
      { service: 'events', operation: 'PutEvents', input: { Entries: [entry('desk', 'desk.note-added'), entry('desk', 'desk.other')] } },
      putting('_clients/web.order-placed/x'),
    ]),
    ...each(['DefaultReader'], 'reads another tenant', [
      getting(FOREIGN),
      ofTable('Query', 'shop', {
        KeyConditionExpression: 'pk = :pk',
        ExpressionAttributeValues: { ':pk': { S: FOREIGN } },
      }),
      listing('L#acme#order#running#0'),
      { service: 'dynamodb', operation: 'BatchGetItem', input: { RequestItems: { shop: { Keys: [keyOf(INSTANCE), keyOf(FOREIGN)] } } } },
      reading(`orchestrator/${encodeURIComponent(FOREIGN)}/hash`),
      reading('orchestrator/none/hash'),
      getting('X#0'),
      listing('T#tenants'),
      // Parked events of all tenants are in one list.
      listing('P#waiting#0'),
      getting('defaults#order#o-1'),
    ]),
    ...each(['Starter', 'Signaller', 'NoteTaker', 'EveryReader', 'DefaultReader', 'Operator'], 'sees the keys of replies', [
      getting('K#reply-keys'),
      {
        service: 'dynamodb',
        operation: 'BatchGetItem',
        input: { RequestItems: { shop: { Keys: [keyOf(INSTANCE), keyOf('K#reply-keys')] } } },
      },
    ]),
    ...each(['Starter', 'Signaller', 'Answerer', 'EveryReader', 'DefaultReader', 'Operator', 'Poller', 'StockService'], 'writes state', [
      ofTable('PutItem', 'shop', { Item: { ...keyOf(INSTANCE), st: { S: 'completed' } } }),
      ofTable('UpdateItem', 'shop', { Key: keyOf(INSTANCE), UpdateExpression: 'SET st = :st' }),
      ofTable('DeleteItem', 'shop', { Key: keyOf(INSTANCE) }),
      putting('orchestrator/x/y'),
    ]),
    ...each(['SweepTimers', 'WakeOverdue', 'DrainDeadLetters'], 'writes a head', [
      ofTable('PutItem', 'shop', { Item: { ...keyOf(INSTANCE), st: { S: 'completed' } } }),
      ofTable('UpdateItem', 'shop', { Key: keyOf(INSTANCE), UpdateExpression: 'SET st = :st' }),
    ]),
    ...each(['DrainDeadLetters'], 'parks', [
      ofTable('PutItem', 'shop', { Item: { pk: { S: 'X#0' }, sk: { S: 'X#1' }, reason: { S: 'DEAD_LETTER' } } }),
      putting('orchestrator/none/hash'),
    ]),
    ...each(['SweepTimers', 'DrainDeadLetters'], 'reads an instance', [getting(INSTANCE), reading('orchestrator/x/y')]),
    ...each(['RetireClosed'], 'writes state', [
      ofTable('UpdateItem', 'shop', { Key: keyOf(INSTANCE), UpdateExpression: 'SET st = :st, b = :b' }),
      ofTable('PutItem', 'shop', { Item: keyOf(INSTANCE) }),
      putting('orchestrator/x/y'),
    ]),
    ...each(['AdvanceProcesses'], 'acts for others', [
      publishing('stock', 'stock.take.completed'),
      receiving('shop-stock'),
      putting('stock/x/y'),
      ofTable('GetItem', 'shop-stock-commands', { Key: { id: { S: 'c' } } }),
      // With `erasure`, it deletes items of instances. test/cdk/security-model.test.ts has the rights without it.
      ofTable('DeleteItem', 'shop', { Key: { pk: { S: 'X#0' }, sk: { S: 'X#1' } } }),
      sending('shop-operations'),
    ]),
  ];
}

function each(roles: readonly string[], what: string, calls: readonly Call[]): readonly Refused[] {
  return roles.flatMap((role) => calls.map((call): Refused => [role, `${what}: ${call.operation} ${JSON.stringify(call.input)}`, call]));
}

const entry = (source: string, type: string): object => ({ EventBusName: 'shop', Source: source, DetailType: type, Detail: '{}' });
const keyOf = (pid: string): object => ({ pk: { S: pid }, sk: { S: 'H' } });
const ofQueue = (operation: string, queue: string): Call => ({
  service: 'sqs',
  operation,
  input: { QueueUrl: `https://sqs/${ACCOUNT}/${queue}` },
});
const sending = (queue: string): Call => ofQueue('SendMessage', queue);
const receiving = (queue: string): Call => ofQueue('ReceiveMessage', queue);
const ofObject = (operation: string, key: string): Call => ({ service: 's3', operation, input: { Bucket: BUCKET, Key: key } });
const putting = (key: string): Call => ofObject('PutObject', key);
const reading = (key: string): Call => ofObject('GetObject', key);
const publishing = (source: string, type: string): Call => ({
  service: 'events',
  operation: 'PutEvents',
  input: { Entries: [entry(source, type)] },
});
const ofTable = (operation: string, table: string, input: object): Call => ({
  service: 'dynamodb',
  operation,
  input: { TableName: table, ...input },
});
const getting = (pid: string): Call => ofTable('GetItem', 'shop', { Key: keyOf(pid) });
const listing = (partition: string): Call =>
  ofTable('Query', 'shop', {
    IndexName: 'list',
    KeyConditionExpression: '#lsh = :lsh',
    ExpressionAttributeNames: { '#lsh': 'lsh' },
    ExpressionAttributeValues: { ':lsh': { S: partition } },
  });
