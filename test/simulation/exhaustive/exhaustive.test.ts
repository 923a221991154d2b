import { describe, expect, test } from 'vitest';
import type { Configuration } from './configuration.ts';
import { configurations } from './configurations.ts';
import { explore, trace, type Explored } from './explore.ts';
import { mutants } from './mutants.ts';

const SEARCH_TIMEOUT_MS = 600_000;
const all = await configurations();

/** The mutants are compared with searches that other tests make too. Each is made once. */
const searched = new Map<string, Promise<Explored>>();
const search = (configuration: Configuration, options: { readonly faults: number; readonly warm?: boolean }): Promise<Explored> => {
  const key = `${configuration.name} ${options.faults} ${options.warm ?? false}`;
  const made = searched.get(key) ?? explore(configuration, options);
  searched.set(key, made);
  return made;
};

describe('every schedule of two workers keeps the invariants, with at most one fault (none in the largest cases)', () => {
  for (const configuration of all)
    test(`no schedule of ${configuration.name} breaks an invariant`, { timeout: SEARCH_TIMEOUT_MS }, async () => {
      const options = { faults: configuration.large ? 0 : 1 };
      const { violation, ends, executions } = await search(configuration, options);
      expect(violation && (await trace(configuration, options, violation)).join('\n')).toBeUndefined();
      expect(ends).toBeGreaterThan(0);
      expect(executions).toBeGreaterThan(ends);
    });
});

describe('every schedule of two workers whose engines stay warm keeps the invariants, without a fault', () => {
  for (const configuration of all)
    test(`no schedule of ${configuration.name} breaks an invariant`, { timeout: SEARCH_TIMEOUT_MS }, async () => {
      const options = { faults: 0, warm: true };
      const { violation, ends } = await search(configuration, options);
      expect(violation && (await trace(configuration, options, violation)).join('\n')).toBeUndefined();
      expect(ends).toBeGreaterThan(0);
    });
});

describe('the search finds the schedule that shows a faulty engine', () => {
  for (const { name: what, mutant, shownBy, faults, warm = false, breaks } of mutants)
    test(`an engine that ${what} breaks ${breaks}`, { timeout: SEARCH_TIMEOUT_MS }, async () => {
      const configuration = all.find(({ name }) => name === shownBy)!;
      const options = { faults, warm, mutant };
      const { violation } = await explore(configuration, options);
      expect(violation?.what[0]).toMatch(new RegExp(`^${breaks}: `));
      const lines = await trace(configuration, options, violation!);
      expect(lines[0]).toMatch(/^ {2}1 {2}a {2}receives /);
      expect(lines.at(-1)).toBe(`  →  ${violation!.what.at(-1)}`);
      expect((await search(configuration, { faults, warm })).violation).toBeUndefined();
    });
});
