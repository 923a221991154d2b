import type { ProcessFailed } from './errors.ts';
import type { Frozen, Json, Received, Sent } from './schema.ts';
import type { ProcessContract } from './runtime-contract.ts';

/** The types of a process. */
export interface ProcessTypes {
  start: unknown;
  result: unknown;
  errors: object;
  view: unknown;
  events: string;
}

/** A process or decider with any types. */
export interface AnyProcess {
  readonly name: string;
  readonly '~': ProcessTypes;
  /** For the compiler only: the sentence that tsc prints when a process is passed as a command. */
  readonly '~uncallable'?: 'a process is not called: publish the event that starts it, and wait for an event that it publishes';
}

/** The definition of a business process. */
export interface Process<N extends string, T extends ProcessTypes> extends AnyProcess {
  readonly name: N;
  readonly '~': T;
  /** Whether `error` is a failure of this process: a declared one, or `'Other'`. */
  failed(error: unknown): error is ProcessFailures<N, T['errors']>;
}

type ProcessFailures<N extends string, E> =
  | { [T in keyof E & string]: ProcessFailed<N, T, Frozen<Received<E[T]>>> }[keyof E & string]
  | ProcessFailed<N, 'Other', OtherFailure>;

/** The data of a failure that a process does not declare. `data` is that of `ctx.fail`. */
export interface OtherFailure {
  readonly reason: string;
  readonly data?: Json;
}

/** The input of a start, as a writer passes it: fields with a default may be missing. */
export type StartOf<P extends AnyProcess> = Frozen<Sent<P['~']['start']>>;
/** The result of a completed process. */
export type ResultOf<P extends AnyProcess> = P['~']['result'];
/** The view that a query returns; null for a process that declares no view. */
export type ViewOf<P extends AnyProcess> = [P['~']['view']] extends [never] ? null : Frozen<Received<P['~']['view']>>;
/** The types of the events that a process receives. */
export type EventsOf<P extends AnyProcess> = P['~']['events'];

/** The run-time contract behind `'~'` of a process. */
export function processContract(process: AnyProcess): ProcessContract {
  return process['~'] as unknown as ProcessContract;
}
