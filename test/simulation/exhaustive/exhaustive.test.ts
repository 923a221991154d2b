import { describe, expect, test } from 'vitest';
import { configurations } from './configurations.ts';
import { explore, shortestViolation, trace } from './explore.ts';
import { mutants } from './mutants.ts';

const SEARCH_TIMEOUT_MS = 600_000;
const all = await configurations();

describe('every schedule of two workers keeps the invariants, with at most one fault (none in the largest cases)', () => {
  for (const configuration of all)
    test(`no schedule of ${configuration.name} breaks an invariant`, { timeout: SEARCH_TIMEOUT_MS }, async () => {
      const options = { faults: configuration.large ? 0 : 1 };
      const { violation, ends, executions } = await explore(configuration, options);
      expect(violation && (await trace(configuration, options, violation)).join('\n')).toBeUndefined();
      expect(ends).toBeGreaterThan(0);
      expect(executions).toBeGreaterThan(ends);
    });
});

describe('every schedule of two workers whose engines stay warm keeps the invariants, without a fault', () => {
  for (const configuration of all)
    test(`no schedule of ${configuration.name} breaks an invariant`, { timeout: SEARCH_TIMEOUT_MS }, async () => {
      const options = { faults: 0, warm: true };
      const { violation, ends } = await explore(configuration, options);
      expect(violation && (await trace(configuration, options, violation)).join('\n')).toBeUndefined();
      expect(ends).toBeGreaterThan(0);
    });
});

describe('the search finds the schedule that shows a faulty engine', () => {
  for (const { name: what, mutant, shownBy, faults, warm = false, breaks } of mutants)
    test(`an engine that ${what} breaks ${breaks}`, { timeout: SEARCH_TIMEOUT_MS }, async () => {
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
