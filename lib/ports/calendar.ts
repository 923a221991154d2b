import type { CalendarRule } from '../contract/calendar.ts';

/** The calendar of the host, which knows time zones. The kernel receives instants only. Adapter: `lib/adapters/system/calendar.ts`. */
export interface Calendar {
  /**
   * The first instant of the rule after `after`, in milliseconds since the epoch. Rejects with `CONTRACT_INVALID` if the rule is not valid,
   * or has no later instant.
   */
  next(rule: CalendarRule, after: number): Promise<number>;
}
