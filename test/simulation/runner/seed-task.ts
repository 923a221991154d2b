import type { Outcome } from '../world/outcome.ts';

/** One world that a worker process is asked to run. */
export interface SeedTask {
  readonly seed: number;
  /** Follows these instead of the seed. */
  readonly choices?: readonly number[];
  /** Name of the scenario. @default drawn from the choices */
  readonly scenario?: string;
  /** A planted bug that is switched on meanwhile; only a bundle with planted bugs has them. */
  readonly planted?: string;
  /** Ends at the first violation. */
  readonly endsAtViolation?: true;
  /** What comes back beside the figures: both can be long. @default neither */
  readonly returns?: { readonly trace?: boolean; readonly choices?: boolean };
}

/** What became of it; `choices` and `trace` are empty unless they were asked for. */
export interface SeedResult extends Outcome {
  readonly seed: number;
  /** The planted bug that was switched on. */
  readonly planted?: string;
}

/** What ended before its outcome was known. */
export const failedResult = ({ seed, scenario, choices, planted }: SeedTask, violation: string): SeedResult => ({
  seed,
  ...(planted !== undefined && { planted }),
  scenario: scenario ?? '',
  violations: [violation],
  steps: 0,
  instances: 0,
  commands: 0,
  events: 0,
  faults: {},
  digest: '',
  choices: choices ?? [],
  trace: [],
});

/** `I2` of `I2: …`: what two failures must share to be the same. */
export const invariantOf = (violation: string): string => /^[^:]*/.exec(violation)?.[0] ?? '';
