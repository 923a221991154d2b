import ms from 'ms';
import { usageError } from './usage-error.ts';

/** An instant as a date (`2026-11-21T10:00`) or as how long ago (`30 minutes`, `2h`): milliseconds since the epoch. */
export function instantArgument(text: string, now: number): number {
  const ago = ms(text as ms.StringValue) as number | undefined;
  if (ago !== undefined && Number.isFinite(ago)) return now - ago;
  const instant = Date.parse(text);
  if (Number.isFinite(instant)) return instant;
  throw usageError(
    `${JSON.stringify(text)} is no instant: expected a date such as 2026-11-21T10:00, or how long ago such as 30m.`,
    'Write a date or a duration.',
  );
}
