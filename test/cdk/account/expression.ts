/** The expressions of DynamoDB that the adapters write, on items as they are on the wire. Paths are names of attributes: nothing is nested. */

export interface Value {
  readonly S?: string;
  readonly N?: string;
  readonly B?: string;
  readonly BOOL?: boolean;
  readonly L?: readonly Value[];
  readonly M?: Readonly<Record<string, Value>>;
}
export type Item = Readonly<Record<string, Value>>;

/** The values of `#name` and `:value`. */
export interface Substitutes {
  readonly ExpressionAttributeNames?: Readonly<Record<string, string>>;
  readonly ExpressionAttributeValues?: Item;
}

const WORDS = new Set(['AND', 'OR', 'NOT', 'BETWEEN', 'IN', 'SET', 'REMOVE', 'ADD', 'DELETE']);

const tokensOf = (expression: string): readonly string[] => expression.match(/[#:]?[A-Za-z0-9_]+|<>|<=|>=|[=<>(),+-]/g) ?? [];

/** The attributes that an expression names. */
export function namedIn(expression: string, { ExpressionAttributeNames: names = {} }: Substitutes): readonly string[] {
  const tokens = tokensOf(expression);
  return tokens.flatMap((token, index) => {
    if (token.startsWith('#')) return [names[token] as string];
    return /^[A-Za-z_]/.test(token) && !WORDS.has(token) && tokens[index + 1] !== '(' ? [token] : [];
  });
}

/** Reads an expression from its start to its end. */
class Reader {
  readonly #tokens: readonly string[];
  readonly #substitutes: Substitutes;
  #at = 0;

  constructor(expression: string, substitutes: Substitutes) {
    this.#tokens = tokensOf(expression);
    this.#substitutes = substitutes;
  }

  get next(): string | undefined {
    return this.#tokens[this.#at];
  }

  take(expected?: string): string {
    const token = this.#tokens[this.#at];
    if (token === undefined || (expected !== undefined && token !== expected)) throw new SyntaxError(`Expected ${expected}, got ${token}`);
    this.#at += 1;
    return token;
  }

  takeIf(token: string): boolean {
    if (this.next !== token) return false;
    this.#at += 1;
    return true;
  }

  name(): string {
    const token = this.take();
    return token.startsWith('#') ? (this.#substitutes.ExpressionAttributeNames?.[token] as string) : token;
  }

  list<T>(read: () => T): readonly T[] {
    const found = [read()];
    while (this.takeIf(',')) found.push(read());
    return found;
  }

  /** A value, an attribute, or the result of a function. */
  operand(item: Item): Value | undefined {
    const token = this.next ?? '';
    if (token.startsWith(':')) return this.#substitutes.ExpressionAttributeValues?.[this.take()];
    if (this.#tokens[this.#at + 1] !== '(') return item[this.name()];
    const called = this.take();
    this.take('(');
    const values = this.list(() => this.operand(item));
    this.take(')');
    return functionValue(called, values);
  }
}

function functionValue(called: string, [first, second]: readonly (Value | undefined)[]): Value | undefined {
  switch (called) {
    case 'if_not_exists':
      return first ?? second;
    case 'list_append':
      return { L: [...(first?.L ?? []), ...(second?.L ?? [])] };
    case 'size':
      return first && { N: String(first.L?.length ?? first.S?.length ?? 0) };
    case 'attribute_exists':
      return { BOOL: first !== undefined };
    case 'attribute_not_exists':
      return { BOOL: first === undefined };
    case 'begins_with':
      return { BOOL: first?.S?.startsWith(second?.S ?? '') === true };
    default:
      throw new SyntaxError(`The function ${called} is not known here`);
  }
}

/** Whether the condition holds for the item; an item that is not there has no attributes. */
export function satisfies(expression: string | undefined, item: Item, substitutes: Substitutes): boolean {
  if (expression === undefined) return true;
  const reader = new Reader(expression, substitutes);
  return anyOf(reader, item);
}

function anyOf(reader: Reader, item: Item): boolean {
  let result = allOf(reader, item);
  while (reader.takeIf('OR')) result = allOf(reader, item) || result;
  return result;
}

function allOf(reader: Reader, item: Item): boolean {
  let result = one(reader, item);
  while (reader.takeIf('AND')) result = one(reader, item) && result;
  return result;
}

function one(reader: Reader, item: Item): boolean {
  if (reader.takeIf('NOT')) return !one(reader, item);
  if (reader.takeIf('(')) {
    const inner = anyOf(reader, item);
    reader.take(')');
    return inner;
  }
  const left = reader.operand(item);
  if (reader.takeIf('BETWEEN')) {
    const low = reader.operand(item);
    reader.take('AND');
    return compare(left, '>=', low) && compare(left, '<=', reader.operand(item));
  }
  if (reader.takeIf('IN')) {
    reader.take('(');
    const values = reader.list(() => reader.operand(item));
    reader.take(')');
    return values.some((value) => compare(left, '=', value));
  }
  if (/^(?:=|<>|<=?|>=?)$/.test(reader.next ?? '')) return compare(left, reader.take(), reader.operand(item));
  return left?.BOOL === true;
}

function compare(left: Value | undefined, operator: string, right: Value | undefined): boolean {
  if (left === undefined || right === undefined) return operator === '<>' && left !== right;
  const order = orderOf(left, right);
  if (order === undefined) return operator === '<>';
  return { '=': order === 0, '<>': order !== 0, '<': order < 0, '<=': order <= 0, '>': order > 0, '>=': order >= 0 }[operator] === true;
}

/** The order of two values of one type. */
export function orderOf(left: Value, right: Value): number | undefined {
  if (left.N !== undefined && right.N !== undefined) return Number(left.N) - Number(right.N);
  if (left.S !== undefined && right.S !== undefined) return left.S === right.S ? 0 : left.S < right.S ? -1 : 1;
  return JSON.stringify(left) === JSON.stringify(right) ? 0 : undefined;
}

/** The item after an update. */
export function updated(expression: string, item: Item, substitutes: Substitutes): Item {
  const reader = new Reader(expression, substitutes);
  const after: Record<string, Value> = { ...item };
  const set = (): void => {
    const name = reader.name();
    reader.take('=');
    after[name] = sum(reader, item);
  };
  const add = (): void => {
    const name = reader.name();
    after[name] = plus(item[name] ?? { N: '0' }, reader.operand(item));
  };
  const clauses: Readonly<Record<string, () => void>> = {
    SET: set,
    ADD: add,
    REMOVE: () => {
      delete after[reader.name()];
    },
  };
  while (reader.next !== undefined) {
    const clause = clauses[reader.take()];
    if (clause === undefined) throw new SyntaxError(`No clause of an update: ${expression}`);
    reader.list(clause);
  }
  return after;
}

function sum(reader: Reader, item: Item): Value {
  const value = reader.operand(item) as Value;
  return reader.takeIf('+') ? plus(value, reader.operand(item)) : value;
}

function plus(left: Value | undefined, right: Value | undefined): Value {
  return { N: String(Number(left?.N) + Number(right?.N)) };
}
