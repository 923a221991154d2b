import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { losesForwards, mutants } from './mutants.ts';
import { Simulation } from './simulation.ts';

/** A mutant that so many seeds do not betray would not be found in a build either. */
const MUTANT_SEEDS_MAX = 200;
const SEEDS = Number(process.env['TUTTI_SIMULATIONS'] ?? 200);
const LANE_SEEDS = Math.ceil(SEEDS / 2);

// An engine that dies while it decides never takes its listeners for rejections back; here many die in one process.
const listenersMax = process.getMaxListeners();
beforeAll(() => void process.setMaxListeners(0));
afterAll(() => void process.setMaxListeners(listenersMax));

describe('bookings under duplicates, reordering, lost answers, partial failures, stale reads, crashes and frozen workers', () => {
  it(`lose nothing, invent nothing and come to their end, with ${SEEDS} seeds`, async () => {
    for (let seed = 1; seed <= SEEDS; seed += 1) expect(await new Simulation(`faults-${seed}`).run(), `seed faults-${seed}`).toEqual([]);
  }, 120_000);
});

describe('the same with a hot lane', () => {
  it(`loses nothing, invents nothing and comes to its end, with ${LANE_SEEDS} seeds`, async () => {
    let forwards = 0;
    for (let seed = 1; seed <= LANE_SEEDS; seed += 1) {
      const simulation = new Simulation(`lane-${seed}`, {}, { hotLane: true });
      expect(await simulation.run(), `seed lane-${seed}`).toEqual([]);
      forwards += simulation.auditor.forwards;
    }
    expect(forwards).toBeGreaterThan(LANE_SEEDS);
  }, 120_000);

  it('finds an engine that acknowledges what did not reach the lane', async () => {
    const found = async (): Promise<readonly string[]> => {
      for (let seed = 1; seed <= MUTANT_SEEDS_MAX; seed += 1) {
        const violations = await new Simulation(`lane-${seed}`, losesForwards(), { hotLane: true }).run();
        if (violations.length > 0) return violations;
      }
      return [];
    };
    expect(await found()).not.toEqual([]);
  }, 60_000);
});

describe('the auditor', () => {
  it.each(Object.keys(mutants))(
    'finds an engine that %s',
    async (name) => {
      const found = async (): Promise<readonly string[]> => {
        for (let seed = 1; seed <= MUTANT_SEEDS_MAX; seed += 1) {
          const violations = await new Simulation(`faults-${seed}`, mutants[name]?.()).run();
          if (violations.length > 0) return violations;
        }
        return [];
      };
      expect(await found()).not.toEqual([]);
    },
    60_000,
  );
});
