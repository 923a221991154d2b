import type { Engine } from '../../lib/engine/engine.ts';

export interface SweepTimersPorts {
  readonly engine: Pick<Engine, 'sweep'>;
}

/** It runs every minute and may be late: what comes due until well after its next run gets its tick now, delayed. */
const AHEAD_MS = 90_000;

/** Sends a tick to every instance that is due. */
export const makeHandler = (ports: () => SweepTimersPorts) => async (): Promise<void> => {
  await ports().engine.sweep(AHEAD_MS);
};
