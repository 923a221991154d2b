import type { Snapshot } from './cloud.ts';

/** A message that is in the inbox when the exploration begins. */
export interface FirstMessage {
  readonly id: string;
  readonly body: string;
  /** Earlier deliveries. @default 0 */
  readonly receiveCount?: number;
}

/** A small case. All of its interleavings are explored. */
export interface Configuration {
  readonly name: string;
  readonly from: Snapshot;
  readonly messages: readonly FirstMessage[];
  /** The number of duplicate deliveries that do not count as faults. @default 0 */
  readonly duplicates?: number;
  /** Two workers at the inbox forward to a third, at the hot lane. @default false */
  readonly hotLane?: boolean;
  /** With a fault it takes more than ten seconds, so only `.ci/nightly` allows one. @default false */
  readonly large?: boolean;
  /** The instant at which the exploration begins, in milliseconds. */
  readonly now: number;
}
