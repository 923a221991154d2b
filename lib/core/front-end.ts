import type { ProcessContract } from '../contract/runtime-contract.ts';
import type { HandlerInput } from './apply.ts';
import type { RecordedFact } from './journal-entry.ts';
import type { ProcessRun } from './run.ts';

/** The interface between the kernel and the user's code of one run: an async function or a decider. */
export interface FrontEnd {
  /** Delivers the outcomes of a fact that was just applied, and takes the requests of the user's code until it waits again. */
  advance(fact: RecordedFact, input: HandlerInput | undefined): Promise<void>;
}

export type FrontEndOf = (definition: ProcessContract, run: ProcessRun) => FrontEnd;
