import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { sha256 } from '../../../lib/format/inbox-message.ts';
import { runLengthDecoded, runLengthEncoded } from './run-length.ts';
import { invariantOf, type SeedTask } from '../runner/seed-task.ts';

/** A shrunk seed that failed once. CI runs it: it must hold, and must fail if the bug that it found is planted again. */
export interface Fixture {
  readonly seed: number;
  /** The original violation. */
  readonly found: string;
  /** The scenario, if the seed was run with one only. */
  readonly scenario?: string;
  /** The name of the bug, if it is planted. */
  readonly planted?: string;
  readonly choices: readonly number[];
  /** The cause of the failure, and the commit that fixed it. */
  readonly note: string;
}

export const FIXTURES = fileURLToPath(new URL('../fixtures', import.meta.url));

export const fixtureText = ({ choices, ...fixture }: Fixture): string =>
  `${JSON.stringify({ ...fixture, choices: runLengthEncoded(choices) }, undefined, 2)}\n`;

export const readFixture = (path: string): Fixture => {
  const { choices, ...fixture } = JSON.parse(readFileSync(path, 'utf8')) as Omit<Fixture, 'choices'> & {
    readonly choices: readonly string[];
  };
  return { ...fixture, choices: runLengthDecoded(choices) };
};

/** Names of the fixture files, in order. */
export const fixtureNames = (directory = FIXTURES): string[] => {
  try {
    return readdirSync(directory)
      .filter((name) => name.endsWith('.json'))
      .sort();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
};

/** Writes `<invariant>-<digest of the choices>.json`, or a file named after its planted bug, and returns the path. */
export const writeFixture = (fixture: Fixture, directory = FIXTURES): string => {
  mkdirSync(directory, { recursive: true });
  const path = join(directory, `${nameOf(fixture)}.json`);
  writeFileSync(path, fixtureText(fixture));
  return path;
};

const nameOf = ({ planted, found, choices }: Fixture): string => {
  if (planted !== undefined) return planted.toLowerCase().replaceAll('_', '-');
  return `${invariantOf(found).replaceAll(/[^A-Za-z0-9]+/g, '-')}-${sha256(choices.join()).slice(0, 8)}`;
};

export const fixtureTask = ({ seed, scenario, choices }: Fixture, returns?: SeedTask['returns']): SeedTask => ({
  seed,
  choices,
  ...(scenario !== undefined && { scenario }),
  ...(returns && { returns }),
});
