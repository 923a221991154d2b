import type { JournalEntry } from '../../../../lib/core/journal-entry.ts';
import { isFact } from '../../../../lib/core/replay.ts';

type Of<T extends JournalEntry['type']> = Extract<JournalEntry, { readonly type: T }>;
/** An entry and its place in the journal, which is the model's only measure of time. */
export type Told<T extends JournalEntry['type']> = Of<T> & { readonly index: number };
export type Issued = Told<'CommandIssued'>;
export type Answered = Told<'CommandAnswered'>;

/** The journal of one run, indexed by path and number. */
export class Story {
  readonly entries: readonly JournalEntry[];
  readonly #facts: readonly number[];
  readonly #clocks: readonly number[];
  readonly #byPath = new Map<string, number[]>();
  readonly #answers = new Map<number, Answered[]>();
  readonly #fired = new Map<number, Told<'TimerFired'>>();

  constructor(entries: readonly JournalEntry[]) {
    this.entries = entries;
    let facts = 0;
    let clock = 0;
    const counted: number[] = [];
    const clocks: number[] = [];
    for (const [index, entry] of entries.entries()) {
      if (isFact(entry)) {
        facts += 1;
        clock = Math.max(clock, entry.at);
      }
      counted.push(facts);
      clocks.push(clock);
      this.#index(entry, index);
    }
    this.#facts = counted;
    this.#clocks = clocks;
  }

  #index(entry: JournalEntry, index: number): void {
    if (entry.type === 'CommandAnswered') {
      if (!entry.late) this.#answers.set(entry.n, [...(this.#answers.get(entry.n) ?? []), { ...entry, index }]);
    } else if (entry.type === 'TimerFired') this.#fired.set(entry.n, { ...entry, index });
    else if ('path' in entry) {
      const key = `${entry.type} ${entry.path}`;
      this.#byPath.set(key, [...(this.#byPath.get(key) ?? []), index]);
    }
  }

  /** All entries of this type and path, in order. */
  all<T extends JournalEntry['type']>(type: T, path: string): readonly Told<T>[] {
    return (this.#byPath.get(`${type} ${path}`) ?? []).map((index) => ({ ...(this.entries[index] as Of<T>), index }));
  }

  first<T extends JournalEntry['type']>(type: T, path: string): Told<T> | undefined {
    return this.all(type, path)[0];
  }

  every<T extends JournalEntry['type']>(type: T): readonly Told<T>[] {
    return this.entries.flatMap((entry, index) => (entry.type === type ? [{ ...(entry as Of<T>), index }] : []));
  }

  /** The definite answer to a command, which is neither deferred nor unknown. */
  answer(n: number): Answered | undefined {
    return this.#answers.get(n)?.find(({ outcome }) => outcome !== 'deferred' && outcome !== 'unknown');
  }

  /** Whether the last answer to the command is `unknown`. */
  unknown(n: number): boolean {
    return this.#answers.get(n)?.at(-1)?.outcome === 'unknown';
  }

  /** The entry by which the process went on without the outcome of the command. */
  givenUp(n: number): Told<'CommandGivenUp'> | undefined {
    return this.every('CommandGivenUp').find((entry) => entry.n === n);
  }

  fired(n: number): Told<'TimerFired'> | undefined {
    return this.#fired.get(n);
  }

  /** Whether the journal has no fact between the two, so that the process decided the later entry at once. */
  atOnce(earlier: number, later: number): boolean {
    return later >= earlier && this.#facts[earlier] === this.#facts[later];
  }

  /** The number of the activation at this place. */
  activation(index: number): number {
    return this.#facts[index] as number;
  }

  /** The process time at this place. */
  clock(index: number): number {
    return this.#clocks[index] as number;
  }
}
