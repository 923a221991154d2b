import { type Damage, stateCorrupt } from './state-corrupt.ts';

/** The reaction of an open to damage: it refuses to open the folder. If it repairs a copy, it notes the damage and drops the damaged data. */
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

  /** For damage that a repair cannot drop. */
  refuse(damage: Omit<Damage, 'drops'>, cause?: unknown): never {
    throw stateCorrupt(this.directory, damage, cause);
  }
}
