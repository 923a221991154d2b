import { countBooking } from './booking-counts.ts';
import type { Counted } from './cost-page.ts';
import { BATCH } from './counted-world.ts';
import { countPart, PARTS } from './part-counts.ts';
import { countStep } from './step-counts.ts';

/** Counts the four kinds of traffic of docs/cost.md, a step, and one use of each part. The counts are deterministic. */
export const countCosts = async (): Promise<Counted> => ({
  oneByOne: await countBooking(1, false),
  tens: await countBooking(BATCH, false),
  oneByOneCold: await countBooking(1, true),
  tensCold: await countBooking(BATCH, true),
  step: await countStep(),
  parts: await countParts(),
});

const countParts = async (): Promise<Counted['parts']> => {
  const parts: Counted['parts'][number][] = [];
  for (const [name, { use }] of Object.entries(PARTS)) parts.push({ use, counts: await countPart(name) });
  // The ring of the last 64 signals is full.
  return [
    ...parts,
    { use: 'an event by id of an instance that has received many', counts: await countPart('wait', { few: 70, many: 74 }) },
  ];
};
