import type { Json } from '../../../../lib/contract/schema.ts';
import type { Choices } from '../../world/choices.ts';
import type { Act } from '../scenario.ts';

/** The acts of the outside in an example, with the retries of its producers. */
export class Script {
  readonly acts: Act[] = [];
  readonly #choices: Choices;
  readonly #source: string;

  constructor(choices: Choices, source: string) {
    this.#choices = choices;
    this.#source = source;
  }

  /** Adds an event at some time within `withinMs`, sometimes with a duplicate. */
  publish(type: string, id: string, data: Json, withinMs: number): void {
    for (let copies = this.#choices.chance(0.3) ? 2 : 1; copies > 0; copies -= 1)
      this.acts.push({ atMs: this.#choices.below(withinMs), kind: 'publish', source: this.#source, type, id, data });
  }

  cancel(pid: string, withinMs: number): void {
    this.acts.push({ atMs: this.#choices.below(withinMs), kind: 'operate', pid, opid: `cancel-${pid}`, act: 'cancel' });
  }
}
