import assert from 'node:assert/strict';
import { canonical } from '../contract/wire/json.ts';
import { commandContract, type AnyCommand, type InputOf } from '../contract/command.ts';
import { milliseconds, type Duration } from '../contract/duration.ts';
import { isFailure, type Failure } from '../contract/errors.ts';
import { processContract, type AnyProcess, type StartOf } from '../contract/process-contract.ts';
import { startSchema } from '../core/children.ts';
import { eventContract, type AnswerOf, type AnyEvent, type Question } from '../contract/event.ts';
import { type Frozen, type Json, type Schema, type Sent, parse } from '../contract/schema.ts';
import { durationText, describeFailure, type Consequence } from './consequence.ts';

/** An expected consequence of the facts. */
export interface Expectation {
  readonly '~expectation': true;
}

/** The run-time members of an expectation, behind `'~expectation'`. */
export interface ExpectationParts {
  /** The expectation in the form that the test wrote. */
  readonly text: string;
  readonly matches: (consequence: Consequence) => boolean;
  /** Set by `nothing()`, which matches no consequence. */
  readonly none?: true;
}

function expectation(parts: ExpectationParts): Expectation {
  return Object.freeze({ '~expectation': parts }) as never;
}

export function expectationParts(of: Expectation): ExpectationParts {
  return of['~expectation'] as unknown as ExpectationParts;
}

/** The process calls or sends this command, with this input or any. A retry with a new number is a separate call. */
export function calls<C extends AnyCommand>(command: C, input?: InputOf<C>): Expectation {
  const { name, input: schema } = commandContract(command);
  const data = input === undefined ? undefined : parse(schema, input, `calls(${name}) expects`);
  return expectation({
    text: data === undefined ? `calls(${name})` : `calls(${name}, ${JSON.stringify(data)})`,
    matches: (got) => got.kind === 'calls' && got.command === name && isOrAny(data, got.input),
  });
}

/** The process starts a child, with this input or any. */
export function starts<P extends AnyProcess>(process: P, input?: StartOf<P>): Expectation {
  const data = input === undefined ? undefined : parse(startSchema(processContract(process)), input, `starts(${process.name}) expects`);
  return expectation({
    text: data === undefined ? `starts(${process.name})` : `starts(${process.name}, ${JSON.stringify(data)})`,
    matches: (got) => got.kind === 'starts' && got.process === process.name && isOrAny(data, got.input),
  });
}

/** The process undoes this command, by the undo that its contract declares. */
export function undoes(command: AnyCommand): Expectation {
  const { name } = commandContract(command);
  return expectation({ text: `undoes(${name})`, matches: (got) => got.kind === 'undoes' && got.command === name });
}

/** The process publishes this event, with this data or any. */
export function publishes<E extends AnyEvent>(event: E, data?: Frozen<Sent<E['~data']>>): Expectation {
  const { type, data: schema } = eventContract(event);
  const parsed = data === undefined ? undefined : parse(schema, data, `publishes(${type}) expects`);
  return expectation({
    text: parsed === undefined ? `publishes(${type})` : `publishes(${type}, ${JSON.stringify(parsed)})`,
    matches: (got) => got.kind === 'publishes' && got.event === type && isOrAny(parsed, got.data),
  });
}

/** The process answers this event, with this value or any. */
export function answers<E extends AnyEvent>(event: Question<E>, value?: Frozen<Sent<AnswerOf<E>>>): Expectation {
  const { type, answer } = eventContract(event as E);
  const parsed = value === undefined ? undefined : parse(answer as Schema, value, `answers(${type}) expects`);
  return expectation({
    text: parsed === undefined ? `answers(${type})` : `answers(${type}, ${JSON.stringify(parsed)})`,
    matches: (got) => got.kind === 'answers' && got.event === type && isOrAny(parsed, got.value),
  });
}

/** The process starts to wait for this event. A `waitFor` that takes an unread event does not wait. */
export function waits(event: AnyEvent): Expectation {
  const { type } = eventContract(event);
  return expectation({ text: `waits(${type})`, matches: (got) => got.kind === 'waits' && got.event === type });
}

/** The process starts to sleep for this duration, or a decider sets a timer. */
export function sleeps(duration: Duration): Expectation {
  const durationMs = milliseconds(duration);
  return expectation({
    text: `sleeps(${durationText(durationMs)})`,
    matches: (got) => got.kind === 'sleeps' && got.durationMs === durationMs,
  });
}

/** The process completes, with this result or any. */
export function completes(result?: Json): Expectation {
  return expectation({
    text: result === undefined ? 'completes()' : `completes(${JSON.stringify(result)})`,
    matches: (got) => got.kind === 'completes' && isOrAny(result, got.result),
  });
}

/** The run ends by `ctx.continueAsNew`, and the next one begins with this input or any. The decisions of that run follow. */
export function continues(input?: Json): Expectation {
  return expectation({
    text: input === undefined ? 'continues()' : `continues(${JSON.stringify(input)})`,
    matches: (got) => got.kind === 'continues' && isOrAny(input, got.input),
  });
}

/** The process fails or is cancelled, with this failure or any. Messages are not compared. */
export function fails(failure?: unknown): Expectation {
  if (failure === undefined) return expectation({ text: 'fails()', matches: (got) => got.kind === 'fails' });
  assert(isFailure(failure), 'fails() received a value that is not a failure: expected one such as command.errors.Name({ … }).');
  return expectation({
    text: `fails(${describeFailure(failure)})`,
    matches: (got) => got.kind === 'fails' && sameFailure(failure, got.failure),
  });
}

/** The instance gets stuck, for this reason. */
export function isStuck(code: string): Expectation {
  return expectation({ text: `isStuck('${code}')`, matches: (got) => got.kind === 'isStuck' && got.code === code });
}

/** The process decides nothing that is visible outside. */
export function nothing(): Expectation {
  return expectation({ text: 'nothing()', matches: () => false, none: true });
}

function isOrAny(wanted: Json | undefined, got: Json): boolean {
  return wanted === undefined || canonical(wanted) === canonical(got);
}

function sameFailure(wanted: Failure, got: Failure): boolean {
  return describeFailure(wanted) === describeFailure(got) && canonical(dataOf(wanted)) === canonical(dataOf(got));
}

function dataOf(failure: Failure): Json {
  return 'data' in failure ? failure.data : null;
}
