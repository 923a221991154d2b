import assert from 'node:assert/strict';
import { commandContract, type AnyCommand, type FailureOf } from '../contract/command.ts';
import { milliseconds, type Duration } from '../contract/duration.ts';
import { isCommandFailed } from '../contract/errors.ts';
import { eventContract, type AnyEvent } from '../contract/event.ts';
import type { Frozen } from '../contract/frozen-type.ts';
import type { CommandContract, EventContract } from '../contract/runtime-contract.ts';
import { parse, type Json, type Sent } from '../contract/schema.ts';

/** What an instance under test is told. */
export interface Fact {
  readonly '~fact': true;
}

/** What a fact holds at run time, behind `'~fact'`. */
export type FactParts =
  | { readonly kind: 'happened'; readonly event: EventContract; readonly data: Json }
  | {
      readonly kind: 'answered';
      readonly command: CommandContract;
      readonly outcome: 'completed' | 'failed';
      readonly data: Json;
      readonly nth: number | undefined;
    }
  | { readonly kind: 'silent'; readonly command: CommandContract }
  | { readonly kind: 'passed'; readonly durationMs: number }
  | { readonly kind: 'cancel-requested'; readonly reason: string };

const fact = (parts: FactParts): Fact => Object.freeze({ '~fact': parts }) as never;

export const factParts = (of: Fact): FactParts => of['~fact'] as unknown as FactParts;

/** An event came: it starts the instance, or reaches it. */
export const happened = <E extends AnyEvent>(event: E, data: Frozen<Sent<E['~data']>>): Fact => {
  const contract = eventContract(event);
  return fact({ kind: 'happened', event: contract, data: parse(contract.data, data, `${contract.type} happened with`) });
};

/**
 * A command was answered, with its output or one of its declared errors: the oldest that is open, or with `nth` the one
 * that was called as number so many, from 1. A command that undoes is answered by its own name.
 */
export const answered = <C extends AnyCommand>(
  command: C,
  answer: Frozen<Sent<C['~']['output']>> | FailureOf<C>,
  options: { readonly nth?: number } = {},
): Fact => {
  const contract = commandContract(command);
  const { nth } = options;
  assert(
    nth === undefined || (Number.isInteger(nth) && nth >= 1),
    `answered(${contract.name}) was given nth ${nth}: expected a whole number from 1.`,
  );
  const failure: unknown = answer;
  if (!isCommandFailed(failure))
    return fact({
      kind: 'answered',
      command: contract,
      outcome: 'completed',
      data: parse(contract.output, answer, `${contract.name} answered with`),
      nth,
    });
  const { command: of, type, message, data } = failure;
  assert(of === contract.name, `answered(${contract.name}) was given a failure of ${of}: expected one of ${contract.name}.errors.`);
  return fact({ kind: 'answered', command: contract, outcome: 'failed', data: { type, message, data }, nth });
};

/** Nobody answers a command until its retry limit is reached; then its service says that nothing has happened. */
export const silent = (command: AnyCommand): Fact => fact({ kind: 'silent', command: commandContract(command) });

/** Time passed; what fell due in it fired, in order. */
export const passed = (duration: Duration): Fact => fact({ kind: 'passed', durationMs: milliseconds(duration) });

/** Somebody asked for the instance to be cancelled. */
export const cancelRequested = (reason: string): Fact => fact({ kind: 'cancel-requested', reason });
