import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { ContractError } from '../../contract/errors.ts';
import type { HeadItem } from './head-item.ts';

/** A plain object as an item: strings, numbers, booleans, null, bytes, arrays and objects of them. Undefined members are left out. */
export function itemOf(value: object, what: string): HeadItem {
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, member]) => (member === undefined ? [] : [[name, attributeOf(member, `${what}.${name}`)]])),
  );
}

function attributeOf(value: unknown, what: string): AttributeValue {
  if (value === null) return { NULL: true };
  if (typeof value === 'string') return { S: value };
  if (typeof value === 'boolean') return { BOOL: value };
  if ((typeof value === 'number' && Number.isFinite(value)) || typeof value === 'bigint') return { N: String(value) };
  if (value instanceof Uint8Array) return { B: value };
  if (Array.isArray(value)) return { L: value.map((each, index) => attributeOf(each, `${what}[${index}]`)) };
  if (isPlain(value)) return { M: itemOf(value, what) };
  const got = typeof value === 'object' ? value.constructor.name : typeof value === 'number' ? `the number ${value}` : typeof value;
  throw new ContractError(
    'DATA_INVALID',
    `${what} is ${got}: expected a string, a number, a boolean, null, bytes, or an array or object of them.`,
  );
}

function isPlain(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
