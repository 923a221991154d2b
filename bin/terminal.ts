import { randomBytes } from 'node:crypto';
import { createColors } from 'picocolors';
import { isOrchestratorError } from '../lib/contract/errors.ts';
import { visibleText } from '../lib/contract/wire/visible-text.ts';

type Paint = (text: string) => string;

/** The colours that commands use. */
export type Colors = Readonly<Record<'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan', Paint>>;

/**
 * Where a command prints: data to stdout, messages to stderr; colours and progress on a terminal only.
 *
 * T1  Whatever text is printed, only the line ends and colours of this class reach the terminal: payloads, error messages and reasons are
 *     text of other people, and nothing in them may move the cursor, hide text, forge a line or write the clipboard.
 * T2  So a colour is not written where it is asked for, but marked with a random word that no such text can hold, and written here.
 */
export class Terminal {
  readonly colors: Colors;
  readonly isTerminal: boolean;
  /** How wide the terminal is. */
  readonly columns: number;
  readonly #stdout: NodeJS.WriteStream;
  readonly #stderr: NodeJS.WriteStream;
  readonly #mark = `{${randomBytes(12).toString('hex')}:`;
  readonly #marked = new RegExp(`\\${this.#mark}(\\d+)\\}`, 'g');
  #progress = '';

  constructor(stdout: NodeJS.WriteStream, stderr: NodeJS.WriteStream, environment: NodeJS.ProcessEnv) {
    this.#stdout = stdout;
    this.#stderr = stderr;
    // In a pipe it is undefined.
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

  /** One line of data, or several. */
  print(...lines: readonly string[]): void {
    this.#clear();
    this.#stdout.write(this.#shown(lines));
    this.#show();
  }

  /** One object as one line. */
  printJson(value: unknown): void {
    this.print(JSON.stringify(value));
  }

  message(...lines: readonly string[]): void {
    this.#clear();
    this.#stderr.write(this.#shown(lines));
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
    if (isOrchestratorError(error)) {
      const [first = '', ...others] = error.message.split('\n');
      // Indented, so that no text of a payload looks like a line of Tutti.
      this.message(`${this.colors.red('error')} ${error.code}: ${first}`, ...others.map((line) => `  ${line}`), error.remedy);
    } else if (error instanceof Error) {
      this.message(`${error.name}: ${error.message}`, ...framesOf(error));
    } else this.message(String(error));
  }

  #painting(name: keyof Colors): Paint {
    const codes = createColors(true)[name](' ').split(' ');
    // Of `ESC [ 31 m` the mark keeps 31.
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

/** The stack frames of an error, without its message: a line of the message may look like a frame. */
function framesOf({ stack = '', message }: Error): string[] {
  const at = stack.indexOf(message);
  const frames = at === -1 ? stack : stack.slice(at + message.length);
  return frames.split('\n').filter((line) => line.startsWith('    at '));
}
