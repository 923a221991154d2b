import { spawn, type ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { run } from '../localstack/program.ts';
import { FOLDER } from './python.ts';

/** A Python environment with the service's requirements.txt, created once in the user's cache. */
export async function pythonWithBoto3(): Promise<string> {
  const requirements = join(FOLDER, 'requirements.txt');
  const digest = createHash('sha256').update(readFileSync(requirements)).digest('hex').slice(0, 12);
  const folder = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'tutti', `python-service-${digest}`);
  const program = join(folder, 'bin/python');
  if (existsSync(program)) return program;
  const partial = `${folder}.${process.pid}.partial`;
  mkdirSync(partial, { recursive: true });
  try {
    await run('python3', ['-m', 'venv', partial]);
    await run(join(partial, 'bin/python'), ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', requirements]);
    // Only its python is started, so the environment may be moved after its creation.
    if (existsSync(folder)) rmSync(folder, { recursive: true });
    renameSync(partial, folder);
  } finally {
    rmSync(partial, { recursive: true, force: true });
  }
  return program;
}

/** The example's service as a process with the given environment. */
export class RunningService {
  readonly #child: ChildProcess;
  readonly #ended: Promise<number | null>;
  #said = '';

  /** Resolves when the service polls. */
  static async start(python: string, environment: Readonly<Record<string, string>>): Promise<RunningService> {
    const service = new RunningService(python, environment);
    await service.#polling();
    return service;
  }

  private constructor(python: string, environment: Readonly<Record<string, string>>) {
    const env = { ...process.env, PYTHONDONTWRITEBYTECODE: '1', ...environment };
    this.#child = spawn(python, ['hotels.py'], { cwd: FOLDER, env, stdio: ['ignore', 'pipe', 'pipe'] });
    this.#child.stderr!.setEncoding('utf8').on('data', (text: string) => (this.#said += text));
    this.#ended = new Promise((resolve, reject) => {
      this.#child.once('error', reject);
      this.#child.once('exit', (code) => resolve(code));
    });
  }

  /** The log so far. */
  get said(): string {
    return this.#said;
  }

  /** Resolves with the exit code, or with null if a signal ended the process. */
  end(signal: 'SIGTERM' | 'SIGKILL'): Promise<number | null> {
    this.#child.kill(signal);
    return this.#ended;
  }

  async #polling(): Promise<void> {
    const polls = new Promise<'polls'>((resolve) => {
      createInterface({ input: this.#child.stdout! }).on('line', (line) => {
        if (line === 'hotels: polling') resolve('polls');
      });
    });
    if ((await Promise.race([polls, this.#ended])) !== 'polls') throw new Error(`The Python service ended before it polled: ${this.#said}`);
  }
}
