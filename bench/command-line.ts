export interface BenchOptions {
  /** Cases to run, in the order of the output. */
  readonly cases: readonly string[];
  /** Prints one line of JSON per row instead of the table. */
  readonly json: boolean;
  /** Runs only the counted cases, without measuring time. */
  readonly countsOnly: boolean;
  /** Runs only the counted cases, on DynamoDB, with the units that it returns. */
  readonly onDynamoDb: boolean;
}

/** Cases that can run on DynamoDB. */
export const ON_DYNAMODB: readonly string[] = ['happy', 'compensate', 'long'];

export const USAGE = (known: readonly string[]): string =>
  `Usage: npm run bench -- [CASE…] [--counts | --dynamodb] [--json]\n` +
  `  CASE        ${known.join(', ')} (default: all)\n` +
  `  --counts    only what is counted, with its limits; nothing is timed\n` +
  `  --dynamodb  ${ON_DYNAMODB.join(', ')} on the DynamoDB of the environment (AWS_ENDPOINT_URL, else AWS): the units that it\n` +
  `              returns, beside those predicted\n` +
  `  --json      one line of JSON for each row, instead of the table\n` +
  `Exits with 1 where a count is over its limit or units differ by more than 5 %; no time ever fails.`;

/** Parses the arguments. Returns an error message if they are invalid. */
export const readCommandLine = (words: readonly string[], known: readonly string[]): BenchOptions | string => {
  const asked = new Set<string>();
  let json = false;
  let countsOnly = false;
  let onDynamoDb = false;
  for (const word of words) {
    if (word === '--json') json = true;
    else if (word === '--counts') countsOnly = true;
    else if (word === '--dynamodb') onDynamoDb = true;
    else if (known.includes(word)) asked.add(word);
    else return `${word} is neither an option nor a case: expected --json, --counts, --dynamodb, or one of ${known.join(', ')}.`;
  }
  const run = onDynamoDb ? known.filter((name) => ON_DYNAMODB.includes(name)) : known;
  const missing = [...asked].find((name) => !run.includes(name));
  if (missing !== undefined) return `${missing} is not run on DynamoDB: expected ${run.join(', ')}.`;
  return { cases: asked.size === 0 ? run : run.filter((name) => asked.has(name)), json, countsOnly, onDynamoDb };
};
