import type { CalendarRule } from '../contract/calendar.ts';
import type { ScheduleSpec } from '../contract/runtime-contract.ts';
import type { Occurrence } from '../contract/schedule.ts';

/** The range of occurrences to compute. */
export interface OccurrenceRange {
  /** None at or before this instant. */
  readonly after: number;
  /** None after this instant. @default no limit */
  readonly until?: number;
  readonly most: number;
  /** With `gap: 'skip'`: also the times that the clocks skip, each with `gap`. @default none of them */
  readonly gaps?: boolean;
}

/** The calendar of the host, which knows time zones. The kernel receives instants only. Adapter: `lib/adapters/system/calendar.ts`. */
export interface Calendar {
  /**
   * The first instant of the rule after `after`, in milliseconds since the epoch. Rejects with `CONTRACT_INVALID` if the rule is not valid,
   * or has no later instant.
   */
  next(rule: CalendarRule, after: number): Promise<number>;
  /** The times of a schedule in a range, by instant and then by nominal time, the earliest `most` of them. Fewer if there are no more. */
  occurrences(spec: Pick<ScheduleSpec, 'cron' | 'zone' | 'gap' | 'fold'>, range: OccurrenceRange): Promise<readonly Occurrence[]>;
  /** The time that the clocks of the zone show at an instant: `2026-11-29T14:03:12.345`. */
  local(zone: string, at: number): Promise<string>;
}
