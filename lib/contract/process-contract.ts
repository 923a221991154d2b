import type { ProcessFailed } from './errors.ts';
import type { Frozen } from './frozen-type.ts';
import type { ProcessContract } from './runtime-contract.ts';
import type { Received, Sent } from './schema.ts';

/** What a process is typed by. */
export interface ProcessTypes {
  start: unknown;
  result: unknown;
  errors: object;
  view: unknown;
  events: string;
}

/** A process or decider of any types. */
export interface AnyProcess {
  readonly name: string;
  readonly '~': ProcessTypes;
  /** For the compiler only: what it prints where a process is taken for a command. */
  readonly '~uncallable'?: 'a process is not called: publish the event that starts it, and wait for an event that it publishes';
}

/** The definition of a business process. */
export interface Process<N extends string, T extends ProcessTypes> extends AnyProcess {
  readonly name: N;
  readonly '~': T;
  /** Whether `error` is a failure of this process: one that it declares, or `'Other'`. */
  failed(error: unknown): error is ProcessFailures<N, T['errors']>;
}

type ProcessFailures<N extends string, E> =
  | { [T in keyof E & string]: ProcessFailed<N, T, Frozen<Received<E[T]>>> }[keyof E & string]
  | ProcessFailed<N, 'Other', { readonly reason: string }>;

/** What starts it, as its writer gives it. */
export type StartOf<P extends AnyProcess> = Frozen<Sent<P['~']['start']>>;
/** What it ends with. */
export type ResultOf<P extends AnyProcess> = P['~']['result'];
/** What its queries see; null where it declares no view. */
export type ViewOf<P extends AnyProcess> = [P['~']['view']] extends [never] ? null : Frozen<Received<P['~']['view']>>;
/** The types of the events that it hears. */
export type EventsOf<P extends AnyProcess> = P['~']['events'];

/** What a process holds at run time; its definition puts it behind `'~'`. */
export function processContract(process: AnyProcess): ProcessContract {
  return process['~'] as unknown as ProcessContract;
}
