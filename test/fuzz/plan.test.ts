import { expect, test } from 'vitest';
import { BATCH, INPUTS_DEFAULT, inputsOf, ONLY_BATCH, SEED, SHARES, type Edge } from './plan.ts';

test(`the edges share 50,000 inputs, from the seed ${SEED}`, () => {
  expect(Object.values(SHARES).reduce((sum, share) => sum + share, 0)).toBe(50_000);
  expect(INPUTS_DEFAULT).toBe(50_000);
  for (const [edge, share] of Object.entries(SHARES))
    expect(share % BATCH, `the share of the ${edge} is a whole number of batches`).toBe(0);
});

test('a run feeds at least the requested number of inputs', () => {
  const all = (Object.keys(SHARES) as Edge[]).reduce((sum, edge) => sum + inputsOf(edge), 0);
  expect(all).toBeGreaterThanOrEqual(Number(process.env['FUZZ_INPUTS'] || INPUTS_DEFAULT));
  if (process.env['CI']) expect(ONLY_BATCH, 'only a search for a failure feeds one batch alone').toBeUndefined();
});
