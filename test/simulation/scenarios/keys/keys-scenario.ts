import { keyPid } from '../../../../lib/contract/keys.ts';
import type { Json } from '../../../../lib/contract/schema.ts';
import { identityOf } from '../../../../lib/core/identity.ts';
import { sha256 } from '../../../../lib/format/inbox-message.ts';
import type { Choices } from '../../world/choices.ts';
import { published, type Act, type Expectation, type Scenario } from '../scenario.ts';
import { ridesBy } from './keys-system.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DRIVERS = ['d-1', 'd-2'] as const;
/** More than the moves of a driver. */
const ALL_MOVES = 50;

/** Two seconds at this time have the moves and the ends of rides of a crowd. */
const CROWD_MS = 40 * MINUTE_MS;

interface Drawing {
  readonly choices: Choices;
  /** The moves come while rides leave. */
  readonly crowd: boolean;
  readonly acts: Act[];
  readonly expectations: Map<string, Expectation>;
}

/**
 * Rides that wait for the moves of their driver, by key: moves before, between and after their subscriptions, and twice; rides that end while
 * a copy is on its way, and begin again. With `deliver: 'first'` each move goes to one ride. The last ride of each driver begins late and
 * stays, so it gets each move that was kept. The auditor follows each move.
 */
export const keysScenario = (choices: Choices): Scenario => {
  const deliver = choices.one(['all', 'first'] as const);
  const drawing: Drawing = { choices, crowd: choices.chance(0.4), acts: [], expectations: new Map() };
  for (const driver of DRIVERS.slice(0, choices.between(1, 2))) {
    for (let count = choices.between(1, 3), i = 1; i <= count; i += 1) shortRide(`${driver}-r${i}`, driver, drawing);
    const last = { ride: `${driver}-last`, driver, wants: ALL_MOVES, hours: 12, legs: false };
    asks(drawing, last, [6 * HOUR_MS]);
    moves(driver, drawing);
  }
  const { acts, expectations } = drawing;
  return { name: 'keys', builds: [ridesBy[deliver]], serve: () => [], acts, expectations };
};

/** A ride for few moves, which may leave, be cancelled, or begin again soon after its end. */
const shortRide = (ride: string, driver: string, drawing: Drawing): void => {
  const { choices, acts, crowd } = drawing;
  const atMs = choices.below(30 * MINUTE_MS);
  const asked = { ride, driver, wants: choices.between(1, 3), hours: 1, legs: choices.chance(0.3) };
  const again = choices.chance(0.3) ? [atMs + HOUR_MS + choices.below(2 * HOUR_MS)] : [];
  const events = choices.chance(crowd ? 0.8 : 0.4) ? [`${ride}-left`] : [];
  for (const id of events)
    acts.push(published('rides.left', id, { ride }, crowd ? CROWD_MS + choices.below(2_000) : atMs + choices.below(90 * MINUTE_MS)));
  const operated = choices.chance(0.1) ? [choices.one(['cancel', 'terminate'] as const)] : [];
  const pid = `default#ride#${ride}`;
  for (const act of operated)
    acts.push({ kind: 'operate', atMs: atMs + choices.below(40 * MINUTE_MS), pid, opid: `${ride}-operated`, act });
  asks(drawing, asked, [atMs, ...again], { events, operated });
};

const asks = (
  { acts, expectations }: Drawing,
  asked: { readonly ride: string } & Record<string, Json>,
  atMs: readonly number[],
  more: Pick<Expectation, 'events' | 'operated'> = { events: [], operated: [] },
): void => {
  const starts = atMs.map((_, i) => `${asked.ride}-asked-${i + 1}`);
  for (const [i, id] of starts.entries()) acts.push(published('rides.asked', id, asked, atMs[i] as number));
  expectations.set(`default#ride#${asked.ride}`, { starts, sound: true, judge: () => [], ...more });
};

/** The moves of a driver, some of them twice, some large. */
const moves = (driver: string, { choices, crowd, acts, expectations }: Drawing): void => {
  const events = Array.from({ length: choices.between(1, 5) }, (_, i) => `${driver}-m${i + 1}`);
  for (const move of events) {
    const data = { move, driver, note: 'x'.repeat(choices.one([1, 1, 2_000, 150_000])) };
    const atMs = choices.chance(crowd ? 0.8 : 0.3) ? (crowd ? CROWD_MS : 0) + choices.below(2_000) : choices.below(90 * MINUTE_MS);
    acts.push(published('drivers.moved', move, data, atMs));
    if (choices.chance(0.3)) acts.push(published('drivers.moved', move, data, atMs + choices.below(8 * HOUR_MS)));
  }
  const key = keyPid((of) => identityOf(sha256, of), 'default', { process: 'ride', event: 'drivers.moved', key: driver });
  expectations.set(key, { starts: [], events, endless: true, operated: [], judge: () => [] });
};
