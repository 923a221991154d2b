import type { FrontEndOf } from '../core/front-end.ts';
import { Continuation } from './continuation.ts';
import { decideOn } from './decide-on.ts';
import type { DeciderDefinition } from './decider.ts';
import type { AsyncDefinition } from './process.ts';

/** The front end for the kind of a definition. */
export const frontEndOf: FrontEndOf = (definition, run) => {
  if (definition.kind === 'async') return new Continuation(run, definition as AsyncDefinition);
  return {
    hear: (fact, heard) => {
      decideOn(run, definition as DeciderDefinition, fact, heard);
      return Promise.resolve();
    },
  };
};
