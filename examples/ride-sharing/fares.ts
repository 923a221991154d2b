import type { Place } from './contracts.ts';

// Prices in cents. A process calls these functions, so they are pure.
const BASE = 300;
const PER_KILOMETRE = 120;
const CANCELLED_LATE = 500;
const FREE_MS = 2 * 60_000;

/** On a street grid. Sums of floating-point numbers are equal on each machine, a square root may not be. */
export const kilometresBetween = (a: Place, b: Place): number => Math.abs(a.x - b.x) + Math.abs(a.y - b.y);

export const fareFor = (kilometres: number): number => BASE + Math.round(kilometres * PER_KILOMETRE);

/** To cancel is free until two minutes after a driver has accepted. */
export const cancellationFee = (acceptedAt: Date, now: Date): number =>
  now.getTime() - acceptedAt.getTime() <= FREE_MS ? 0 : CANCELLED_LATE;
