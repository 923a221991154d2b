import assert from 'node:assert/strict';
import type { System } from '../contract/system.ts';
import type { CrashPoint } from './crash-point.ts';
import { simulate } from './simulate.ts';
import type { SimulateOptions, World } from './world.ts';

/** A `result` that waits for sleeps, retries and timeouts needs no option. A process that never ends still fails its test. */
const PATIENCE = '366 days';

/**
 * Runs the scenario once without a crash, and then once for each crash point that it passed, with the worker killed at that point.
 * A `result` of the client lets time pass by itself, at most `patience` in sum (default: a year), and `settle` waits for the recovery from
 * the crash. Throws if the scenario fails, or passes no crash point.
 * @example import { everyCrash } from 'tutti/testing'; await everyCrash(trips, { services }, async world => {…});
 */
export async function everyCrash(
  system: System<string>,
  options: SimulateOptions,
  scenario: (world: World) => Promise<void>,
): Promise<void> {
  const patient: SimulateOptions = { patience: PATIENCE, ...options };
  const passed: CrashPoint[] = [];
  const note = (point: CrashPoint): boolean => {
    passed.push(point);
    return options.crash?.(point) ?? false;
  };
  await scenario(simulate(system, { ...patient, crash: note }));
  assert(passed.length > 0, 'The scenario passed no crash point: expected it to await world.settle(), world.advance() or a result.');
  for (const point of passed) await once(system, patient, scenario, point);
}

async function once(
  system: System<string>,
  options: SimulateOptions,
  scenario: (world: World) => Promise<void>,
  at: CrashPoint,
): Promise<void> {
  let killed = false;
  const crash = (point: CrashPoint): boolean => {
    const here = point.at === at.at && point.count === at.count;
    killed ||= here;
    return here || (options.crash?.(point) ?? false);
  };
  const where = `the crash ${at.at}, time ${at.count}`;
  try {
    await scenario(simulate(system, { ...options, crash }));
  } catch (error) {
    throw disturbed(where, error);
  }
  assert(killed, `The scenario did not reach ${where} again: expected a scenario that depends only on the world.`);
}

/** The failure of the scenario, with the crash point in front. It keeps `actual` and `expected`, which a test runner shows as a diff. */
function disturbed(where: string, error: unknown): assert.AssertionError {
  const { message, actual, expected } = error as { readonly message?: string; readonly actual?: unknown; readonly expected?: unknown };
  const wrapped = new assert.AssertionError({
    message: `After ${where}: ${message ?? String(error)}`,
    actual,
    expected,
    operator: 'everyCrash',
  });
  return Object.assign(wrapped, { cause: error });
}
