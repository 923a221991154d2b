import { appendFileSync, closeSync, fstatSync, mkdirSync, openSync, readSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { oneAtATime } from './one-at-a-time.ts';

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
  place ??= { folder: process.env['FOREIGN_SYSTEMS'] ?? defaultFolder() };
  return place;
}

/** A Lambda function may write to its temporary folder only, which no other environment sees and which goes with it. */
function defaultFolder(): string {
  return process.env['AWS_LAMBDA_FUNCTION_NAME'] === undefined ? '.tutti/foreign-systems' : join(tmpdir(), 'foreign-systems');
}

/**
 * What a foreign system remembers: one entry per key, appended to a JSON Lines file. It survives a kill of the program, as a system
 * of somebody else would, so a command that is run again meets its own key; and it is one system for all programs that share the folder.
 */
export class Ledger<Entry extends { readonly key: string }> {
  readonly #name: string;
  #entries = new Map<string, Entry>();
  #readFrom: Place | undefined;
  /** How many bytes of the file are in `#entries`. */
  #readBytes = 0;

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
    return this.#alone(() => {
      const entries = this.#read();
      const known = entries.get(key);
      if (known !== undefined) return known;
      const entry = make(entries.size + 1);
      this.#append(entry);
      return entry;
    });
  }

  /** Sets the entry of that key; the file keeps every version, the last one counts. */
  put(entry: Entry): void {
    this.#alone(() => this.#append(entry));
  }

  #alone<T>(work: () => T): T {
    if (inMemory()) return work();
    mkdirSync(currentPlace().folder, { recursive: true });
    return oneAtATime(`${this.#file()}.lock`, work);
  }

  #append(entry: Entry): void {
    if (inMemory()) this.#read().set(entry.key, entry);
    // The line break comes first: a line that a kill cut short then spoils no other.
    else appendFileSync(this.#file(), `\n${JSON.stringify(entry)}`);
  }

  #file(): string {
    return join(currentPlace().folder, `${this.#name}.jsonl`);
  }

  /** What was read before, and what was appended since, by this program or another. */
  #read(): Map<string, Entry> {
    const from = currentPlace();
    if (this.#readFrom !== from) {
      this.#readFrom = from;
      this.#readBytes = 0;
      this.#entries = new Map();
    }
    if (inMemory()) return this.#entries;
    const appended = bytesFrom(this.#file(), this.#readBytes);
    const lastLineAt = appended.lastIndexOf('\n') + 1;
    for (const line of appended.subarray(0, lastLineAt).toString().split('\n')) this.#take(line);
    // The last line may still be on its way: it is read again until it is whole.
    if (this.#take(appended.subarray(lastLineAt).toString())) this.#readBytes += appended.length;
    else this.#readBytes += lastLineAt;
    return this.#entries;
  }

  #take(line: string): boolean {
    const entry = parsed(line) as Entry | undefined;
    if (entry !== undefined) this.#entries.set(entry.key, entry);
    return entry !== undefined;
  }
}

function bytesFrom(file: string, offset: number): Buffer {
  let handle: number;
  try {
    handle = openSync(file, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return Buffer.alloc(0);
    throw error;
  }
  try {
    const bytes = Buffer.alloc(Math.max(0, fstatSync(handle).size - offset));
    return bytes.subarray(0, readSync(handle, bytes, 0, bytes.length, offset));
  } finally {
    closeSync(handle);
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
