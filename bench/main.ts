/** `npm run bench`: see bench/README.md. */
import { availableParallelism, loadavg } from 'node:os';
import { USAGE, readCommandLine } from './command-line.ts';
import { countedCases, isHeld } from './counted-cases.ts';
import { printedTable, type Row } from './printed-table.ts';
import { floorCase, logCase, timedCases, type TimedCase, type TimedRow } from './timed-cases.ts';
import { TimedRun } from './timed-run.ts';

const FUNCTIONS = 'functions';
const EMBEDDED = 'embedded';
const known = [...new Set([...Object.keys(countedCases), ...Object.keys(timedCases), EMBEDDED, FUNCTIONS])];
const options = readCommandLine(process.argv.slice(2), known);
if (typeof options === 'string') {
  console.error(`${options}\n${USAGE(known)}`);
  process.exit(2);
}
const { cases, json, countsOnly, onDynamoDb } = options;

const rows: Row[] = [];
const add = (row: Row): void => {
  rows.push(row);
  if (json) console.log(JSON.stringify(row));
};
const began = performance.now();
const progress = (text: string): void => {
  process.stderr.write(`${((performance.now() - began) / 1000).toFixed(0).padStart(4)} s  ${text}\n`);
};

for (const name of cases) {
  const counted = onDynamoDb ? await returned(name) : countedCases[name];
  if (!counted) continue;
  progress(`counting ${name}`);
  for await (const row of counted()) add(row);
}
const timed = countsOnly || onDynamoDb ? [] : cases.flatMap((name) => timedCases[name] ?? []);
if (timed.length > 0) await timeCases(timed);
if (cases.includes(EMBEDDED) && !onDynamoDb) await addEmbedded();
if (cases.includes(FUNCTIONS)) await addFunctions();
if (!json) console.log(printedTable(rows));

const over = rows.flatMap((row) =>
  row.kind === 'timed' ? [] : row.checks.filter((check) => !isHeld(check)).map((check) => ({ row, check })),
);
for (const { row, check } of over)
  console.error(`${row.case}, ${row.row}: ${check.what}: ${Number(check.counted.toFixed(3))}, at most ${check.atMost} are allowed.`);
process.exitCode = over.length > 0 ? 1 : 0;

/** Imported only here, because it loads the SDK. */
async function returned(name: string): Promise<() => AsyncIterable<Row>> {
  const { returnedRows } = await import('./returned-units.ts');
  return () => returnedRows(name);
}

/** Imported only here, because it loads SQLite. */
async function addEmbedded(): Promise<void> {
  progress(`counting ${EMBEDDED}`);
  add(await (await import('./embedded-counts.ts')).embeddedRow());
}

/** Imported only here, because it loads the bundler and the bundled code. */
async function addFunctions(): Promise<void> {
  progress(countsOnly ? 'weighing the functions' : 'weighing and timing the functions');
  const { functionRows } = await import('./function-cases.ts');
  for await (const row of functionRows(countsOnly ? undefined : progress)) add(row);
}

/** Puts the floor first, because all other cases are compared with the floor of the same run. */
async function timeCases(timed: readonly TimedCase[]): Promise<void> {
  const [load = 0] = loadavg();
  if (load > availableParallelism() / 2)
    progress(
      `the machine is busy (load ${load.toFixed(1)} on ${availableParallelism()} cores): all times but those of the CPU will be wrong`,
    );
  const run = new TimedRun();
  const interrupted = (): void => {
    run.close();
    process.exit(130);
  };
  process.once('SIGINT', interrupted).once('SIGTERM', interrupted);
  try {
    let floorStepsPerSecond = 0;
    for (const each of [floorCase, logCase, ...timed]) {
      progress(`timing ${each.case}, ${each.row}, ${each.mode}`);
      const timing = await run.time(each);
      const stepsPerSecond = timing.perSecond * each.steps;
      if (each === floorCase) floorStepsPerSecond = stepsPerSecond;
      const { case: name, row, mode, unit } = each;
      add({
        kind: 'timed',
        case: name,
        row,
        mode,
        unit,
        ...timing,
        stepsPerSecond,
        cpuMsPerStep: timing.cpuMs / each.steps,
        timesFloor: stepsPerSecond / floorStepsPerSecond,
      } satisfies TimedRow);
    }
  } finally {
    run.close();
    process.off('SIGINT', interrupted).off('SIGTERM', interrupted);
  }
}
