import type { Image } from '../../../lib/core/image.ts';
import type { Report } from './violations.ts';

/** The earliest wake-up that an image waits for; `Infinity` if there is none. */
export const earliestWakeUp = ({ timers, commands }: Pick<Image, 'timers' | 'commands'>): number => {
  let earliest = Infinity;
  for (const { due } of timers.values()) earliest = Math.min(earliest, due);
  for (const { due } of commands.values()) earliest = Math.min(earliest, due);
  return earliest;
};

/**
 * I11, Invariant T: something wakes the instance no later than its earliest wake-up. A tick in flight for an earlier instant arms the next
 * one when it is handled, so it suffices even if the wake-up is further ahead than a tick may be sent. A due instant always suffices.
 */
export const checkArmed = (image: Image, tickHorizonMs: number, report: Report): void => {
  // A `resume` wakes a stuck or paused instance and arms its timers again.
  if (image.status === 'stuck' || image.paused || image.status === 'early') return;
  const earliest = earliestWakeUp(image);
  if (earliest === Infinity || (image.tickAt ?? Infinity) <= earliest || (image.due ?? Infinity) <= earliest) return;
  const by = earliest - image.clock <= tickHorizonMs ? 'a tick' : 'the due index';
  report(
    'I11',
    `${image.pid} must be woken at ${earliest} by ${by}, but its tick is for ${image.tickAt} and its due instant is ${image.due}`,
  );
};
