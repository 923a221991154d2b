import { commandContract, type AnyCommand, type InputOf } from '../contract/command.ts';
import { milliseconds, type Duration } from '../contract/duration.ts';
import { eventContract, type AnswerOf, type AnyEvent, type Question } from '../contract/event.ts';
import { instantOf } from '../contract/instant.ts';
import type { Frozen, Json, Sent } from '../contract/schema.ts';
import type { CommandContract, EventContract } from '../contract/runtime-contract.ts';

/** An action that a handler of a decider returns beside its next state. `P`: the type of the event that it publishes. */
export interface Action<P extends string = never> {
  readonly '~action': P;
}

/** The content of an action at run time, behind `'~action'`. */
export type ActionParts =
  | { readonly kind: 'send'; readonly command: CommandContract; readonly input: unknown }
  | { readonly kind: 'publish'; readonly event: string; readonly data: unknown }
  | { readonly kind: 'answer'; readonly event: EventContract; readonly value: unknown }
  | { readonly kind: 'end'; readonly result: Json }
  | { readonly kind: 'timer'; readonly name: string; readonly set: 'in' | 'within'; readonly delayMs: number }
  | { readonly kind: 'timer'; readonly name: string; readonly set: 'at'; readonly instant: number }
  | { readonly kind: 'timer'; readonly name: string; readonly set: 'clear' };

function action(parts: ActionParts): Action {
  return { '~action': parts } as never;
}

export function actionParts(of: Action): ActionParts {
  return of['~action'];
}

/** A named timer of a decider; an instance has at most one of each name. */
export interface Timer {
  readonly '~timer': string;
  /** Sets the timer to fire after `delay`, or moves it there. */
  in(delay: Duration): Action;
  /** Sets the timer to fire after `delay`, unless it is already set. */
  within(delay: Duration): Action;
  /** Sets the timer to an instant, or moves it there. An instant in the past fires at once. A string is ISO 8601 with an offset. */
  at(instant: string | Date): Action;
  /** Clears the timer, if it is set. */
  clear(): Action;
}

/**
 * Names a timer of a decider. Actions set it, and `.on(timer, …)` handles it.
 * @example import { timer } from 'tutti'; const reminder = timer('reminder');
 */
export function timer(name: string): Timer {
  return Object.freeze({
    '~timer': name,
    in: (delay: Duration) => action({ kind: 'timer', name, set: 'in', delayMs: milliseconds(delay) }),
    within: (delay: Duration) => action({ kind: 'timer', name, set: 'within', delayMs: milliseconds(delay) }),
    at: (instant: string | Date) => action({ kind: 'timer', name, set: 'at', instant: instantOf(instant) }),
    clear: () => action({ kind: 'timer', name, set: 'clear' }),
  });
}

/** Sends a command. Its reply comes to `.on(command, …)`; without such a handler it is only journaled. */
export function send<C extends AnyCommand>(command: C, input: InputOf<C>): Action {
  return action({ kind: 'send', command: commandContract(command), input });
}

/** Publishes an event on the bus. The decider must list it in `publishes`. */
export function publish<E extends AnyEvent>(event: E, data: Frozen<Sent<E['~data']>>): Action<E['type']> {
  return action({ kind: 'publish', event: eventContract(event).type, data });
}

/**
 * Answers the event that the handler handles: `client.ask` gets the value after it is journaled. To answer another event is a bug, since a
 * decider remembers no question: the instance gets stuck.
 */
export function answer<E extends AnyEvent>(event: Question<E>, value: Frozen<Sent<AnswerOf<E>>>): Action {
  return action({ kind: 'answer', event: eventContract(event as E), value });
}

/** Ends the instance with this result, after all other actions of the handler. @default null */
export function end(result: Json = null): Action {
  return action({ kind: 'end', result });
}
