import type { Acts } from '../lib/client/acts.ts';

/** The acts on a system that was opened for one command. */
export interface OpenedActs {
  readonly acts: Acts;
  close(): void;
}
