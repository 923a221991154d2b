import { appendFileSync, closeSync, fstatSync, mkdirSync, openSync, readSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { oneAtATime } from './one-at-a-time.ts';

/** A folder, or `memory`. A ledger notices a change of place by the identity of this object. */
interface Place {
  readonly folder: string;
}

let place: Place | undefined;

/**
 * Sets the folder in which the simulated foreign systems store their entries, and drops the entries of the previous place. Tests use
 * `memory`.
 */
export function placeForeignSystems(folder: string): void {
  place = { folder };
}

/** True in tests: no file is written, and the simulated network has no latency. */
export const inMemory = (): boolean => currentPlace().folder === 'memory';

/** Read at the first use, so that importing an example has no side effect. */
function currentPlace(): Place {
  place ??= { folder: process.env['FOREIGN_SYSTEMS'] ?? defaultFolder() };
  return place;
}

/** A Lambda function can write only to its temporary folder, which each environment of the function has for itself. */
function defaultFolder(): string {
  return process.env['AWS_LAMBDA_FUNCTION_NAME'] === undefined ? '.tutti/foreign-systems' : join(tmpdir(), 'foreign-systems');
}

/**
 * The data of a simulated foreign system: one entry per key, appended to a JSON Lines file. The file survives a kill of the program, so a
 * command that is run again finds the entry of its idempotency key. Programs that share the folder share the system.
 */
export class Ledger<Entry extends { readonly key: string }> {
  readonly #name: string;
  #entries = new Map<string, Entry>();
  #readFrom: Place | undefined;
  /** Bytes of the file that are in `#entries`. */
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

  /** Returns the entry of the key, or adds the new one if there is none. Each key therefore has one effect. */
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

  /** Sets the entry of its key. The file keeps every version; the last one counts. */
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
    // The line break comes first, so that a line that a kill cut short does not corrupt the next one.
    else appendFileSync(this.#file(), `\n${JSON.stringify(entry)}`);
  }

  #file(): string {
    return join(currentPlace().folder, `${this.#name}.jsonl`);
  }

  /** Returns all entries, after reading what this or another program has appended since the last read. */
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
    // The last line may be incomplete: it is read again until it is complete.
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

/** Ignores a line that a kill cut short: its request was never answered, so it counts as not written. */
function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
