import type { Effect } from '../scenarios/scenario.ts';

/** The effects in the foreign systems, once per command id. */
export class Ledger {
  readonly effects: Effect[] = [];
  readonly #done = new Set<string>();
  readonly #told: (effect: Effect) => void;

  constructor(told: (effect: Effect) => void) {
    this.#told = told;
  }

  /** Returns whether the effect is new. */
  add(effect: Effect): boolean {
    if (this.#done.has(effect.commandId)) return false;
    this.#done.add(effect.commandId);
    this.effects.push(effect);
    this.#told(effect);
    return true;
  }
}
