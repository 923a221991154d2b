import type { Outcome } from '../world/outcome.ts';

/** One world that a worker process is asked to run. */
export interface SeedTask {
  readonly seed: number;
  /** Follows these choices instead of the seed. */
  readonly choices?: readonly number[];
  /** Name of the scenario. @default drawn from the choices */
  readonly scenario?: string;
  /** A planted bug to switch on; only a bundle with planted bugs has it. */
  readonly planted?: string;
  /** Ends at the first violation. */
  readonly endsAtViolation?: true;
  /** Whether the trace and the choices are returned too: both can be long. @default neither */
  readonly returns?: { readonly trace?: boolean; readonly choices?: boolean };
}

/** The result of a task; `choices` and `trace` are empty unless requested. */
export interface SeedResult extends Outcome {
  readonly seed: number;
  /** The planted bug that was switched on. */
  readonly planted?: string;
}

/** The result of a task that ended before its outcome was known. */
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

/** `I2` of `I2: …`. Two failures count as the same if they share it. */
export const invariantOf = (violation: string): string => /^[^:]*/.exec(violation)?.[0] ?? '';
