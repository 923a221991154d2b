import { createColors } from 'picocolors';
import { isOrchestratorError } from '../lib/contract/errors.ts';

type Colors = ReturnType<typeof createColors>;

/** Where a command prints: data to stdout, messages to stderr; colours and progress on a terminal only. */
export class Terminal {
  readonly colors: Colors;
  readonly isTerminal: boolean;
  /** How wide the terminal is. */
  readonly columns: number;
  readonly #stdout: NodeJS.WriteStream;
  readonly #stderr: NodeJS.WriteStream;
  #progress = '';

  constructor(stdout: NodeJS.WriteStream, stderr: NodeJS.WriteStream, environment: NodeJS.ProcessEnv) {
    this.#stdout = stdout;
    this.#stderr = stderr;
    // In a pipe it is undefined, which picocolors would take as leave to guess: it colours in CI.
    this.isTerminal = (stdout as { readonly isTTY?: boolean }).isTTY ?? false;
    this.columns = (stdout as { readonly columns?: number }).columns ?? 80;
    this.colors = createColors(this.isTerminal && environment['NO_COLOR'] === undefined);
  }

  /** One or more lines of data. */
  print(text: string): void {
    this.#clear();
    this.#stdout.write(`${text}\n`);
    this.#show();
  }

  /** One object as one line. */
  printJson(value: unknown): void {
    this.print(JSON.stringify(value));
  }

  message(text: string): void {
    this.#clear();
    this.#stderr.write(`${text}\n`);
    this.#show();
  }

  /** The last line of a terminal, until the next one; nothing elsewhere. */
  progress(text: string): void {
    if (!this.isTerminal || text === this.#progress) return;
    this.#clear();
    this.#progress = text;
    this.#show();
  }

  /** What went wrong, and what to do about it. An error that is not Tutti's is a bug, so its stack is shown. */
  error(error: unknown): void {
    if (isOrchestratorError(error)) this.message(`${this.colors.red('error')} ${error.code}: ${error.message}\n${error.remedy}`);
    else this.message(error instanceof Error ? (error.stack ?? error.message) : String(error));
  }

  #clear(): void {
    if (this.#progress !== '') this.#stdout.write('\r\u001b[2K');
  }

  #show(): void {
    if (this.#progress !== '') this.#stdout.write(this.colors.dim(this.#progress));
  }
}
