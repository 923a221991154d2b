import type { Context } from '../iam/condition.ts';
import type { Asked } from '../iam/decide.ts';
import { namedIn } from './expression.ts';
import type { Table, TableInput } from './table.ts';

/** A call of the SDK, read from its request. */
export interface Call {
  readonly service: string;
  readonly operation: string;
  readonly input: Readonly<Record<string, unknown>>;
}

/** Account, region and tables of the resources. Conditions evaluate the keys of the tables. */
export interface Place {
  readonly account: string;
  readonly region: string;
  readonly table: (name: string) => Table;
}

/**
 * The permissions that a call needs, by the Service Authorization Reference of its service (actions, resources, types of the condition keys).
 * A call such as sts:GetCallerIdentity needs none.
 */
export function askedBy(call: Call, place: Place): readonly Asked[] {
  const ask = ASKING[call.service];
  if (ask === undefined) throw new TypeError(`No test expects a call of ${call.service}`);
  return ask(call, place);
}

type Asking = (call: Call, place: Place) => readonly Asked[];

const ASKING: Readonly<Record<string, Asking>> = {
  dynamodb: askedOfDynamoDb,
  sqs: ({ operation, input }, place) => {
    const [account = '', queue = ''] = String(input['QueueUrl']).split('/').slice(-2);
    // An operation on a batch has no permission of its own (SQS developer guide, api-permissions-reference).
    return [asked(`sqs:${operation.replace(/Batch$/, '')}`, `arn:aws:sqs:${place.region}:${account}:${queue}`, account)];
  },
  events: ({ input }, place) => {
    const entries = input['Entries'] as readonly Readonly<Record<string, string>>[];
    return [...new Set(entries.map(busOf))].map((bus) => {
      const ofBus = entries.filter((entry) => busOf(entry) === bus);
      const resource = bus.startsWith('arn:') ? bus : `arn:aws:events:${place.region}:${place.account}:event-bus/${bus}`;
      return asked('events:PutEvents', resource, resource.split(':')[4] as string, contextOfEntries(ofBus));
    });
  },
  s3: ({ operation, input }, place) => {
    const bucket = `arn:aws:s3:::${String(input['Bucket'])}`;
    if (operation === 'ListObjectsV2') return [asked('s3:ListBucket', bucket, place.account)];
    return [asked(`s3:${operation}`, `${bucket}/${String(input['Key'])}`, place.account)];
  },
  ssm: ({ operation, input }, place) => [
    asked(`ssm:${operation}`, `arn:aws:ssm:${place.region}:${place.account}:parameter${String(input['Path'])}`, place.account),
  ],
  sts: () => [],
};

const busOf = ({ EventBusName = 'default' }: Readonly<Record<string, string>>): string => EventBusName;

/**
 * `events:source` holds the sources of all entries. `events:detail-type` is a single value, and no page of AWS says what it is for entries of
 * several types: here it is one that no policy allows.
 */
function contextOfEntries(entries: readonly Readonly<Record<string, string>>[]): Context {
  const types = [...new Set(entries.map(({ DetailType = '' }) => DetailType))];
  return {
    'events:source': [...new Set(entries.map(({ Source = '' }) => Source))],
    'events:detail-type': types.length === 1 ? (types[0] as string) : 'several types in one request',
  };
}

const PARTS = { Put: 'PutItem', Update: 'UpdateItem', Delete: 'DeleteItem', ConditionCheck: 'ConditionCheckItem' } as const;

function askedOfDynamoDb({ operation, input }: Call, place: Place): readonly Asked[] {
  if (operation === 'TransactWriteItems') {
    // A transaction is allowed if each of its parts is (DynamoDB developer guide, transaction-apis-iam).
    const parts = input['TransactItems'] as readonly Readonly<Partial<Record<keyof typeof PARTS, TableInput & NamedTable>>>[];
    return parts.flatMap((part) =>
      Object.entries(part).map(([kind, of]) => askedOfTable(PARTS[kind as keyof typeof PARTS], of.TableName, [of], place)),
    );
  }
  if (operation === 'BatchGetItem') {
    const tables = input['RequestItems'] as Readonly<Record<string, TableInput & { readonly Keys: readonly TableInput['Key'][] }>>;
    return Object.entries(tables).map(([name, { Keys, ...others }]) =>
      askedOfTable(
        operation,
        name,
        Keys.map((Key) => ({ ...others, ...(Key && { Key }) })),
        place,
      ),
    );
  }
  const { TableName, ...others } = input as unknown as TableInput & NamedTable;
  return [askedOfTable(operation, TableName, [others], place)];
}

interface NamedTable {
  readonly TableName: string;
}

function askedOfTable(operation: string, name: string, inputs: readonly TableInput[], place: Place): Asked {
  const index = inputs[0]?.IndexName;
  const table = `arn:aws:dynamodb:${place.region}:${place.account}:table/${name}`;
  return asked(`dynamodb:${operation}`, index === undefined ? table : `${table}/index/${index}`, place.account, {
    ...contextOfAttributes(inputs),
    // A batch names the partitions of all its keys; a query of an index names the index's own partition key.
    'dynamodb:LeadingKeys': [...new Set(inputs.flatMap((input) => place.table(name).leadingKeys(input)))],
  });
}

/**
 * The keys of fine-grained access (DynamoDB developer guide, specifying-conditions): `dynamodb:Attributes` holds each attribute that a request
 * names, and is not there for a read that names none, which reads all.
 */
function contextOfAttributes(inputs: readonly TableInput[]): Context {
  const attributes = new Set(inputs.flatMap(attributesOf));
  const [{ ReturnValues, ProjectionExpression, KeyConditionExpression, IndexName } = {}] = inputs;
  const all = IndexName === undefined ? 'ALL_ATTRIBUTES' : 'ALL_PROJECTED_ATTRIBUTES';
  return {
    ...(attributes.size > 0 && { 'dynamodb:Attributes': [...attributes] }),
    ...(KeyConditionExpression !== undefined && { 'dynamodb:Select': ProjectionExpression === undefined ? all : 'SPECIFIC_ATTRIBUTES' }),
    ...(ReturnValues !== undefined && { 'dynamodb:ReturnValues': ReturnValues }),
  };
}

function attributesOf(input: TableInput): readonly string[] {
  const { Item = {}, Key = {}, UpdateExpression } = input;
  const expressions = [UpdateExpression, input.ConditionExpression, input.ProjectionExpression];
  return [
    ...Object.keys(Item),
    ...(UpdateExpression === undefined ? [] : Object.keys(Key)),
    ...expressions.flatMap((expression) => (expression === undefined ? [] : namedIn(expression, input))),
  ];
}

function asked(action: string, resource: string, account: string, context: Context = {}): Asked {
  return { action, resource, account, context };
}
