import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A folder, or `memory`. The object's identity tells a ledger that it was moved. */
interface Place {
  readonly folder: string;
}

let place: Place | undefined;

/** Where the simulated foreign systems keep what they know; what they knew before is forgotten. For tests: `memory`. */
export function placeForeignSystems(folder: string): void {
  place = { folder };
}

/** True in tests: nothing is written, and the network takes no time. */
export const inMemory = (): boolean => currentPlace().folder === 'memory';

/** Read late, so that importing an example does nothing. */
function currentPlace(): Place {
  place ??= { folder: process.env['FOREIGN_SYSTEMS'] ?? '.tutti/foreign-systems' };
  return place;
}

/**
 * What a foreign system remembers: one entry per key, appended to a JSON Lines file. It survives a kill of the program, as a system
 * of somebody else would, so a command that is run again meets its own key.
 */
export class Ledger<Entry extends { readonly key: string }> {
  readonly #name: string;
  #entries = new Map<string, Entry>();
  #readFrom: Place | undefined;

  constructor(name: string) {
    this.#name = name;
  }

  get(key: string): Entry | undefined {
    return this.#read().get(key);
  }

  entries(): readonly Entry[] {
    return [...this.#read().values()];
  }

  /** The entry under that key: the one that stands, or the new one. So each key has one effect. */
  once(key: string, make: (count: number) => Entry): Entry {
    const entries = this.#read();
    const known = entries.get(key);
    if (known !== undefined) return known;
    const entry = make(entries.size + 1);
    this.put(entry);
    return entry;
  }

  /** Sets the entry of that key; the file keeps every version, the last one counts. */
  put(entry: Entry): void {
    this.#read().set(entry.key, entry);
    if (inMemory()) return;
    mkdirSync(currentPlace().folder, { recursive: true });
    // The line break comes first: a line that a kill cut short then spoils no other.
    appendFileSync(this.#file(), `\n${JSON.stringify(entry)}`);
  }

  #file(): string {
    return join(currentPlace().folder, `${this.#name}.jsonl`);
  }

  #read(): Map<string, Entry> {
    const from = currentPlace();
    if (this.#readFrom === from) return this.#entries;
    this.#readFrom = from;
    this.#entries = new Map();
    if (inMemory() || !existsSync(this.#file())) return this.#entries;
    for (const line of readFileSync(this.#file(), 'utf8').split('\n')) {
      const entry = parsed(line) as Entry | undefined;
      if (entry !== undefined) this.#entries.set(entry.key, entry);
    }
    return this.#entries;
  }
}

/** A line that a kill cut short was never answered, so it counts as not written. */
function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
