import { expect } from 'vitest';
import { Choices } from '../simulation/world/choices.ts';
import { BATCH, inputsOf, ONLY_BATCH, SEED, type Edge } from './plan.ts';
import { Pollution } from './pollution.ts';

/** Feeds one batch to an edge and throws where a property does not hold. Returns how many inputs it fed. */
export type FeedBatch = (choices: Choices) => Promise<number>;

/** The limit of tries to shrink a failure, which bounds the waiting time. */
const SHRINK_TRIES_MAX = 400;

/**
 * Feeds an edge its share of inputs, batch by batch. Each batch has its own seed, so a failing batch can be repeated alone. Its choices
 * are then set to 0, the harmless choice, one part after the other while it still fails. The remaining choices cause the failure.
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
      // oxlint-disable-next-line preserve-caught-error -- the cause is the error of the shrunk batch
      throw new Error(
        `Fuzzing of the ${edge} failed at batch ${batch}; again by FUZZ_SEED=${SEED} FUZZ_BATCH=${batch} npx vitest run test/fuzz -t '${edge}'. ` +
          `Shrunk: ${String(shrunk instanceof Error ? shrunk.message : shrunk).slice(0, 4_000)}`,
        { cause: shrunk },
      );
    }
  }
  expect(fed, `as many inputs were fed to the ${edge} as its share`).toBeGreaterThanOrEqual(wanted);
};

/** The error of the shortest stream of choices that still fails. */
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
