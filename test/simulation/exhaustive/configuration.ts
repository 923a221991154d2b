import type { Snapshot } from './cloud.ts';

/** A message that lies in the inbox when exploration begins. */
export interface FirstMessage {
  readonly id: string;
  readonly body: string;
  /** Deliveries before. @default 0 */
  readonly receiveCount?: number;
}

/** A small case, all of whose interleavings are explored. */
export interface Configuration {
  readonly name: string;
  readonly from: Snapshot;
  readonly messages: readonly FirstMessage[];
  /** How often the queue hands out a message twice without that being counted as a fault. @default 0 */
  readonly duplicates?: number;
  /** Two workers at the inbox forward to a third, at the hot lane. @default false */
  readonly hotLane?: boolean;
  /** With a fault it is for the nightly run: it takes tens of seconds. @default false */
  readonly large?: boolean;
  /** When exploration begins, in milliseconds. */
  readonly now: number;
}
