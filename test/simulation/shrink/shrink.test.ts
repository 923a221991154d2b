import { describe, expect, test } from 'vitest';
import { Choices } from '../world/choices.ts';
import { shrink, type StillFails } from './shrink.ts';

/** A world that only draws: returns its choices if the predicate holds for them. */
const failsWhere =
  (predicate: (choices: readonly number[]) => boolean): StillFails =>
  async (choices) =>
    predicate(choices) ? choices : undefined;

/** A booking is lost if it is delayed twice and its worker dies afterwards. */
const smallWorld = (choices: Choices): { readonly trace: readonly string[]; readonly lost: boolean } => {
  const trace: string[] = [];
  let lost = false;
  for (let booking = 0, count = 1 + choices.below(20); booking < count; booking += 1) {
    const steps = 1 + choices.below(8);
    let delays = 0;
    for (let step = 0; step < steps; step += 1) {
      const delayMs = choices.chance(0.3) ? 1 + choices.below(1_000) : 0;
      if (delayMs > 0) delays += 1;
      trace.push(`booking ${booking} step ${step} after ${delayMs} ms`);
      if (delays >= 2 && delayMs > 100 && choices.chance(0.5)) lost = true;
    }
  }
  return { trace, lost };
};

const lostIn: StillFails = async (given) => {
  const choices = Choices.recorded(given);
  return smallWorld(choices).lost ? choices.taken : undefined;
};

const recordedSeed = (seed: number): readonly number[] => {
  const choices = Choices.seeded(seed);
  return smallWorld(choices).lost ? choices.taken : [];
};

describe('shrinking', () => {
  test('leaves only the choice that matters, as low as it may be', async () => {
    const failing = Array.from({ length: 300 }, (_, i) => (i * 7_919) % 90);
    const { choices, minimal } = await shrink(
      failing,
      failsWhere((each) => each.some((value) => value >= 42)),
    );
    expect(choices).toEqual([42]);
    expect(minimal).toBe(true);
  });

  test('keeps choices that only together make it fail', async () => {
    const failing = Array.from({ length: 120 }, (_, i) => 1 + (i % 9));
    const { choices } = await shrink(
      failing,
      failsWhere((each) => each.filter((value) => value === 5).length >= 3),
    );
    expect(choices).toEqual([5, 5, 5]);
  });

  test('finds the one booking of a small world that matters, in each of many seeds', async () => {
    const failing = Array.from({ length: 60 }, (_, seed) => recordedSeed(seed)).filter((choices) => choices.length > 0);
    expect(failing.length).toBeGreaterThan(20);
    for (const choices of failing) {
      const shrunk = await shrink(choices, lostIn);
      const { trace, lost } = smallWorld(Choices.recorded(shrunk.choices));
      expect(lost).toBe(true);
      expect(trace).toEqual(['booking 0 step 0 after 1 ms', 'booking 0 step 1 after 101 ms']);
    }
  });

  test('keeps the choices that the world has taken, so that unused ones disappear at once', async () => {
    const { choices, tries } = await shrink([3, ...Array.from({ length: 500 }, () => 1)], async ([first = 0]) =>
      first > 0 ? [first] : undefined,
    );
    expect(choices).toEqual([1]);
    expect(tries).toBeLessThan(10);
  });

  test('ends when its tries are spent, with the best result so far, which it does not call minimal', async () => {
    const failing = Array.from({ length: 300 }, () => 9);
    const seen: number[] = [];
    const shrunk = await shrink(
      failing,
      failsWhere((each) => each.filter((value) => value > 3).length > 200),
      {
        triesMax: 25,
        onProgress: ({ harmful }) => seen.push(harmful),
      },
    );
    expect(shrunk).toMatchObject({ tries: 25, minimal: false });
    expect(shrunk.choices.length).toBeLessThan(300);
    expect(seen).toHaveLength(25);
  });

  test('tries the same candidates in the same order every time', async () => {
    const traced = async (): Promise<string[]> => {
      const tried: string[] = [];
      await shrink(recordedSeed(2), async (choices) => {
        tried.push(choices.join());
        return lostIn(choices);
      });
      return tried;
    };
    const once = await traced();
    expect(once.length).toBeGreaterThan(10);
    expect(await traced()).toEqual(once);
  });
});
