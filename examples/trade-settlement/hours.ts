import type { CalendarRule } from 'tutti';

/** The clocks of a market. The zone is part of each rule, so daylight saving time moves none of these times. */
export interface Hours {
  /** The end of a trading day. */
  readonly marketCloses: CalendarRule;
  /** The clearing house settles the trades of the trading day before. It refuses on its holidays. */
  readonly settles: CalendarRule;
  /** The end of the week's books. Later reports are for the back office. */
  readonly booksClose: CalendarRule;
}

export const NEW_YORK: Hours = {
  marketCloses: { cron: '0 16 * * MON-FRI', zone: 'America/New_York' },
  settles: { cron: '30 9 * * MON-FRI', zone: 'America/New_York' },
  booksClose: { cron: '0 17 * * FRI', zone: 'America/New_York' },
};

/** A market for a live run: each phase of a trade ends with the next minute. */
export const EACH_MINUTE: Hours = {
  marketCloses: { cron: '* * * * *', zone: 'America/New_York' },
  settles: { cron: '* * * * *', zone: 'America/New_York' },
  booksClose: { cron: '* * * * *', zone: 'America/New_York' },
};
