import type { StuckReason } from '../../core/image.ts';
import type { StartInbound } from '../../core/inbound.ts';
import type { EngineOptions } from '../engine-context.ts';

const MINUTE_MS = 60_000;

/**
 * Counts a start for its tenant and the minute in which it is decided. Returns the reason if it is above the limit. Starts of parents, forks and
 * schedules are not counted, because their system sends them; nor is a start that was redriven, or one that has waited for the end of another
 * run, because its refusal would stop all that wait after it. A start that is decided again, after a conflict or a failed write, counts again, so
 * a tenant may begin fewer of the counted instances than the limit, and never more.
 */
export async function startAboveLimit(
  { parking, clock }: Pick<EngineOptions, 'parking' | 'clock'>,
  startsPerMinute: number,
  pid: string,
  { parent, fork, forced, waited }: Pick<StartInbound, 'parent' | 'fork' | 'forced' | 'waited'>,
): Promise<StuckReason | undefined> {
  if (parent || fork || forced || waited) return undefined;
  const tenant = pid.slice(0, pid.indexOf('#'));
  const minute = new Date(Math.floor(clock.now() / MINUTE_MS) * MINUTE_MS).toISOString().slice(0, '2026-11-21T10:00'.length);
  const started = await parking.attempt(`starts/${tenant}/${minute}`, 1);
  if (started <= startsPerMinute) return undefined;
  return {
    code: 'TOO_MANY_STARTS',
    message: `The tenant ${tenant} may begin ${startsPerMinute} instances in a minute: in that of ${minute} this is start ${started}.`,
  };
}
