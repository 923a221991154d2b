import { SIGNALS_MAX, type Image, type RingEntry } from './image.ts';

/** An event that is dated farther ahead than this is postdated: its sender's clock is wrong, or it says what it likes. */
const SKEW_MS = 15 * 60_000;
/** So many postdated events stay in the ring until their time has come. */
const POSTDATED_MAX = 16;

/**
 * The ring of the last events, by which a duplicate is known. The latest time among those that have left it is the floor: an event as old
 * as that may have left it too, and the journal is asked. A postdated event must not raise the floor, or each later event would be older,
 * and each would read the whole journal. So it stays until its time has come; of too many the latest leaves, and until then a postdated
 * event is looked up whenever it comes.
 */
export const rememberSignal = (image: Image, entry: RingEntry, at: number): void => {
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
};

/** Whether an event of this time, received at `at`, may have left the ring. */
export const mayBeForgotten = ({ signalsFloor, clock }: Image, time: number, at: number): boolean =>
  signalsFloor !== undefined && (time <= signalsFloor || isPostdated(time, Math.max(at, clock)));

const isPostdated = (time: number, clock: number): boolean => time > clock + SKEW_MS;
