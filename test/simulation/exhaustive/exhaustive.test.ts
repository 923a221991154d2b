import { describe, expect, it } from 'vitest';
import { configurations } from './configurations.ts';
import { explore, shortestViolation, trace } from './explore.ts';
import { mutants } from './mutants.ts';

const SEARCH_TIMEOUT_MS = 600_000;
const all = await configurations();

describe('in every schedule of two workers, with one fault at any place or none (none in the largest), nothing is lost, invented or left', () => {
  for (const configuration of all)
    it(`of ${configuration.name}`, { timeout: SEARCH_TIMEOUT_MS }, async () => {
      const options = { faults: configuration.large ? 0 : 1 };
      const { violation, ends, executions } = await explore(configuration, options);
      expect(violation && (await trace(configuration, options, violation)).join('\n')).toBeUndefined();
      expect(ends).toBeGreaterThan(0);
      expect(executions).toBeGreaterThan(ends);
    });
});

describe('with engines that stay warm, in every schedule without a fault, nothing is lost, invented or left', () => {
  for (const configuration of all)
    it(`of ${configuration.name}`, { timeout: SEARCH_TIMEOUT_MS }, async () => {
      const options = { faults: 0, warm: true };
      const { violation, ends } = await explore(configuration, options);
      expect(violation && (await trace(configuration, options, violation)).join('\n')).toBeUndefined();
      expect(ends).toBeGreaterThan(0);
    });
});

describe('a schedule is found that shows an engine that', () => {
  for (const { name: what, mutant, shownBy, faults, warm = false, breaks } of mutants)
    it(`${what}: ${breaks}`, { timeout: SEARCH_TIMEOUT_MS }, async () => {
      const configuration = all.find(({ name }) => name === shownBy)!;
      const options = { faults, warm, mutant };
      const violation = await shortestViolation(configuration, options);
      expect(violation?.what[0]).toMatch(new RegExp(`^${breaks}: `));
      const lines = await trace(configuration, options, violation!);
      expect(lines[0]).toMatch(/^ {2}1 {2}a {2}receives /);
      expect(lines.at(-1)).toBe(`  →  ${violation!.what.at(-1)}`);
      expect((await explore(configuration, { faults, warm })).violation).toBeUndefined();
    });
});
