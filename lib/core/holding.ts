import { HOLD_EVENTS, HOLDS_MAX, holdsDefinition, isSameScope, type HoldEvent, type HoldsState } from '../contract/holds.ts';
import { ANYTHING } from '../contract/schedule-instance.ts';
import { endAsContinued } from './continuing.ts';
import { changeView } from './effects.ts';
import type { FrontEnd } from './front-end.ts';
import type { RecordedFact } from './journal-entry.ts';
import type { ProcessRun } from './run.ts';

/** A fifth of the entries that a journal may hold. */
const CONTINUED_AT = 10_000;
const NONE: HoldsState = { holds: [] };

/**
 * The reducer of the instance that keeps the holds (docs/protocol.md#holds). Input: the events that begin and end holds. Output: its view, which
 * lists those in force. It never ends, so the ring and the journal find every duplicate.
 *
 * H1 A scope has one hold: a second pause of it changes nothing, and so does one beyond `HOLDS_MAX`.
 * H2 The end of a hold names its scope. It changes nothing if the scope has none.
 */
export class HoldsFrontEnd implements FrontEnd {
  readonly #run: ProcessRun;

  constructor(run: ProcessRun) {
    this.#run = run;
  }

  advance(fact: RecordedFact): Promise<void> {
    const run = this.#run;
    run.root.ordinals.clear();
    if (fact.type === 'EventReceived' || fact.type === 'ProcessStarted') this.#told(fact.data as unknown as HoldEvent);
    if (run.position >= CONTINUED_AT) {
      const passed = { schema: ANYTHING, value: { act: 'continue' }, what: 'the holds were continued with' };
      endAsContinued(run, { passed, definition: holdsDefinition, event: HOLD_EVENTS.resume });
    }
    return Promise.resolve();
  }

  #told(told: HoldEvent | { readonly act: 'continue' }): void {
    const { holds } = (this.#run.image.view?.data as unknown as HoldsState | undefined) ?? NONE;
    if (told.act === 'pause' && holds.length < HOLDS_MAX && !holds.some((each) => isSameScope(each, told.hold)))
      this.#store({ holds: [...holds, told.hold] });
    if (told.act === 'resume') this.#store({ holds: holds.filter((each) => !isSameScope(each, told)) });
  }

  #store(state: HoldsState): void {
    changeView(this.#run, this.#run.root, { schema: ANYTHING, value: state, what: 'the list of the holds' });
  }
}
