export interface BenchOptions {
  /** Cases to run, in the order in which they are printed. */
  readonly cases: readonly string[];
  /** One line of JSON for each row, instead of the table. */
  readonly json: boolean;
  /** Only what is counted: no clock is looked at. */
  readonly countsOnly: boolean;
}

export const USAGE = (known: readonly string[]): string =>
  `Usage: npm run bench -- [CASE…] [--counts] [--json]\n` +
  `  CASE      ${known.join(', ')} (default: all)\n` +
  `  --counts  only what is counted, with its limits; nothing is timed\n` +
  `  --json    one line of JSON for each row, instead of the table\n` +
  `Exits with 1 where a count is over its limit; no time ever fails.`;

/** What was asked for; a sentence where that cannot be understood. */
export const readCommandLine = (words: readonly string[], known: readonly string[]): BenchOptions | string => {
  const asked = new Set<string>();
  let json = false;
  let countsOnly = false;
  for (const word of words) {
    if (word === '--json') json = true;
    else if (word === '--counts') countsOnly = true;
    else if (known.includes(word)) asked.add(word);
    else return `${word} is neither an option nor a case: expected --json, --counts, or one of ${known.join(', ')}.`;
  }
  return { cases: asked.size === 0 ? known : known.filter((name) => asked.has(name)), json, countsOnly };
};
