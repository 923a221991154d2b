import type { Json } from '../../../../lib/contract/schema.ts';
import type { Choices } from '../../world/choices.ts';
import type { Act } from '../scenario.ts';

/** What the outside does in an example, its producers' retries among it. */
export class Script {
  readonly acts: Act[] = [];
  readonly #choices: Choices;
  readonly #source: string;

  constructor(choices: Choices, source: string) {
    this.#choices = choices;
    this.#source = source;
  }

  /** An event, now and then twice, at some time within so many milliseconds. */
  publish(type: string, id: string, data: Json, withinMs: number): void {
    for (let copies = this.#choices.chance(0.3) ? 2 : 1; copies > 0; copies -= 1)
      this.acts.push({ atMs: this.#choices.below(withinMs), kind: 'publish', source: this.#source, type, id, data });
  }

  cancel(pid: string, withinMs: number): void {
    this.acts.push({ atMs: this.#choices.below(withinMs), kind: 'operate', pid, opid: `cancel-${pid}`, act: 'cancel' });
  }
}
