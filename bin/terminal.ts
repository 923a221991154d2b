import { randomBytes } from 'node:crypto';
import { createColors } from 'picocolors';
import type { Sentence } from '../lib/client/operations/narrator.ts';
import { isOrchestratorError } from '../lib/contract/errors.ts';
import { visibleText } from '../lib/contract/wire/visible-text.ts';

type Paint = (text: string) => string;

/** The colours that commands use. */
export type Colors = Readonly<Record<'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan', Paint>>;

/**
 * Prints data to stdout and messages to stderr; colours and progress only on a terminal.
 *
 * T1  Only the line ends and colours of this class reach the terminal. Payloads, error messages and reasons are untrusted text, which must
 *     not move the cursor, hide text, forge a line or write the clipboard.
 * T2  A paint function therefore marks its text with a random word that untrusted text cannot contain, and `print` replaces the mark by a colour.
 */
export class Terminal {
  readonly colors: Colors;
  readonly isTerminal: boolean;
  /** Width of the terminal in characters. */
  readonly columns: number;
  readonly #stdout: NodeJS.WriteStream;
  readonly #stderr: NodeJS.WriteStream;
  readonly #mark = `{${randomBytes(12).toString('hex')}:`;
  readonly #marked = new RegExp(`\\${this.#mark}(\\d+)\\}`, 'g');
  #progress = '';

  constructor(stdout: NodeJS.WriteStream, stderr: NodeJS.WriteStream, environment: NodeJS.ProcessEnv) {
    this.#stdout = stdout;
    this.#stderr = stderr;
    // `isTTY` is undefined in a pipe.
    this.isTerminal = (stdout as { readonly isTTY?: boolean }).isTTY ?? false;
    this.columns = (stdout as { readonly columns?: number }).columns ?? 80;
    const hasColors = this.isTerminal && environment['NO_COLOR'] === undefined;
    const painted = (name: keyof Colors): Paint => (hasColors ? this.#painting(name) : (text) => text);
    this.colors = {
      bold: painted('bold'),
      dim: painted('dim'),
      red: painted('red'),
      green: painted('green'),
      yellow: painted('yellow'),
      cyan: painted('cyan'),
    };
  }

  /** Prints lines of data. */
  print(...lines: readonly string[]): void {
    this.#clear();
    this.#stdout.write(this.#shown(lines));
    this.#show();
  }

  /** Prints one object as one line. */
  printJson(value: unknown): void {
    this.print(JSON.stringify(value));
  }

  message(...lines: readonly string[]): void {
    this.#clear();
    this.#stderr.write(this.#shown(lines));
    this.#show();
  }

  /** Replaces the last line of a terminal, which the next call replaces again. Prints nothing in a pipe. */
  progress(text: string): void {
    if (!this.isTerminal || text === this.#progress) return;
    this.#clear();
    this.#progress = text;
    this.#show();
  }

  /** Prints an error with its remedy. An error without a code of Tutti is a bug, so its stack is printed. */
  error(error: unknown): void {
    if (isOrchestratorError(error)) {
      const [first = '', ...others] = error.message.split('\n');
      // Further lines are indented, so that text from a payload cannot pose as a line of Tutti.
      this.message(`${this.colors.red('error')} ${error.code}: ${first}`, ...others.map((line) => `  ${line}`), error.remedy);
    } else if (error instanceof Error) {
      this.message(`${error.name}: ${error.message}`, ...framesOf(error));
    } else this.message(String(error));
  }

  #painting(name: keyof Colors): Paint {
    const codes = createColors(true)[name](' ').split(' ');
    // The mark keeps the 31 of `ESC [ 31 m`.
    const [on = '', off = ''] = codes.map((code) => `${this.#mark}${code.slice(2, -1)}}`);
    return (text) => `${on}${text}${off}`;
  }

  #shown(lines: readonly string[]): string {
    return lines.map((line) => `${visibleText(line).replace(this.#marked, '\u001b[$1m')}\n`).join('');
  }

  #clear(): void {
    if (this.#progress !== '') this.#stdout.write('\r\u001b[2K');
  }

  #show(): void {
    if (this.#progress !== '') this.#stdout.write(this.#shown([this.colors.dim(this.#progress)]).trimEnd());
  }
}

/** Returns the stack frames of an error without its message, because a line of the message may look like a frame. */
function framesOf({ stack = '', message }: Error): string[] {
  const at = stack.indexOf(message);
  const frames = at === -1 ? stack : stack.slice(at + message.length);
  return frames.split('\n').filter((line) => line.startsWith('    at '));
}

/** Colours a sentence by its tone, if the terminal has colours. */
export function paint({ colors }: Terminal, { text, tone }: Sentence): string {
  switch (tone) {
    case 'plain':
      return text;
    case 'good':
      return colors.green(text);
    case 'bad':
      return colors.red(text);
    case 'waiting':
      return colors.yellow(text);
  }
}
