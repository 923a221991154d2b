import type { JournalEntry } from '../../../../lib/core/journal-entry.ts';
import type { EndedRun } from '../scenario.ts';

type Decided = Extract<JournalEntry, { type: 'TimeDecided' }>;

const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;
/** A schedule that the code lacks ends after a deploy would be over. */
const UNLISTED_MS = 15 * MINUTE_MS;

/** The rules of one schedule: how its times overlap, and at which minutes of each hour they come, if that never changes. */
export interface Timetable {
  readonly overlap: string;
  readonly minutesOfHour?: readonly number[];
}

/**
 * The times of one run of a schedule in UTC: none is decided before it comes, twice, or out of order, none is passed over, no instance begins
 * beside another one unless `allow`, and nothing is decided in a pause. `waiting` is decided once more when it is started or replaced.
 */
export const judgeSchedule = (run: EndedRun, timetable: Timetable): readonly string[] => {
  const judging = new Judging(run.pid, timetable);
  for (const entry of run.entries) judging.entry(entry);
  return judging.wrong;
};

class Judging {
  readonly wrong: string[] = [];
  readonly #pid: string;
  readonly #timetable: Timetable;
  readonly #waiting = new Set<string>();
  readonly #open = new Set<number>();
  #now = 0;
  /** The instant up to which every time is decided. */
  #last = -Infinity;
  #isAsked = false;
  #isPaused = false;
  /** The pause holds from the next fact on: what has come before it is decided. */
  #pauses = false;
  #isTimer = false;
  #isDeleted = false;
  /** Since when timers fire and nothing is decided. */
  #silentSince: number | undefined;
  #decides = false;

  constructor(pid: string, timetable: Timetable) {
    this.#pid = pid;
    this.#timetable = timetable;
  }

  entry(entry: JournalEntry): void {
    if ('at' in entry && entry.type !== 'TimeDecided') this.#fact(entry);
    if (entry.type === 'CommandIssued' && entry.owner !== undefined) this.#open.add(entry.n);
    if (entry.type === 'CommandAnswered') this.#open.delete(entry.n);
    if (entry.type === 'TimeDecided') this.#decided(entry);
    if (entry.type !== 'ProcessCompleted' || this.#isDeleted) return;
    if (this.#silentSince === undefined || this.#now - this.#silentSince < UNLISTED_MS)
      this.wrong.push(`I8: ${this.#pid} ended at ${this.#now}, and a deploy may list it again`);
  }

  #fact(fact: JournalEntry & { readonly at: number }): void {
    if (this.#waiting.size > 0 && this.#open.size === 0)
      this.wrong.push(`I8: ${[...this.#waiting].join()} of ${this.#pid} waits, and no instance runs`);
    if (this.#isTimer) this.#silentSince = this.#decides ? undefined : (this.#silentSince ?? this.#now);
    this.#isPaused = this.#pauses;
    this.#now = fact.at;
    this.#decides = false;
    this.#isTimer = fact.type === 'TimerFired';
    const event = fact.type === 'EventReceived' || fact.type === 'ProcessStarted' ? fact.event : '';
    this.#isAsked = /trigger|backfill/.test(event);
    this.#isDeleted = event.endsWith('delete') || fact.type === 'CancelRequested';
    if (event.endsWith('pause')) this.#pauses = true;
    if (event.endsWith('resume')) [this.#pauses, this.#isPaused] = [false, false];
    if (fact.type === 'ProcessStarted') this.#last = fact.at;
  }

  #decided(entry: Decided): void {
    const { wrong } = this;
    const { overlap } = this.#timetable;
    const where = `${entry.path} of ${this.#pid}`;
    this.#decides = true;
    if (entry.result === 'started' && overlap !== 'allow' && !this.#isAsked && this.#open.size > 0)
      wrong.push(`${where} was started beside another instance`);
    if (entry.at > this.#now) wrong.push(`I11: ${where} was decided at ${this.#now}, before it came`);
    if (this.#waiting.delete(entry.path) || this.#isAsked) {
      if (entry.result === 'waiting') this.#waiting.add(entry.path);
      return;
    }
    if (this.#isPaused) wrong.push(`I8: ${where} was decided in a pause`);
    if (entry.at <= this.#last) wrong.push(`I7: ${where} was decided again, as ${entry.result}, after a later time`);
    const missed = this.#between(this.#last, entry.at);
    if (missed.length > 0) wrong.push(`I6: ${where} was decided, and ${missed.join()} before it was not`);
    this.#last = untilOf(entry);
    if (entry.result === 'waiting') this.#waiting.add(entry.path);
  }

  /** The times after one instant and before another. */
  #between(after: number, before: number): string[] {
    const { minutesOfHour = [] } = this.#timetable;
    const found: string[] = [];
    for (let hour = Math.floor(after / HOUR_MS) * HOUR_MS; hour < before; hour += HOUR_MS)
      for (const minute of minutesOfHour) {
        const at = hour + minute * MINUTE_MS;
        if (at > after && at < before) found.push(new Date(at).toISOString());
      }
    return found;
  }
}

const untilOf = ({ at, until }: Decided): number => (until === undefined ? at : Date.parse(`${until}:00Z`));
