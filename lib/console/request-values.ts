import { ContractError } from '../contract/errors.ts';
import type { JsonSchema } from '../contract/export/json-schema.ts';

/** A parameter of a query. `count`: a whole number from 1. `index`: a whole number from 0. `flag`: `true`. */
export type QueryKind = 'text' | 'count' | 'index' | 'flag';

/** The values of a query, by name. */
export interface QueryValues {
  text(name: string): string | undefined;
  number(name: string): number | undefined;
  flag(name: string): boolean;
}

/** Reads a query whose parameters a route declares. Throws `DATA_INVALID` for any other one: a filter that is ignored would mislead. */
export function queryValues(url: URL, kinds: Readonly<Record<string, QueryKind>>): QueryValues {
  const values = new Map<string, string>();
  for (const [name, value] of url.searchParams) {
    const kind = Object.hasOwn(kinds, name) ? kinds[name] : undefined;
    if (kind === undefined) throw invalid(`The parameter ${name} is not known: expected ${listOf(Object.keys(kinds))}.`);
    if (values.has(name)) throw invalid(`The parameter ${name} was given twice: expected it once.`);
    if (!FORMS[kind].test(value)) throw invalid(`The parameter ${name} is ${JSON.stringify(value)}: expected ${MEANINGS[kind]}.`);
    values.set(name, value);
  }
  return {
    text: (name) => values.get(name),
    number: (name) => (values.has(name) ? Number(values.get(name)) : undefined),
    flag: (name) => values.get(name) === 'true',
  };
}

const FORMS: Readonly<Record<QueryKind, RegExp>> = {
  text: /^[^]+$/,
  count: /^[1-9]\d{0,8}$/,
  index: /^\d{1,9}$/,
  flag: /^(?:true|false)$/,
};
const MEANINGS: Readonly<Record<QueryKind, string>> = {
  text: 'a text that is not empty',
  count: 'a whole number from 1',
  index: 'a whole number from 0',
  flag: 'true or false',
};

/** Throws `DATA_INVALID` unless the value fits the JSON Schema of a request: the keywords of `requests.ts` and no others. */
export function requireFit(value: unknown, schema: JsonSchema, at = 'The request'): void {
  const { anyOf, enum: values, type } = schema as RequestSchema;
  if (anyOf) {
    if (!anyOf.some((each) => fits(value, each))) throw invalid(`${at} has none of its forms: ${anyOf.map(formOf).join(', or ')}.`);
    return;
  }
  if (values && !values.includes(value)) throw invalid(`${at} is ${shown(value)}: expected ${listOf(values.map(String))}.`);
  if (type !== undefined && typeOf(value) !== type && !(type === 'number' && typeOf(value) === 'integer'))
    throw invalid(`${at} is ${shown(value)}: expected ${ARTICLES[type] ?? 'a'} ${type}.`);
  if (type === 'string') fitText(value as string, schema, at);
  if (type === 'integer') fitNumber(value as number, schema, at);
  if (type === 'array') fitArray(value as unknown[], schema, at);
  if (type === 'object') fitObject(value as Record<string, unknown>, schema, at);
}

interface RequestSchema extends JsonSchema {
  readonly type?: 'object' | 'array' | 'string' | 'integer' | 'number' | 'boolean';
  readonly anyOf?: readonly RequestSchema[];
  readonly enum?: readonly unknown[];
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, RequestSchema>>;
  readonly additionalProperties?: boolean | RequestSchema;
  readonly items?: RequestSchema;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
}

const ARTICLES: Readonly<Record<string, string>> = { object: 'an', array: 'an', integer: 'an' };

function fitText(value: string, { minLength = 0, maxLength = Infinity }: RequestSchema, at: string): void {
  if (value.length < minLength) throw invalid(`${at} is empty: expected a text.`);
  if (value.length > maxLength) throw invalid(`${at} has ${value.length} characters: expected at most ${maxLength}.`);
}

function fitNumber(value: number, { minimum = -Infinity }: RequestSchema, at: string): void {
  if (value < minimum) throw invalid(`${at} is ${value}: expected a number from ${minimum}.`);
}

function fitArray(value: readonly unknown[], { items, minItems = 0, maxItems = Infinity }: RequestSchema, at: string): void {
  if (value.length < minItems || value.length > maxItems)
    throw invalid(`${at} has ${value.length} elements: expected from ${minItems} to ${maxItems}.`);
  for (const [index, each] of value.entries()) if (items) requireFit(each, items, `${at}[${index}]`);
}

function fitObject(
  value: Record<string, unknown>,
  { required = [], properties = {}, additionalProperties }: RequestSchema,
  at: string,
): void {
  for (const name of required) if (!Object.hasOwn(value, name)) throw invalid(`${at} has no member ${name}: expected one.`);
  for (const [name, each] of Object.entries(value)) {
    const schema = Object.hasOwn(properties, name) ? properties[name] : undefined;
    if (schema) requireFit(each, schema, at === 'The request' ? `The member ${name}` : `${at}.${name}`);
    else if (typeof additionalProperties === 'object') requireFit(each, additionalProperties, `${at}.${name}`);
    else if (additionalProperties === false) throw invalid(`${at} has a member ${name}: expected ${listOf(Object.keys(properties))}.`);
  }
}

function fits(value: unknown, schema: JsonSchema): boolean {
  try {
    requireFit(value, schema);
    return true;
  } catch {
    return false;
  }
}

function typeOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  return Number.isInteger(value) ? 'integer' : typeof value;
}

function formOf({ required = [] }: RequestSchema): string {
  return `one with ${required.join(' and ')}`;
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 80 ? `${text.slice(0, 79)}…` : text;
}

function listOf(names: readonly string[]): string {
  return names.length === 0 ? 'none' : names.join(', ');
}

export function invalid(message: string): ContractError {
  return new ContractError('DATA_INVALID', message, { remedy: 'Change the request as the message says.' });
}
