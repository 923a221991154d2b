import type { Failure } from '../contract/errors.ts';
import type { Json } from '../contract/schema.ts';

/** One consequence of the given facts, named as the expectations name it. */
export type Consequence =
  | { readonly kind: 'calls'; readonly command: string; readonly input: Json }
  | { readonly kind: 'undoes'; readonly command: string }
  /** A child begins. `id`: of its instance. */
  | { readonly kind: 'starts'; readonly process: string; readonly id: string; readonly input: Json }
  | { readonly kind: 'publishes'; readonly event: string; readonly data: Json }
  | { readonly kind: 'answers'; readonly event: string; readonly value: Json }
  | { readonly kind: 'waits'; readonly event: string }
  | { readonly kind: 'sleeps'; readonly durationMs: number }
  | { readonly kind: 'completes'; readonly result: Json }
  | { readonly kind: 'continues'; readonly input: Json }
  /** The process failed, or was cancelled, with this failure. */
  | { readonly kind: 'fails'; readonly failure: Failure }
  | { readonly kind: 'isStuck'; readonly code: string; readonly message: string };

/** The consequence in the form that a test writes. */
export function consequenceText(consequence: Consequence): string {
  switch (consequence.kind) {
    case 'calls':
      return `calls(${consequence.command}, ${JSON.stringify(consequence.input)})`;
    case 'starts':
      return `starts(${consequence.process}, ${JSON.stringify(consequence.input)})`;
    case 'undoes':
      return `undoes(${consequence.command})`;
    case 'publishes':
      return `publishes(${consequence.event}, ${JSON.stringify(consequence.data)})`;
    case 'answers':
      return `answers(${consequence.event}, ${JSON.stringify(consequence.value)})`;
    case 'waits':
      return `waits(${consequence.event})`;
    case 'sleeps':
      return `sleeps(${durationText(consequence.durationMs)})`;
    case 'continues':
      return `continues(${JSON.stringify(consequence.input)})`;
    case 'completes':
      return `completes(${JSON.stringify(consequence.result)})`;
    case 'fails':
      return `fails(${describeFailure(consequence.failure)})`;
    case 'isStuck':
      return `isStuck('${consequence.code}') because ${consequence.message}`;
  }
}

export function describeFailure(failure: Failure): string {
  switch (failure.code) {
    case 'COMMAND_FAILED':
      return `${failure.command}.errors.${failure.type}(${JSON.stringify(failure.data)})`;
    case 'PROCESS_FAILED':
      return `${failure.process}: ${failure.type} ${JSON.stringify(failure.data)}`;
    case 'COMMAND_EXHAUSTED':
      return `${failure.command} exhausted, ${failure.outcome}`;
    case 'CANCELLED':
      return `cancelled, ${failure.reason}`;
  }
}

const UNITS = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
] as const;

/** The duration in the largest unit that divides it. */
export function durationText(durationMs: number): string {
  const [unit, length] = UNITS.find(([, ms]) => durationMs >= ms && durationMs % ms === 0) ?? (['second', 1000] as const);
  const count = durationMs / length;
  return `'${count} ${unit}${count === 1 ? '' : 's'}'`;
}
