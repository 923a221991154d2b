import { builtInDefinition, namedByText, type Identify } from './built-in.ts';
import type { ProcessContract } from './runtime-contract.ts';
import { processOf } from './wire/process-id.ts';

/**
 * The name of the process of keys in their pids. No process of a user has it: its name would not be kebab-case. A key is an instance between
 * the publishers of an event and the instances of one process that wait for it (docs/protocol.md#keys).
 */
export const KEYS = 'tutti--key';
/** The engine command by which an instance subscribes to a key. */
export const SUBSCRIBE = 'tutti.subscribe';

/** The largest number of bytes of a key in UTF-8. */
export const KEY_BYTES_MAX = 1024;
/** The largest number of instances that one key forwards its events to. */
export const SUBSCRIBERS_MAX = 100;

/** The event of a process under one text. Two processes that receive the same event have keys of their own. */
export interface KeyName {
  readonly process: string;
  readonly event: string;
  readonly key: string;
}

/** Why a value cannot be a key, in the words `expected …`; undefined if it can. */
export function keyFault(key: unknown): string | undefined {
  if (typeof key !== 'string' || key === '') return 'expected text';
  if (!(key as string & { isWellFormed(): boolean }).isWellFormed()) return 'expected text without lone surrogates';
  return new TextEncoder().encode(key).length > KEY_BYTES_MAX ? `expected at most ${KEY_BYTES_MAX} bytes of UTF-8` : undefined;
}

/** The pid of a key. */
export function keyPid(identify: Identify, tenant: string, { process, event, key }: KeyName): string {
  return namedByText(identify, tenant, { owner: KEYS, process, event, text: key });
}

/** Whether a pid is that of a key. */
export function isKey(pid: string): boolean {
  return processOf(pid) === KEYS;
}

/** The definition of every key. Its reducer is lib/core/keys.ts. */
export const keyDefinition: ProcessContract = Object.freeze(builtInDefinition({ name: KEYS, builtIn: 'key' }));
