import assert from 'node:assert/strict';
import { commandContract, type AnyCommand, type FailureOf } from '../contract/command.ts';
import { milliseconds, type Duration } from '../contract/duration.ts';
import { isCommandFailed, isFailure, type Cancelled, type ProcessFailed } from '../contract/errors.ts';
import { failureToJson } from '../contract/wire/failure-json.ts';
import type { AnyProcess, ResultOf } from '../contract/process-contract.ts';
import { eventContract, type AnyEvent } from '../contract/event.ts';
import { type Frozen, type Json, type Sent, parse } from '../contract/schema.ts';
import type { CommandContract, EventContract } from '../contract/runtime-contract.ts';

/** An input of an instance under test: an event, a reply, time that passed, or a cancellation. */
export interface Fact {
  readonly '~fact': true;
}

/** The run-time members of a fact, behind `'~fact'`. */
export type FactParts =
  | { readonly kind: 'happened'; readonly event: EventContract; readonly data: Json }
  | {
      readonly kind: 'answered';
      readonly command: CommandContract;
      readonly outcome: 'completed' | 'failed';
      readonly data: Json;
      readonly nth: number | undefined;
    }
  | {
      readonly kind: 'ended';
      readonly process: string;
      readonly outcome: 'completed' | 'failed' | 'cancelled';
      readonly data: Json;
      readonly nth: number | undefined;
    }
  | { readonly kind: 'silent'; readonly command: CommandContract }
  | { readonly kind: 'passed'; readonly durationMs: number }
  | { readonly kind: 'cancel-requested'; readonly reason: string };

function fact(parts: FactParts): Fact {
  return Object.freeze({ '~fact': parts }) as never;
}

export function factParts(of: Fact): FactParts {
  return of['~fact'] as unknown as FactParts;
}

/** An event arrived: it starts the instance, or signals it. */
export function happened<E extends AnyEvent>(event: E, data: Frozen<Sent<E['~data']>>): Fact {
  const contract = eventContract(event);
  return fact({ kind: 'happened', event: contract, data: parse(contract.data, data, `${contract.type} happened with`) });
}

/**
 * A command got a reply, with its output or one of its declared errors. Without `nth` it is the oldest open command of this name, with `nth`
 * the n-th call, counted from 1. Pass an undo command by its own name.
 */
export function answered<C extends AnyCommand>(
  command: C,
  answer: Frozen<Sent<C['~']['output']>> | FailureOf<C>,
  options: { readonly nth?: number } = {},
): Fact {
  const contract = commandContract(command);
  const { nth } = options;
  assert(
    nth === undefined || (Number.isInteger(nth) && nth >= 1),
    `answered(${contract.name}) received nth ${nth}: expected a whole number of 1 or more.`,
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
  assert(of === contract.name, `answered(${contract.name}) received a failure of ${of}: expected one of ${contract.name}.errors.`);
  return fact({ kind: 'answered', command: contract, outcome: 'failed', data: { type, message, data }, nth });
}

/**
 * A child ended, with its result, or with a failure such as `new ProcessFailed({ process: 'book-hotel', type: 'NoRoom', data })`. Without
 * `nth` it is the oldest open child of this process, with `nth` the n-th of those that are open, counted from 1.
 */
export function ended<P extends AnyProcess>(
  process: P,
  end: ResultOf<P> | ProcessFailed | Cancelled,
  options: { readonly nth?: number } = {},
): Fact {
  const { nth } = options;
  const failure: unknown = end;
  if (!isFailure(failure)) return fact({ kind: 'ended', process: process.name, outcome: 'completed', data: (end ?? null) as Json, nth });
  const outcome = failure.code === 'CANCELLED' ? 'cancelled' : 'failed';
  return fact({ kind: 'ended', process: process.name, outcome, data: failureToJson(failure), nth });
}

/** A command gets no reply until its retry limit is reached; then its service replies that it had no effect. */
export function silent(command: AnyCommand): Fact {
  return fact({ kind: 'silent', command: commandContract(command) });
}

/** Time passed, and the timers that were due in it fired in order. */
export function passed(duration: Duration): Fact {
  return fact({ kind: 'passed', durationMs: milliseconds(duration) });
}

/** A cancellation of the instance was requested. */
export function cancelRequested(reason: string): Fact {
  return fact({ kind: 'cancel-requested', reason });
}
