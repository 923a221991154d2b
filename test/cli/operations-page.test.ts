import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { exitCodeOf } from '../../bin/exit-code.ts';
import type { Invocation } from '../../bin/invocation.ts';
import { Terminal } from '../../bin/terminal.ts';
import { startLocal, type LocalSystem } from '../../lib/local/index.ts';
import { brokenBuild, fixedTrips, services } from './trips-at-night.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const page = readFileSync(new URL('../../docs/operations.md', import.meta.url), 'utf8');
/** The files and folders that the commands of the page name. */
const PLACES: Readonly<Record<string, string>> = { 'trips/system.ts': join(import.meta.dirname, 'trips-at-night.ts') };

/** The commands of the code blocks, in the order of the page. */
const inBlocks = [...page.matchAll(/^ *```sh\n([\s\S]*?)^ *```$/gm)].flatMap(([, block = '']) =>
  block
    .split('\n')
    .map((line) => line.replace(/ +#.*$/, '').trim())
    .filter((line) => line !== '' && !line.startsWith('#')),
);
/** The commands between backticks in the text and in the tables. */
const inText = [...page.replaceAll(/^ *```[\s\S]*?^ *```$/gm, '').matchAll(/`(tutti [^`]* --stack trips)`/g)].map(([, line = '']) => line);

/** Splits a line as a shell does, without escapes. */
const partsOf = (line: string): readonly string[] =>
  [...line.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '').slice(1);

interface Ended {
  readonly code: number;
  readonly text: string;
}

const folder = mkdtempSync(join(tmpdir(), 'tutti-night-'));
const commandFiles = readdirSync(new URL('../../bin/commands', import.meta.url)).map((name) => name.replace('.ts', ''));

/** Runs a command of the page on the folder, in this process and into a pipe. */
const run = async (line: string): Promise<Ended> => {
  let text = '';
  const stream = { write: (part: string) => (text += part) } as unknown as NodeJS.WriteStream;
  const terminal = new Terminal(stream, stream, {});
  const invocation: Invocation = { terminal, exitCode: 0 };
  const program = new Command('tutti').enablePositionalOptions().exitOverride();
  for (const name of commandFiles)
    for (const add of Object.values((await import(`../../bin/commands/${name}.ts`)) as Readonly<Record<string, unknown>>))
      if (typeof add === 'function') (add as (program: Command, invocation: Invocation) => void)(program, invocation);
  const parts = partsOf(line.replace(' --stack trips', '')).map((part) => PLACES[part] ?? part);
  try {
    await program.parseAsync(['node', 'tutti', ...parts, '--local', folder]);
  } catch (error) {
    terminal.error(error);
    return { code: exitCodeOf(error), text };
  }
  return { code: invocation.exitCode, text };
};

/** The story of each cart that the page names, and of some that it only counts. */
const CARTS = {
  bug: ['cart-5', 'cart-15', 'cart-25'],
  unknown: ['cart-6', 'cart-16'],
  'undo fails': ['cart-7'],
  waits: ['cart-8', 'cart-18', 'cart-28', 'cart-10'],
  'lost race': ['cart-11'],
  done: ['cart-9'],
} as const;

/** Brings the system into the state in which the page finds it. */
const trouble = async (): Promise<void> => {
  for (const [story, carts] of Object.entries(CARTS))
    for (const cartId of carts) await run(`tutti publish trips.checked-out '${JSON.stringify({ cartId, story })}'`);
  const count = async (choice: string): Promise<number> => (await run(`tutti list ${choice} --json`)).text.match(/"run"/g)?.length ?? 0;
  await vi.waitUntil(async () => (await count('--status stuck')) === 6, { timeout: 60_000, interval: 100 });
  await vi.waitUntil(async () => (await run('tutti why book-trip cart-11')).text.includes('completed'), { timeout: 60_000, interval: 100 });
  await run(`tutti publish trips.confirmed '{"cartId":"cart-9"}'`);
  await vi.waitUntil(async () => (await run('tutti parked')).text.includes('CLOSED'), { timeout: 60_000, interval: 100 });
};

const start = (system: typeof fixedTrips): Promise<LocalSystem> => startLocal(system, { directory: folder, services, onFault: () => {} });

describe('docs/operations.md', () => {
  const ended = new Map<string, Ended>();
  const runAll = async (lines: readonly string[]): Promise<void> => {
    // The page repeats a command after the fix, when it prints less.
    for (const line of lines) if (!ended.has(line)) ended.set(line, await run(line));
  };

  beforeAll(async () => {
    const fix = inBlocks.findIndex((line) => line.startsWith('tutti resume'));
    const stopped = inBlocks.filter((line) => /^tutti (?:replay|repair)/.test(line));
    const broken = await start(brokenBuild());
    await trouble();
    await runAll(inBlocks.slice(0, fix));
    await broken.stop();
    // The fix is deployed before the page resumes anything.
    const fixed = await start(fixedTrips);
    await runAll(inBlocks.slice(fix).filter((line) => !stopped.includes(line)));
    await runAll(inText);
    await fixed.stop();
    await runAll(stopped);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test('has no command that ends with an error', () => {
    expect(ended.size).toBeGreaterThan(20);
    expect([...ended].filter(([, { code }]) => code !== 0).map(([line, { code, text }]) => `${line}: ${code} ${text}`)).toEqual([]);
  });

  test.each([
    ['tutti list --status stuck --group', /^[0-9a-f]{8} {2}3 book-trip stuck \(POISON\): .*no such row/],
    ['tutti list --status running --group', /4 book-trip running: waits for the event trips\.confirmed/],
    ['tutti parked', /book-trip cart-9 {2}CLOSED/],
    ['tutti list --unresolved', /book-trip cart-11/],
    ['tutti why', /^book-trip cart-5 stuck \(POISON\)/],
    ['tutti resume book-trip cart-5', /^(?:running|completed)\n$/],
    ['tutti resume --cause POISON --stack', /^2 stuck instances match\.\nNothing was resumed/],
    ['tutti resume --cause POISON --yes', /\n2 of 2 resumed\.\n/],
    ['tutti resume book-trip cart-7', /^(?:running|failed)\n$/],
    ['tutti pause', /^paused by .*: the airline checks the fare\n$/],
    [
      'tutti list --status paused',
      /^book-trip cart-28 {2}paused .*paused by .*: the airline checks the fare\. Until it is resumed, nothing is decided; waits for/,
    ],
    ['tutti resume book-trip cart-28', /^running\n$/],
    ['tutti holds', /^the process book-trip {2}paused .*held$\n^the service flights {2}paused .*, new starts are refused$/m],
    ['tutti fork book-trip cart-18 --at start --supersede --plan', /^cart-18~f1 adopts 0 entries and receives 0 events\n$/],
    ['tutti fork book-trip cart-18 --at start --supersede --reason', /^forked as book-trip cart-18b\n$/],
    ['tutti show book-trip cart-18b', /started/],
    ['tutti list --process book-trip', /^book-trip cart-18b .*; a fork of cart-18$/m],
    ['tutti erase', /^erased; completed\n$/],
    ['tutti show book-trip cart-9', /erased by .*: request 4711 of the customer/],
    ['tutti cancel', /^(?:running|cancelled)\n$/],
    ['tutti terminate', /^terminated\n$/],
    ['tutti resolve book-trip cart-6', /^(?:running|completed)\n$/],
    ['tutti resolve book-trip cart-16', /^(?:running|failed)\n$/],
    ['tutti redrive book-trip', /^1 parked event matches: 1 CLOSED\n1 of 1 sent\n$/],
    ['tutti discard --reason MALFORMED --stack', /^0 parked events match\.\n$/],
    ['tutti publish', /^confirmed-10-again\n$/],
    ['tutti audit --since', /^\S+Z {2}\w+ +book-trip cart-\d+.* {2}by \S+.*: /m],
    ['tutti replay', /\b0 differ\.\n$/],
    ['tutti repair', /is not damaged/],
  ])('%s prints what the page promises', (start, printed) => {
    expect(ended.get(inBlocks.find((line) => line.startsWith(start)) ?? '')?.text).toMatch(printed);
  });

  test('has only commands of tutti that run here, and commands of AWS in blocks of their own', () => {
    expect(inBlocks.filter((line) => !line.startsWith('tutti '))).toEqual([]);
    expect(inText.length).toBeGreaterThan(5);
  });
});
