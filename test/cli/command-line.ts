import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const NODE = ['--conditions=source', '--import', 'tsx', join(root, 'bin/tutti.ts')];

export const SEATS = join(root, 'test/cli/seats.ts');
export const LEASES = join(root, 'test/cli/leases.ts');
export const SEATS_UNSERVED = join(root, 'test/cli/seats-unserved.ts');

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `tutti` in a pipe to its end. */
export async function tutti(...parts: readonly string[]): Promise<Ended> {
  return ended(launch(parts));
}

/** Runs `tutti` in another environment. */
export async function tuttiIn(environment: NodeJS.ProcessEnv, ...parts: readonly string[]): Promise<Ended> {
  return ended(launch(parts, environment));
}

function launch(parts: readonly string[], environment: NodeJS.ProcessEnv = {}): ChildProcess {
  // CI services set variables that force colours. The output of a pipe has none.
  const env = { ...process.env, ...environment, CI: 'true' };
  return spawn(process.execPath, [...NODE, ...parts], { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'] });
}

function ended(child: ChildProcess): Promise<Ended> {
  let [stdout, stderr] = ['', ''];
  child.stdout!.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr!.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, stdout, stderr })));
}

/** Starts a `tutti` that keeps running. */
export class RunningTutti {
  readonly #child: ChildProcess;
  readonly #ended: Promise<Ended>;
  readonly #output: Lines;
  readonly #messages: Lines;

  constructor(...parts: readonly string[]) {
    this.#child = launch(parts);
    this.#ended = ended(this.#child);
    // A failing test leaves no process running.
    onTestFinished(() => void this.#child.kill('SIGKILL'));
    this.#output = new Lines(this.#child.stdout!, this.#ended);
    this.#messages = new Lines(this.#child.stderr!, this.#ended);
  }

  /** Resolves with the first matching line of the output. Throws if the program ends first. */
  line(pattern: RegExp): Promise<string> {
    return this.#output.find(pattern);
  }

  /** Resolves with the first matching line of stderr. Throws if the program ends first. */
  message(pattern: RegExp): Promise<string> {
    return this.#messages.find(pattern);
  }

  /** Resolves when the program has ended. */
  end(signal?: 'SIGINT' | 'SIGKILL'): Promise<Ended> {
    if (signal) this.#child.kill(signal);
    return this.#ended;
  }
}

/** The lines of a stream of a program. */
class Lines {
  readonly #lines: string[] = [];
  readonly #ended: Promise<Ended>;
  #look: () => void = () => {};

  constructor(stream: Readable, ended: Promise<Ended>) {
    this.#ended = ended;
    createInterface({ input: stream }).on('line', (line) => {
      this.#lines.push(line);
      this.#look();
    });
  }

  find(pattern: RegExp): Promise<string> {
    return new Promise((resolve, reject) => {
      this.#look = () => {
        const found = this.#lines.find((line) => pattern.test(line));
        if (found !== undefined) resolve(found);
      };
      this.#look();
      void this.#ended.then(({ code, stderr }) => reject(new Error(`tutti ended with ${code} before it printed ${pattern}: ${stderr}`)));
    });
  }
}

/** Creates a folder, and removes it when `use` has ended. */
export async function inFolder<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'tutti-cli-'));
  try {
    return await use(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
