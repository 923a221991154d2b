import { SIGNALS_MAX, STARTS_MAX, type Image, type RingEntry } from './image.ts';

/** An event that is dated farther ahead is postdated: the clock of its sender is wrong, or the sender chose the time. */
export const SKEW_MS = 15 * 60_000;
/** At most this many postdated events stay in the ring until their time. */
const POSTDATED_MAX = 16;

/**
 * Adds an event to the ring of the last events, by which duplicates are found. The floor is the latest time of the events that have left
 * the ring: an event that is not newer may have left it too, so the engine looks it up in the journal.
 *
 * A postdated event must not raise the floor, because each later event would then read the whole journal. It stays in the ring until its
 * time. Beyond `POSTDATED_MAX`, the latest one leaves without raising the floor, and each postdated event is looked up in the journal.
 */
export function rememberSignal(image: Image, entry: RingEntry, at: number): void {
  const { signals } = image;
  signals.push(entry);
  if (signals.length <= SIGNALS_MAX) return;
  const postdated = signals.filter(({ time }) => isPostdated(time, at));
  const leaves =
    postdated.length > POSTDATED_MAX
      ? postdated.reduce((latest, each) => (each.time > latest.time ? each : latest))
      : (signals.find(({ time }) => !isPostdated(time, at)) as RingEntry);
  signals.splice(signals.indexOf(leaves), 1);
  const floor = isPostdated(leaves.time, at) ? 0 : leaves.time;
  image.signalsFloor = Math.max(image.signalsFloor ?? 0, floor);
}

/** Whether an event of this time, received at `at`, may have left the ring. */
export function mayBeForgotten({ signalsFloor, clock }: Image, time: number, at: number): boolean {
  return signalsFloor !== undefined && (time <= signalsFloor || isPostdated(time, Math.max(at, clock)));
}

function isPostdated(time: number, clock: number): boolean {
  return time > clock + SKEW_MS;
}

/** Why an operation that its instance has not applied is noted: nothing was to change, or the instance refused it. */
export type NotedAs = 'unchanged' | 'refused';

/** No identity has these characters. */
const MARKS: Readonly<Record<NotedAs, string>> = { unchanged: '=', refused: '!' };

/** Notes an operation that was not applied, so that no copy of it is applied either. */
export function note({ starts }: Image, identity: string, as: NotedAs): void {
  remember(starts, identity + MARKS[as]);
}

export function notedAs({ starts }: Image, identity: string): NotedAs | undefined {
  if (starts.includes(identity + MARKS.unchanged)) return 'unchanged';
  return starts.includes(identity + MARKS.refused) ? 'refused' : undefined;
}

/** Adds an id to a ring of the last ids. */
export function remember(ring: string[], id: string): void {
  ring.push(id);
  if (ring.length > STARTS_MAX) ring.shift();
}
