import type { ProcessContract } from '../contract/runtime-contract.ts';
import type { HeardFact } from './apply.ts';
import type { RecordedFact } from './journal-entry.ts';
import type { ProcessRun } from './run.ts';

/** What stands between the kernel and the user's code of one run: an async function or a decider. */
export interface FrontEnd {
  /** Tells the user's code what came of a fact that was just applied, and takes what it asks for, until it waits again. */
  hear(fact: RecordedFact, heard: HeardFact | undefined): Promise<void>;
}

export type FrontEndOf = (definition: ProcessContract, run: ProcessRun) => FrontEnd;
