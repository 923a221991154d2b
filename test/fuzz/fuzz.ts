import { expect } from 'vitest';
import { Choices } from '../simulation/world/choices.ts';
import { BATCH, inputsOf, ONLY_BATCH, SEED, type Edge } from './plan.ts';
import { Pollution } from './pollution.ts';

/** Feeds one batch to an edge and throws where a property does not hold. Returns how many inputs it fed. */
export type FeedBatch = (choices: Choices) => Promise<number>;

/** As many tries as make a failure short without making its finder wait. */
const SHRINK_TRIES_MAX = 400;

/**
 * Feeds an edge its share of inputs, batch by batch. Each batch has a seed of its own, so one that fails is fed again alone; its choices
 * are then zeroed piece by piece while it still fails, because 0 is the harmless choice: what is left is what it takes.
 */
export const fuzz = async (edge: Edge, feed: FeedBatch): Promise<void> => {
  const wanted = ONLY_BATCH === undefined ? inputsOf(edge) : BATCH;
  const pollution = new Pollution();
  let fed = 0;
  for (let batch = ONLY_BATCH ?? 0; fed < wanted; batch += 1) {
    const choices = Choices.seeded(`${SEED}/${edge}/${batch}`);
    try {
      fed += await feed(choices);
      pollution.check();
    } catch (error) {
      const shrunk = await shrink(feed, choices.taken, error);
      // oxlint-disable-next-line preserve-caught-error -- the cause is what the shrunk batch fails with
      throw new Error(
        `Fuzzing of the ${edge} failed at batch ${batch}; again by FUZZ_SEED=${SEED} FUZZ_BATCH=${batch} npx vitest run test/fuzz -t '${edge}'. ` +
          `Shrunk: ${String(shrunk instanceof Error ? shrunk.message : shrunk).slice(0, 4_000)}`,
        { cause: shrunk },
      );
    }
  }
  expect(fed, `as many inputs were fed to the ${edge} as its share`).toBeGreaterThanOrEqual(wanted);
};

/** What the shortest stream of choices fails with that still fails. */
const shrink = async (feed: FeedBatch, taken: readonly number[], first: unknown): Promise<unknown> => {
  let best = taken;
  let failure = first;
  let tries = 0;
  const fails = async (candidate: readonly number[]): Promise<boolean> => {
    tries += 1;
    try {
      await feed(Choices.recorded(candidate));
      return false;
    } catch (error) {
      best = candidate;
      failure = error;
      return true;
    }
  };
  for (let size = Math.ceil(best.length / 2); size >= 1 && tries < SHRINK_TRIES_MAX; size = size === 1 ? 0 : Math.ceil(size / 2))
    for (let from = 0; from < best.length && tries < SHRINK_TRIES_MAX; from += size) {
      if (best.slice(from, from + size).every((choice) => choice === 0)) continue;
      await fails(best.map((choice, at) => (at >= from && at < from + size ? 0 : choice)));
    }
  return failure;
};
