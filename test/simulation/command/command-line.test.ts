import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CommanderError } from 'commander';
import { describe, expect, onTestFinished, test } from 'vitest';
import { simulateCommand, type SimulateOptions } from './command-line.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));

const parsed = (...words: string[]): SimulateOptions => simulateCommand().parse(words, { from: 'user' }).opts<SimulateOptions>();

/** The error output for wrong usage. */
const refusal = (...words: string[]): string => {
  let told = '';
  try {
    simulateCommand()
      .configureOutput({ writeErr: (text) => (told += text) })
      .parse(words, { from: 'user' });
  } catch (error) {
    expect(error).toBeInstanceOf(CommanderError);
  }
  return told;
};

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the command in a pipe to its end. Sends Ctrl-C as soon as its error output contains `until`. */
const simulate = (words: readonly string[], until?: string): Promise<Ended> => {
  const child = spawn(process.execPath, ['--conditions=source', '--import', 'tsx', join(root, 'test/simulation/main.ts'), ...words], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
    if (until !== undefined && stderr.includes(until)) child.kill('SIGINT');
  });
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, stdout, stderr })));
};

describe('the command line', () => {
  test('runs seeds 1 to 2,000 by default', () => {
    expect(parsed()).toMatchObject({ seeds: 2_000, from: 1, tries: 2_000 });
    expect(parsed().jobs).toBeGreaterThan(0);
  });

  test('takes a range of seeds, a time limit, and a file for the totals', () => {
    expect(parsed('--from', '2001', '--seeds', '500', '--minutes', '1.5', '--totals', 'x.json', '--jobs', '1')).toMatchObject({
      from: 2_001,
      seeds: 500,
      minutes: 1.5,
      totals: 'x.json',
      jobs: 1,
    });
  });

  test('hunts all planted bugs, or one', () => {
    expect(parsed('--planted').planted).toBe(true);
    expect(parsed('--planted', 'M1', '--write')).toMatchObject({ planted: 'M1', write: true });
  });

  test.each([
    ['--seeds', '0'],
    ['--seeds', '1.5'],
    ['--from', '-1'],
    ['--seed', 'x'],
    ['--minutes', '0'],
  ])('refuses %s %s', (option, value) => {
    expect(refusal(option, value)).toMatch(/Expected a (?:whole )?number/);
  });

  test('refuses options that exclude each other', () => {
    expect(refusal('--seed', '1', '--fixture', 'x.json')).toContain('cannot be used with');
    expect(refusal('--seed', '1', '--check-digests')).toContain('cannot be used with');
  });
});

describe('npm run simulate', () => {
  test('prints one object, and exits with 0 if all holds', async () => {
    const { code, stdout, stderr } = await simulate(['--seeds', '2', '--scenario', 'trips', '--json']);
    expect(stderr).toContain('seeds 1 to 2');
    const run = JSON.parse(stdout) as { readonly tally: object };
    expect(run.tally).toMatchObject({ ranges: [[1, 2]], seeds: 2, scenarios: { trips: 2 }, failed: [] });
    expect(code).toBe(0);
  });

  test('ends at Ctrl-C with the figures so far', async () => {
    const { code, stdout } = await simulate(['--seeds', '100000', '--scenario', 'trips'], 'seeds 1 to');
    expect(stdout).toMatch(/^seeds +\d/);
    expect(stdout).toContain('interrupted; go on with --from');
    expect(code).toBe(130);
  });

  test.each([
    [['--shrink'], '--shrink needs to know what'],
    [['--write'], '--write goes with --planted'],
    [['--scenario', 'nothing'], 'Name one of'],
  ])('exits with 2 at %j', async (words, told) => {
    const { code, stderr } = await simulate(words);
    expect(stderr).toContain(told);
    expect(code).toBe(2);
  });
});
