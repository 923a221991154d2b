import { builtInDefinition, namedByText, type Identify } from './built-in.ts';
import { milliseconds, type Duration } from './duration.ts';
import { ContractError } from './errors.ts';
import type { GateContract, GateSpec, ProcessContract } from './runtime-contract.ts';
import { processOf } from './wire/process-id.ts';

/**
 * The process name of gates in their pids. A gate is an instance between the starts of a process and its instances, one for each key
 * (docs/protocol.md#gates). No process of a user has the name: it would not be kebab-case.
 */
export const GATES = 'tutti--gate';
/** The engine command by which a gate starts an instance, and learns its end. */
export const START = 'tutti.start';

/** The largest number of instances of a gate that run at once: each is an open command of the gate. */
export const MOST_MAX = 90;
/** The largest number of starts in one window. */
export const WINDOW_MAX = 100;
/** Without `atMost`, a debounced window lasts so many times `quiet`. */
const AT_MOST_FACTOR = 10;

/** `I`: the data of a start. */
export interface StartLimits<I> {
  /** At most `most` instances of one key run at once; other starts wait, in order. */
  readonly concurrency?: {
    /** @default one key for all */
    readonly key?: (input: I) => string;
    /** From 1 to 90. */
    readonly most: number;
  };
  /** One instance gets the starts of a key that came until none has come for `quiet`, or `atMost` after the first of them. */
  readonly debounce?: {
    /** @default one key for all */
    readonly key?: (input: I) => string;
    readonly quiet: Duration;
    /** @default ten times `quiet` */
    readonly atMost?: Duration;
  };
  /** One instance gets `size` starts of a key, or fewer, `within` after the first of them. */
  readonly batch?: {
    /** @default one key for all */
    readonly key?: (input: I) => string;
    /** From 1 to 100. */
    readonly size: number;
    readonly within: Duration;
  };
}

/** The limits of the starts of a process. @throws ContractError `CONTRACT_INVALID` */
export function gateContract(name: string, { concurrency, debounce, batch }: StartLimits<never>): GateContract {
  const given = [concurrency, debounce, batch].filter((each) => each !== undefined);
  if (given.length !== 1) throw invalid(name, `${given.length} limits in start: expected one of concurrency, debounce and batch`);
  const key = given[0]?.key ?? (() => ALL);
  return {
    key,
    spec: (concurrency && slots(name, concurrency.most)) ?? (debounce && quietSpec(name, debounce)) ?? batchSpec(name, batch!),
  };
}

/** The key of a gate for all starts of a process. */
const ALL = '*';

function slots(name: string, most: number): GateSpec {
  return { kind: 'concurrency', most: whole(name, { what: 'most', value: most, max: MOST_MAX }) };
}

function quietSpec(name: string, { quiet, atMost }: { readonly quiet: Duration; readonly atMost?: Duration }): GateSpec {
  const quietMs = milliseconds(quiet);
  const atMostMs = atMost === undefined ? AT_MOST_FACTOR * quietMs : milliseconds(atMost);
  if (atMostMs < quietMs) throw invalid(name, 'atMost shorter than quiet in start: expected a longer time');
  return { kind: 'debounce', quietMs, atMostMs };
}

function batchSpec(name: string, { size, within }: { readonly size: number; readonly within: Duration }): GateSpec {
  return { kind: 'batch', size: whole(name, { what: 'size', value: size, max: WINDOW_MAX }), withinMs: milliseconds(within) };
}

function whole(name: string, { what, value, max }: { readonly what: string; readonly value: number; readonly max: number }): number {
  if (Number.isInteger(value) && value >= 1 && value <= max) return value;
  throw invalid(name, `${what} ${value} in start: expected a whole number from 1 to ${max}`);
}

function invalid(name: string, fault: string): ContractError {
  return new ContractError('CONTRACT_INVALID', `${name} has ${fault}.`);
}

/** Whether an instance of the process gets all starts of a window as one list. */
export function isWindowed({ gate }: Pick<ProcessContract, 'gate'>): boolean {
  return gate !== undefined && gate.spec.kind !== 'concurrency';
}

/** The pid of a gate. */
export function gatePid(identify: Identify, tenant: string, { process, key }: { readonly process: string; readonly key: string }): string {
  return namedByText(identify, tenant, { owner: GATES, process, event: '#gate', text: key });
}

/** Whether a pid is that of a gate. */
export function isGate(pid: string): boolean {
  return processOf(pid) === GATES;
}

/** The definition of every gate. Its reducer is lib/core/gating.ts. */
export const gateDefinition: ProcessContract = Object.freeze(builtInDefinition({ name: GATES, builtIn: 'gate' }));
