/** Untrusted text (payloads, error messages, reasons, arguments) reaches a terminal through every command. No control character in it takes effect. */
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Invocation } from '../../bin/invocation.ts';
import { Terminal } from '../../bin/terminal.ts';
import { startLocal, type LocalSystem } from '../../lib/local/index.ts';
import { SEATS } from './command-line.ts';
import { seats, services } from './seats.ts';

/** Sets the window title and the clipboard, hides text, wipes a line, forges a row, and contains C1, DEL and a bidirectional override. */
const HOSTILE =
  '\u001b]0;title\u0007\u001b]52;c;Y3VybA==\u0007\u001b[8mhidden\r\u001b[2K\u001b[31mred\nforged row\u009b2J\u007f\u202egnp.exe\u2066';
/** Characters that a terminal interprets or does not show, except line ends. */
// oxlint-disable-next-line no-control-regex -- the pattern matches control characters
const OBEYED = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/;
/** The colours of `Terminal`, and the sequence that wipes its progress line. */
// oxlint-disable-next-line no-control-regex -- the pattern matches control characters
const OWN = /\u001b\[(?:1|2|22|31|32|33|36|39)m|\r\u001b\[2K/g;

class Screen {
  text = '';
  readonly isTTY = true;
  readonly columns = 100;

  write(text: string): boolean {
    this.text += text;
    return true;
  }
}

const folder = mkdtempSync(join(tmpdir(), 'tutti-hostile-'));
let running: LocalSystem;

beforeAll(async () => {
  running = await startLocal(seats, { directory: folder, services, onFault: () => {} });
});
afterAll(async () => {
  await running.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** All commands, printing to a terminal in colour. */
async function run(...parts: readonly string[]): Promise<string> {
  const screen = new Screen();
  const stream = screen as unknown as NodeJS.WriteStream;
  const terminal = new Terminal(stream, stream, {});
  const invocation: Invocation = { terminal, exitCode: 0 };
  const program = new Command('tutti').exitOverride().configureOutput({ writeOut: () => {}, writeErr: () => {} });
  for (const name of commandFiles) {
    const module = (await import(`../../bin/commands/${name}.ts`)) as Readonly<Record<string, unknown>>;
    for (const add of Object.values(module))
      if (typeof add === 'function') (add as (program: Command, invocation: Invocation) => void)(program, invocation);
  }
  try {
    await program.parseAsync(['node', 'tutti', ...parts]);
  } catch (error) {
    terminal.error(error);
  }
  return screen.text;
}

const commandFiles = readdirSync(new URL('../../bin/commands', import.meta.url))
  .filter((name) => name.endsWith('.ts'))
  .map((name) => name.replace('.ts', ''));

const at = ['--local', folder];
const events = join(folder, 'hostile.jsonl');
writeFileSync(events, `${JSON.stringify({ type: HOSTILE, data: { id: 'x', seat: HOSTILE } })}\n${HOSTILE}\n`);

/** The order matters: each command shows the text that earlier commands stored. */
const RUNS: readonly (readonly [name: string, ...parts: string[]])[] = [
  ['start', 'book-seat', JSON.stringify({ id: 'h-1', seat: HOSTILE }), '--wait', ...at],
  ['start', 'book-seat', JSON.stringify({ id: 'h-2', seat: 'on hold', more: HOSTILE }), ...at],
  ['start', HOSTILE, '{}', ...at],
  ['start', 'book-seat', JSON.stringify({ id: HOSTILE, seat: HOSTILE }), ...at],
  ['start', 'book-seat', HOSTILE, ...at],
  ['publish', HOSTILE, '{}', ...at],
  ['signal', 'book-seat', 'h-2', HOSTILE, '{}', ...at],
  ['terminate', 'book-seat', 'h-2', '--reason', HOSTILE, ...at],
  ['cancel', 'book-seat', HOSTILE, '--reason', HOSTILE, ...at],
  ['resume', 'book-seat', HOSTILE, ...at],
  ['resolve', 'book-seat', HOSTILE, ...at],
  ['list', ...at],
  ['list', '--json', ...at],
  ['list', '--process', HOSTILE, ...at],
  ['list', '--group', ...at],
  ['list', '--cause', HOSTILE, ...at],
  ['resume', '--cause', 'POISON', '--yes', ...at],
  ['show', 'book-seat', 'h-1', '--payloads', ...at],
  ['show', 'book-seat', 'h-1', '--json', '--payloads', ...at],
  ['show', 'book-seat', 'h-2', ...at],
  ['why', 'book-seat', 'h-2', ...at],
  ['why', 'book-seat', HOSTILE, ...at],
  ['repair', '--local', HOSTILE],
  ['replay', HOSTILE, ...at],
  ['replay', SEATS, '--journals', HOSTILE],
  ['contracts', 'export', HOSTILE],
  ['dev', HOSTILE, '--once', '--memory'],
  ['dev', SEATS, '--once', '--memory', '--events', events],
];

describe('hostile text', () => {
  test.each(RUNS)('hostile text reaches the terminal as plain text: tutti %s', async (...parts) => {
    const printed = await run(...parts);
    expect(printed).not.toBe('');
    expect(printed.replace(OWN, '')).not.toMatch(OBEYED);
    expect(printed).not.toContain('\u001b[31mred');
    expect(printed.split('\n').filter((line) => line.startsWith('forged'))).toEqual([]);
  });

  test('every command is run with hostile text', async () => {
    const known = new Set(RUNS.map(([name]) => name));
    for (const name of commandFiles.filter((file) => !known.has(file))) {
      expect((await run(name, HOSTILE, HOSTILE, ...at)).replace(OWN, '')).not.toMatch(OBEYED);
    }
  });
});

describe('a terminal', () => {
  test('a terminal shows control characters as text and colours only the painted text', () => {
    const screen = new Screen();
    const terminal = new Terminal(screen as unknown as NodeJS.WriteStream, screen as unknown as NodeJS.WriteStream, {});
    terminal.print(`${terminal.colors.green('\u001b[31mred')} {31}`);
    expect(screen.text).toBe('\u001b[32m\\u001b[31mred\u001b[39m {31}\n');
  });

  test('a terminal prints JSON that parses to the same value', () => {
    const screen = new Screen();
    new Terminal(screen as unknown as NodeJS.WriteStream, screen as unknown as NodeJS.WriteStream, {}).printJson({ text: HOSTILE });
    expect(screen.text.trimEnd()).toMatch(/^[\u0020-\u007e]*$/);
    expect(JSON.parse(screen.text)).toEqual({ text: HOSTILE });
  });

  test('a terminal indents the further lines of a message, so that they cannot pose as lines of Tutti', () => {
    const screen = new Screen();
    const terminal = new Terminal(screen as unknown as NodeJS.WriteStream, screen as unknown as NodeJS.WriteStream, { NO_COLOR: '1' });
    terminal.error(new Error('first\nsecond\n    at forged (frame.ts:1)'));
    expect(screen.text.split('\n')[0]).toBe('Error: first\\u000asecond\\u000a    at forged (frame.ts:1)');
    expect(screen.text).not.toContain('\n    at forged');
  });
});
