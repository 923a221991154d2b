import { ContractError } from './errors.ts';

/** The last instant whose year has four digits in ISO 8601. Later instants count as this one. */
export const INSTANT_MAX = Date.UTC(9999, 11, 31, 23, 59, 59, 999);

const FORM = /^(\d{4}-\d{2}-\d{2})T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:\d{2})$/;

/**
 * Milliseconds since the epoch of an ISO 8601 instant with an offset, or of a `Date`. A text without an offset is refused: it depends on the
 * time zone of the machine, so two machines would decide differently.
 */
export function instantOf(instant: string | Date): number {
  const at = typeof instant === 'string' ? parsed(instant) : instant instanceof Date ? instant.getTime() : Number.NaN;
  if (!Number.isNaN(at)) return Math.min(at, INSTANT_MAX);
  const got = typeof instant === 'string' ? `"${instant}"` : String(instant);
  throw new ContractError(
    'DATA_INVALID',
    `The instant ${got} is invalid: expected ISO 8601 with an offset, such as 2026-12-24T08:00:00Z or 2026-12-24T08:00:00+01:00, or a Date.`,
  );
}

/** Checks the day first, because `Date.parse` reads the 30th of February as the 2nd of March. */
function parsed(text: string): number {
  const day = FORM.exec(text)?.[1];
  return day !== undefined && isDay(day) ? Date.parse(text) : Number.NaN;
}

function isDay(day: string): boolean {
  const at = Date.parse(`${day}T00:00:00Z`);
  return !Number.isNaN(at) && new Date(at).toISOString().startsWith(day);
}
