import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Timing } from './rounds.ts';
import type { TimedCase } from './timed-cases.ts';

const PROCESS = fileURLToPath(new URL('timed-process.ts', import.meta.url));
/** A row that takes longer counts as hanging. */
const ROW_MS_MAX = 60_000;

/** Runs timed rows, each in a process and a folder of its own. `close` ends running processes and removes the folders. */
export class TimedRun {
  readonly #folder = mkdtempSync(join(tmpdir(), 'tutti-bench-'));
  #rows = 0;
  #child: ChildProcess | undefined;

  async time({ row, measure, mode, case: name }: TimedCase): Promise<Timing> {
    const folder = join(this.#folder, String((this.#rows += 1)));
    const output = await this.#run([JSON.stringify(measure), mode, folder]);
    rmSync(folder, { recursive: true, force: true });
    if (output === undefined)
      throw new Error(
        `The row ${name} ${row} (${mode}) was not measured: its process ended with an error, or took more than ${ROW_MS_MAX / 1000} s.`,
      );
    return JSON.parse(output) as Timing;
  }

  close(): void {
    this.#child?.kill('SIGKILL');
    rmSync(this.#folder, { recursive: true, force: true, maxRetries: 3 });
  }

  #run(words: readonly string[]): Promise<string | undefined> {
    // Most objects are short-lived: with the default of 16 MB, many would be copied before they die.
    const flags = ['--expose-gc', '--max-semi-space-size=64', '--conditions=source', '--import', 'tsx'];
    const child = spawn(process.execPath, [...flags, PROCESS, ...words], {
      stdio: ['ignore', 'pipe', 'inherit'],
      timeout: ROW_MS_MAX,
      killSignal: 'SIGKILL',
    });
    this.#child = child;
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
    return new Promise((resolve) => {
      child.on('close', (code) => {
        this.#child = undefined;
        resolve(code === 0 ? output : undefined);
      });
    });
  }
}
