import { commandContract, type AnyCommand, type InputOf } from '../contract/command.ts';
import { milliseconds, type Duration } from '../contract/duration.ts';
import { eventContract, type AnyEvent } from '../contract/event.ts';
import { instantOf } from '../contract/instant.ts';
import type { Frozen } from '../contract/frozen-type.ts';
import type { CommandContract } from '../contract/runtime-contract.ts';
import type { Json, Sent } from '../contract/schema.ts';

/** What a handler of a decider wants done, beside its next state. `P`: the event that it publishes. */
export interface Action<P extends string = never> {
  readonly '~action': P;
}

/** What an action holds at run time, behind `'~action'`. */
export type ActionParts =
  | { readonly kind: 'send'; readonly command: CommandContract; readonly input: unknown }
  | { readonly kind: 'publish'; readonly event: string; readonly data: unknown }
  | { readonly kind: 'end'; readonly result: Json }
  | { readonly kind: 'timer'; readonly name: string; readonly set: 'in' | 'within'; readonly delayMs: number }
  | { readonly kind: 'timer'; readonly name: string; readonly set: 'at'; readonly instant: number }
  | { readonly kind: 'timer'; readonly name: string; readonly set: 'clear' };

const action = (parts: ActionParts): Action => ({ '~action': parts }) as never;

export const actionParts = (of: Action): ActionParts => of['~action'];

/** A named timer of a decider; an instance has at most one of each name. */
export interface Timer {
  readonly '~timer': string;
  /** Sets it, or moves it. */
  in(delay: Duration): Action;
  /** Sets it unless it is set. */
  within(delay: Duration): Action;
  /** Sets it, or moves it, to an instant. One in the past fires at once. */
  at(instant: string | Date): Action;
  /** Drops it, if it is set. */
  clear(): Action;
}

/**
 * Names a timer of a decider, to be set by actions and heard with `.on`.
 * @example import { timer } from 'tutti'; const reminder = timer('reminder');
 */
export const timer = (name: string): Timer =>
  Object.freeze({
    '~timer': name,
    in: (delay: Duration) => action({ kind: 'timer', name, set: 'in', delayMs: milliseconds(delay) }),
    within: (delay: Duration) => action({ kind: 'timer', name, set: 'within', delayMs: milliseconds(delay) }),
    at: (instant: string | Date) => action({ kind: 'timer', name, set: 'at', instant: instantOf(instant) }),
    clear: () => action({ kind: 'timer', name, set: 'clear' }),
  });

/** A command whose answer comes to `.on(command, …)`, where there is such a handler. */
export const send = <C extends AnyCommand>(command: C, input: InputOf<C>): Action =>
  action({ kind: 'send', command: commandContract(command), input });

/** An event for the bus, one that the decider says it publishes. */
export const publish = <E extends AnyEvent>(event: E, data: Frozen<Sent<E['~data']>>): Action<E['type']> =>
  action({ kind: 'publish', event: eventContract(event).type, data });

/** The instance ends, with this result. */
export const end = (result: Json = null): Action => action({ kind: 'end', result });
