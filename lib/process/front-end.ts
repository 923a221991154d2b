import type { FrontEndOf } from '../core/front-end.ts';
import { Continuation } from './continuation.ts';
import { decideOn } from './decide-on.ts';
import type { DeciderDefinition } from './decider.ts';
import type { AsyncDefinition } from './process.ts';

/**
 * The main file of lib/process. Input: a definition and a run. Output: the front end, which takes each applied fact to the user's code.
 * Trunk: `continuation.ts` runs an async process through `body.ts` and `process-context.ts`; `decide-on.ts` calls a decider's handlers.
 */
export const frontEndOf: FrontEndOf = (definition, run) => {
  if (definition.kind === 'async') return new Continuation(run, definition as AsyncDefinition);
  return {
    hear: (fact, heard) => {
      decideOn(run, definition as DeciderDefinition, fact, heard);
      return Promise.resolve();
    },
  };
};
