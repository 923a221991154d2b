import { Queue } from 'aws-cdk-lib/aws-sqs';
import { expect, test } from 'vitest';
import { CheckoutTravelCart } from '../../../examples/travel-booking/contracts.ts';
import { askedBy, type Call } from '../account/asked-by.ts';
import { Table } from '../account/table.ts';
import { resourcePolicies } from '../account/template.ts';
import { decide, type Statement } from '../iam/decide.ts';
import { ACCOUNT, REGION, resourcesOf, testStack, tripsOrchestrator } from '../synthesized.ts';

// Two other accounts, one with flights, one with hotels that also publishes carts. Their own policies allow everything, so
// the policies of the orchestrator's bus, bucket and queues decide.

const FLIGHTS = '222222222222';
const HOTELS = '333333333333';
const BUCKET = `trips-payloads-${ACCOUNT}-${REGION}`;

const stack = testStack();
const queueIn = (account: string, service: string) =>
  Queue.fromQueueArn(stack, service, `arn:aws:sqs:${REGION}:${account}:trips-${service}`);
tripsOrchestrator(stack, {
  queues: { flights: queueIn(FLIGHTS, 'flights'), hotels: queueIn(HOTELS, 'hotels') },
  accounts: { [HOTELS]: { publishes: [CheckoutTravelCart] } },
});
const policies = resourcePolicies(resourcesOf(stack));

const EVERYTHING: Statement = { name: 'administrator', Effect: 'Allow', Action: '*', Resource: '*' };

const mayCall = (account: string, call: Call): boolean => {
  const place = {
    account: ACCOUNT,
    region: REGION,
    table: () => new Table({ TableName: 'trips', KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }] }),
  };
  return askedBy(call, place).every((asked) => {
    const owner = asked.resource.startsWith('arn:aws:s3:::') ? (asked.resource.split('/')[0] as string) : asked.resource;
    const principal = { arn: `arn:aws:iam::${account}:role/anything`, account };
    return decide(asked, principal, { identity: [EVERYTHING], resource: policies.get(owner) ?? [] }).allowed;
  });
};

const publishing = (...entries: readonly (readonly [source: string, type: string])[]): Call => ({
  service: 'events',
  operation: 'PutEvents',
  input: {
    Entries: entries.map(([Source, DetailType]) => ({
      EventBusName: `arn:aws:events:${REGION}:${ACCOUNT}:event-bus/trips`,
      Source,
      DetailType,
      Detail: '{}',
    })),
  },
});
const ofObject = (operation: string, key: string): Call => ({ service: 's3', operation, input: { Bucket: BUCKET, Key: key } });
const sending = (queue: string): Call => ({
  service: 'sqs',
  operation: 'SendMessage',
  input: { QueueUrl: `https://sqs/${ACCOUNT}/${queue}` },
});
const getting: Call = {
  service: 'dynamodb',
  operation: 'GetItem',
  input: { TableName: 'trips', Key: { pk: { S: 'default#book-trip#1' } } },
};

test.each<[string, string, Call]>([
  [FLIGHTS, 'answers for flights', publishing(['flights', 'flights.book.completed'])],
  [FLIGHTS, 'writes values of flights', ofObject('PutObject', 'flights/x/y')],
  [FLIGHTS, 'reads what a command names', ofObject('GetObject', 'orchestrator/x/y')],
  [HOTELS, 'answers for hotels', publishing(['hotels', 'hotels.book.completed'])],
  [HOTELS, 'publishes its event', publishing(['trips', 'trips.checkout-travel-cart'])],
])('%s %s', (account, _what, call) => {
  expect(mayCall(account, call)).toBe(true);
});

test.each<[string, string, Call]>([
  [FLIGHTS, 'answers for hotels', publishing(['hotels', 'hotels.book.completed'])],
  [FLIGHTS, 'answers for payments', publishing(['payments', 'payments.charge.completed'])],
  [FLIGHTS, 'answers for hotels beside flights', publishing(['flights', 'flights.book.completed'], ['hotels', 'hotels.book.completed'])],
  [FLIGHTS, 'publishes an event of another account', publishing(['trips', 'trips.checkout-travel-cart'])],
  [FLIGHTS, 'writes values of hotels', ofObject('PutObject', 'hotels/x/y')],
  [FLIGHTS, 'writes values of the engine', ofObject('PutObject', 'orchestrator/x/y')],
  [HOTELS, 'publishes another event of the system', publishing(['trips', 'trips.trip-booked'])],
  [HOTELS, 'answers for flights', publishing(['flights', 'flights.book.completed'])],
  ...['trips-inbox', 'trips-starts', 'trips-operations', 'trips-payments', 'trips-hot-lane.fifo'].map((queue): [string, string, Call] => [
    FLIGHTS,
    `sends to ${queue}`,
    sending(queue),
  ]),
  [FLIGHTS, 'reads an instance', getting],
  ['444444444444', 'publishes', publishing(['flights', 'flights.book.completed'])],
])('%s never %s', (account, _what, call) => {
  expect(mayCall(account, call)).toBe(false);
});
