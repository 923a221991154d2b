import { availableParallelism } from 'node:os';
import { Command, InvalidArgumentError, Option } from 'commander';

export interface SimulateOptions {
  readonly seeds: number;
  readonly from: number;
  readonly seed?: number;
  readonly fixture?: string;
  readonly scenario?: string;
  readonly jobs: number;
  readonly minutes?: number;
  readonly totals?: string;
  readonly shrink?: true;
  readonly tries: number;
  readonly checkDigests?: true;
  readonly planted?: string | true;
  readonly write?: true;
  readonly json?: true;
}

export const simulateCommand = (): Command =>
  new Command('simulate')
    .description('Runs the real code in a simulated cloud that does everything AWS is allowed to do, once for each seed.')
    .addOption(new Option('--seeds <count>', 'how many seeds').argParser(wholeNumber).default(2_000))
    .addOption(new Option('--from <seed>', 'the first of them').argParser(wholeNumber).default(1))
    .addOption(new Option('--seed <seed>', 'replay one, with its trace').argParser(wholeNumber))
    .addOption(new Option('--fixture <file>', 'replay the choices of a fixture, with its trace').conflicts('seed'))
    .addOption(
      new Option('--shrink', 'make a failing run small, and keep it as a fixture; with --planted NAME, the first seed that shows that bug'),
    )
    .addOption(new Option('--tries <count>', 'how many tries at most, to shrink').argParser(wholeNumber).default(2_000))
    .addOption(new Option('--scenario <name>', 'only this one (default: the seed draws one)'))
    .addOption(
      new Option('--check-digests', 'check that each seed gives the same bytes again, after other seeds, and on another Node').conflicts([
        'seed',
        'fixture',
      ]),
    )
    .addOption(new Option('--planted [bug]', 'hunt planted bugs, all or one; with --seed, replay that seed with the bug in'))
    .addOption(new Option('--write', 'with --planted: write its table; with --shrink too: keep the fixture'))
    .addOption(new Option('--jobs <count>', 'worker processes').argParser(wholeNumber).default(availableParallelism(), 'as many as cores'))
    .addOption(new Option('--minutes <minutes>', 'begin no seed after this time').argParser(positive))
    .addOption(new Option('--totals <file>', 'add the figures of this run to the totals in this JSON file'))
    .addOption(new Option('--json', 'one JSON object instead of the figures'))
    .addHelpText('after', '\nExit codes: 0 all holds, 1 a violation, 2 wrong usage, 130 interrupted.')
    .showHelpAfterError('(--help shows all options)')
    .exitOverride();

const wholeNumber = (text: string): number => {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < 1 || !Number.isSafeInteger(value)) throw new InvalidArgumentError('Expected a whole number from 1.');
  return value;
};

const positive = (text: string): number => {
  const value = Number(text);
  if (!(value > 0) || !Number.isFinite(value)) throw new InvalidArgumentError('Expected a number above 0.');
  return value;
};
