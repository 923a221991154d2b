import { type Damage, stateCorrupt } from './state-corrupt.ts';

/** What an open does with damage: it refuses to go on, or, on a copy that is to be repaired, notes it and leaves out what is damaged. */
export class Inspection {
  readonly directory: string;
  readonly #found: Damage[] | undefined;

  /** `found` takes the damage of a copy. @default damage refuses the open */
  constructor(directory: string, found?: Damage[]) {
    this.directory = directory;
    this.#found = found;
  }

  get repairs(): boolean {
    return this.#found !== undefined;
  }

  /** @throws ClientError `STATE_CORRUPT` unless it repairs */
  note(damage: Damage, cause?: unknown): void {
    if (this.#found === undefined) throw stateCorrupt(this.directory, damage, cause);
    this.#found.push(damage);
  }

  /** For damage that no repair can leave out. */
  refuse(damage: Omit<Damage, 'drops'>, cause?: unknown): never {
    throw stateCorrupt(this.directory, damage, cause);
  }
}
