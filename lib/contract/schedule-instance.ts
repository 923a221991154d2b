import { builtInDefinition } from './built-in.ts';
import type { ProcessContract, ScheduleContract, ScheduleSpec } from './runtime-contract.ts';
import type { Json, Schema } from './schema.ts';

/** The process name of the instances of schedules. No process has two hyphens in a row. */
export const SCHEDULES = 'tutti--schedule';

/** The built-in definition of schedules: one instance for each, whose state is a `ScheduleState`. */
export interface ScheduleDefinition extends ProcessContract {
  readonly builtIn: 'schedule';
  /** The schedules that the system lists. */
  readonly schedules: ReadonlyMap<string, ScheduleContract>;
}

/** Accepts every value: only the code of a built-in instance writes it. */
export const ANYTHING = { '~standard': { version: 1, vendor: 'tutti', validate: (value: unknown) => ({ value }) } } as Schema;

/** The definition of the instances of schedules, with those that the system lists. */
export function scheduleDefinition(schedules: ReadonlyMap<string, ScheduleContract>): ScheduleDefinition {
  return { ...builtInDefinition({ name: SCHEDULES, builtIn: 'schedule' }, { view: ANYTHING }), builtIn: 'schedule', schedules };
}

/** The event that begins a schedule, or changes its times. */
export const SCHEDULE_DEFINED = 'tutti.schedule-define';

/** The id of that event for a schedule that the code of the system lists. */
export function listedId(hash: string): string {
  return `listed:${hash}`;
}

/** First 16 hex digits of the SHA-256 of the canonical spec. */
export function specHash(hash: (text: string) => string, canonical: (data: Json) => string, spec: ScheduleSpec): string {
  return hash(canonical(spec as unknown as Json)).slice(0, 16);
}

/** The id of the instance that a time of a schedule starts. An id of an instance has no `/` and no brackets. */
export function occurrenceId(name: string, local: string, zone: string): string {
  return `${name}@${local}~${zone.replaceAll('/', '.')}`;
}
