import { namedIn, orderOf, satisfies, updated, type Item, type Substitutes, type Value } from './expression.ts';

interface Keys {
  readonly partition: string;
  readonly sort?: string;
}

/** As the template describes it. */
export interface TableProperties {
  readonly TableName: string;
  readonly KeySchema: readonly KeyElement[];
  readonly GlobalSecondaryIndexes?: readonly { readonly IndexName: string; readonly KeySchema: readonly KeyElement[] }[];
}

interface KeyElement {
  readonly AttributeName: string;
  readonly KeyType: 'HASH' | 'RANGE';
}

/** A request to one table, or a part of one. */
export interface TableInput extends Substitutes {
  readonly Key?: Item;
  readonly Item?: Item;
  readonly IndexName?: string;
  readonly KeyConditionExpression?: string;
  readonly FilterExpression?: string;
  readonly ProjectionExpression?: string;
  readonly ConditionExpression?: string;
  readonly UpdateExpression?: string;
  readonly ReturnValues?: string;
  readonly ReturnValuesOnConditionCheckFailure?: string;
  readonly ScanIndexForward?: boolean;
  readonly Limit?: number;
}

/** The error that a call of the SDK gets instead of a response. */
export class CallError extends TypeError {
  readonly type: string;
  readonly status: number;
  readonly members: object;

  constructor(type: string, message: string, status = 400, members: object = {}) {
    super(message);
    this.type = type;
    this.status = status;
    this.members = members;
  }
}

/** A table of DynamoDB in memory, with its indexes. */
export class Table {
  readonly name: string;
  readonly #keys: Keys;
  readonly #indexes: ReadonlyMap<string, Keys>;
  readonly #items = new Map<string, Item>();

  constructor({ TableName, KeySchema, GlobalSecondaryIndexes = [] }: TableProperties) {
    this.name = TableName;
    this.#keys = keysOf(KeySchema);
    this.#indexes = new Map(GlobalSecondaryIndexes.map((index) => [index.IndexName, keysOf(index.KeySchema)]));
  }

  get items(): readonly Item[] {
    return [...this.#items.values()];
  }

  /** The values of partition keys that a request names. Of an index those of its own partition key. */
  leadingKeys(input: TableInput): readonly string[] {
    const item = input.Key ?? input.Item;
    if (item) return [textOf(item[this.#keys.partition])];
    const { partition } = this.#keysOf(input);
    const equal = [...(input.KeyConditionExpression ?? '').matchAll(/([#\w]+) = (:\w+)/g)].find(
      ([, name = '']) => (input.ExpressionAttributeNames?.[name] ?? name) === partition,
    );
    return equal ? [textOf(input.ExpressionAttributeValues?.[equal[2] as string])] : [];
  }

  get(input: TableInput): Item | undefined {
    const item = this.#items.get(this.#idOf(input.Key as Item));
    return item && projected(item, input);
  }

  query(input: TableInput): readonly Item[] {
    const keys = this.#keysOf(input);
    const found = this.items.filter(
      (item) =>
        item[keys.partition] !== undefined &&
        (keys.sort === undefined || item[keys.sort] !== undefined) &&
        satisfies(input.KeyConditionExpression, item, input),
    );
    const { sort } = keys;
    if (sort !== undefined) found.sort((a, b) => orderOf(a[sort] as Value, b[sort] as Value) ?? 0);
    if (input.ScanIndexForward === false) found.reverse();
    return found.filter((item) => satisfies(input.FilterExpression, item, input)).map((item) => projected(item, input));
  }

  put(input: TableInput): void {
    const item = input.Item as Item;
    const id = this.#idOf(item);
    this.#check(id, input);
    this.#items.set(id, item);
  }

  delete(input: TableInput): void {
    this.#items.delete(this.#idOf(input.Key as Item));
  }

  update(input: TableInput): Item {
    const id = this.#idOf(input.Key as Item);
    this.#check(id, input);
    const after = updated(input.UpdateExpression ?? '', { ...this.#items.get(id), ...input.Key }, input);
    this.#items.set(id, after);
    return after;
  }

  #check(id: string, input: TableInput): void {
    const standing = this.#items.get(id);
    if (satisfies(input.ConditionExpression, standing ?? {}, input)) return;
    const old = input.ReturnValuesOnConditionCheckFailure === 'ALL_OLD' && standing ? { Item: standing } : {};
    throw new CallError('ConditionalCheckFailedException', 'The conditional request failed', 400, old);
  }

  #keysOf({ IndexName }: TableInput): Keys {
    const keys = IndexName === undefined ? this.#keys : this.#indexes.get(IndexName);
    if (keys) return keys;
    throw new CallError('ValidationException', `The table does not have the specified index: ${IndexName}`);
  }

  #idOf(item: Item): string {
    const { partition, sort } = this.#keys;
    return JSON.stringify([item[partition], sort === undefined ? undefined : item[sort]]);
  }
}

function keysOf(schema: readonly KeyElement[]): Keys {
  const name = (type: string): string | undefined => schema.find(({ KeyType }) => KeyType === type)?.AttributeName;
  const sort = name('RANGE');
  return { partition: name('HASH') as string, ...(sort !== undefined && { sort }) };
}

function projected(item: Item, input: TableInput): Item {
  if (input.ProjectionExpression === undefined) return item;
  const names = namedIn(input.ProjectionExpression, input);
  return Object.fromEntries(names.flatMap((name) => (item[name] === undefined ? [] : [[name, item[name]]])));
}

const textOf = (value: Value | undefined): string => value?.S ?? value?.N ?? '';
