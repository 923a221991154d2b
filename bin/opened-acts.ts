import type { Operations } from '../lib/client/operations/operations.ts';

/** The acts on a system that was opened for one command. */
export interface OpenedActs {
  readonly acts: Operations;
  close(): void;
}
