import type { FaultKind } from './faults.ts';

/** A world that is not at rest after so many steps never comes to rest. */
export const STEPS_MAX = 60_000;

/** The outcome of one seed. */
export interface Outcome {
  readonly scenario: string;
  /** `I2: …`; empty if all holds. */
  readonly violations: readonly string[];
  readonly steps: number;
  readonly instances: number;
  /** Messages that service queues accepted. */
  readonly commands: number;
  /** Inbox messages that were handled to their end. */
  readonly events: number;
  readonly faults: Readonly<Partial<Record<FaultKind, number>>>;
  /** SHA-256 over everything that happened, in order: equal on every machine and Node version for the same choices. */
  readonly digest: string;
  /** All choices that were taken: `Choices.recorded(choices)` makes the same world again. */
  readonly choices: readonly number[];
  /** A line for each happening, if requested. */
  readonly trace: readonly string[];
}
