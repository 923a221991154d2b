import { countBooking } from './booking-counts.ts';
import type { Counted } from './cost-page.ts';
import { BATCH } from './counted-world.ts';
import { countStep } from './step-counts.ts';

/** Counts the four kinds of traffic of docs/cost.md, and a step. The counts are deterministic. */
export const countCosts = async (): Promise<Counted> => ({
  oneByOne: await countBooking(1, false),
  tens: await countBooking(BATCH, false),
  oneByOneCold: await countBooking(1, true),
  tensCold: await countBooking(BATCH, true),
  step: await countStep(),
});
