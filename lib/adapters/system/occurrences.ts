import type { Cron } from 'croner';
import { isElapsed } from '../../contract/schedule.ts';
import type { ScheduleSpec } from '../../contract/runtime-contract.ts';
import type { OccurrenceRange } from '../../ports/calendar.ts';
import type { Occurrence } from '../../contract/schedule.ts';

type Times = Pick<ScheduleSpec, 'cron' | 'zone' | 'gap' | 'fold'>;

const DAY_MS = 86_400_000;

/**
 * The times of a schedule: croner walks the nominal times as if the clocks never changed, and `Intl` finds the instants of each.
 *
 * O1 A nominal time without an instant, in the gap of spring, has the first instant after the gap, or none (`gap`). With `gaps` it is found all
 *    the same, and marked, because a schedule journals it as skipped.
 * O2 A nominal time with two instants, in autumn, has the first, the last or both (`fold`).
 * O3 A minute or an hour with a step or `*` follows the elapsed time: no time in the gap, both times of autumn.
 *
 * `walls` is the expression of croner in UTC. A wall is a nominal time, written as the instant at which a clock in UTC shows it.
 */
export function occurrencesOf(walls: Cron, times: Times, { after, until = Infinity, most, gaps = false }: OccurrenceRange): Occurrence[] {
  const zone = new Zone(times.zone);
  const found: Occurrence[] = [];
  // No instant after `after` has an earlier wall: a change of the clocks within two days is at most one.
  let wall: Date | null = new Date(after + zone.least(after) - 1);
  for (wall = walls.nextRun(wall); wall; wall = walls.nextRun(wall)) {
    for (const each of occurrencesAt(zone, wall.getTime(), times, gaps)) if (each.at > after && each.at <= until) insert(found, each);
    const last = found[most - 1]?.at ?? until;
    // No later wall has an earlier instant.
    if (wall.getTime() > last + DAY_MS || (found.length >= most && wall.getTime() > last + zone.most(last))) break;
  }
  return found.slice(0, most);
}

/** The time that the clocks of the zone show at an instant. */
export function localText(timeZone: string, at: number): string {
  return new Date(at + new Zone(timeZone).offset(at)).toISOString().slice(0, -1);
}

/** By instant, then by nominal time. Nearly all come in order. */
function insert(found: Occurrence[], each: Occurrence): void {
  let i = found.length;
  for (let before = found[i - 1]; before && isAfter(before, each); before = found[i - 1]) i -= 1;
  found.splice(i, 0, each);
}

function isAfter(a: Occurrence, b: Occurrence): boolean {
  return a.at > b.at || (a.at === b.at && a.local > b.local);
}

function occurrencesAt(zone: Zone, wall: number, { cron, gap, fold }: Times, gaps: boolean): Occurrence[] {
  const elapsed = isElapsed(cron);
  const local = new Date(wall).toISOString().slice(0, 16);
  const [first, last] = zone.instantsOf(wall);
  if (first === undefined) {
    if (elapsed || (gap === 'skip' && !gaps)) return [];
    return [{ at: zone.afterGap(wall), local, ...(gap === 'skip' && { gap: true as const }) }];
  }
  if (last === undefined) return [{ at: first, local }];
  const second = `${local}${offsetText(wall - last)}`;
  if (elapsed || fold === 'both')
    return [
      { at: first, local },
      { at: last, local: second },
    ];
  return [{ at: fold === 'last' ? last : first, local }];
}

function offsetText(ms: number): string {
  const minutes = Math.round(Math.abs(ms) / 60_000);
  const two = (value: number): string => String(value).padStart(2, '0');
  return `${ms < 0 ? '-' : '+'}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
}

/** A time zone, by the zone data of Node. */
class Zone {
  readonly #format: Intl.DateTimeFormat;

  constructor(timeZone: string) {
    this.#format = new Intl.DateTimeFormat('en-US', {
      timeZone,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
  }

  /** The difference of its clocks to UTC, in milliseconds. */
  offset(at: number): number {
    const whole = Math.floor(at / 1000) * 1000;
    const shown: Partial<Record<Intl.DateTimeFormatPartTypes, number>> = {};
    for (const { type, value } of this.#format.formatToParts(whole)) shown[type] = Number(value);
    const { year = 0, month = 1, day, hour, minute, second } = shown;
    return Date.UTC(year, month - 1, day, hour, minute, second) - whole;
  }

  /** The smaller of its offsets at the instant and two days later. */
  least(at: number): number {
    return Math.min(this.offset(at), this.offset(at + 2 * DAY_MS));
  }

  /** The largest of its offsets around the instant: no change of the clocks is closer than two days to another. */
  most(at: number): number {
    return Math.max(this.offset(at - DAY_MS), this.offset(at), this.offset(at + 2 * DAY_MS));
  }

  /** The instants at which its clocks show the wall: none, one, or two in order. */
  instantsOf(wall: number): readonly number[] {
    const [before, after] = this.#offsets(wall);
    if (before === after) return [wall - before];
    return [wall - before, wall - after].filter((at) => at + this.offset(at) === wall).sort((a, b) => a - b);
  }

  /** The instant at which the clocks skip the wall, to the millisecond. */
  afterGap(wall: number): number {
    const [before, after] = this.#offsets(wall);
    let [low, high] = [wall - after, wall - before];
    const was = this.offset(low);
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2);
      if (this.offset(middle) === was) low = middle;
      else high = middle;
    }
    return high;
  }

  /** Before and after a change of the clocks near the wall. No offset is a day or more, and two changes are further apart. */
  #offsets(wall: number): readonly [number, number] {
    return [this.offset(wall - DAY_MS), this.offset(wall + DAY_MS)];
  }
}
