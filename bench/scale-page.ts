import { LIST_SHARDS } from '../lib/adapters/dynamodb/shard.ts';
import { billUsd } from './bill.ts';
import { durationMs, tuttiBill } from './bills.ts';
import type { BookingCounts } from './booking-counts.ts';
import { BATCH } from './counted-world.ts';
import { QUOTAS } from './quotas.ts';

const RATES = [1_000, 10_000, 100_000] as const;
/** The default of `maxConcurrency`. */
const COPIES = 50;
const REGIONS = ['us-east-1', 'us-west-2', 'eu-west-1', 'us-east-2', 'eu-central-1', 'smallest'] as const;

/** Returns docs/scale.md, from the quotas of AWS and the counts of full batches in cold environments. */
export const scalePage = (counted: BookingCounts): string => {
  const { events, ticks, commands, busEvents, writeUnits } = counted;
  const messages = events + ticks;
  // A booking enters the index partition of running instances, and leaves it.
  const listWrites = 2;
  const copiesFor = (rate: number): number => Math.ceil((rate * messages * durationMs(BATCH)) / 1000 / BATCH);
  const rateOf = (copies: number): number => Math.floor((copies * BATCH * 1000) / durationMs(BATCH) / messages);
  const dayUsd = (rate: number): number => (billUsd(tuttiBill(counted)) * rate * 86_400) / 1e6;
  const limits: readonly (readonly [rate: number, what: string, remedy: string])[] = [
    [
      QUOTAS.newTableWrites / writeUnits,
      `a new table: ${thousands(QUOTAS.newTableWrites)} write units a second, doubling within half an hour`,
      '`warmThroughput`',
    ],
    [
      rateOf(COPIES),
      `${COPIES} copies of advance-processes, the default, at ${durationMs(BATCH)} ms for a batch of ${BATCH}`,
      '`maxConcurrency`, and the quota of concurrent executions',
    ],
    [
      QUOTAS.putEvents['us-east-1'] / busEvents,
      `PutEvents in the largest regions, ${thousands(QUOTAS.putEvents['us-east-1'])} requests a second`,
      'quota "PutEvents throttle limit"',
    ],
    [
      QUOTAS.invocations['us-east-1'] / events,
      `invocations by rules in the largest regions, ${thousands(QUOTAS.invocations['us-east-1'])} a second; events above it are late, not lost`,
      'quota "Invocations throttle limit"',
    ],
    [
      QUOTAS.tableWrites / writeUnits,
      `one table, ${thousands(QUOTAS.tableWrites)} write units a second`,
      'quota "Table-level write throughput"',
    ],
    [
      (LIST_SHARDS * QUOTAS.partitionWrites) / listWrites,
      `the list index of one process: ${LIST_SHARDS} shards of ${thousands(QUOTAS.partitionWrites)} writes a second, ${listWrites} writes a booking`,
      'none: several process names, or deployments',
    ],
    [rateOf(QUOTAS.mappingCopies), `one event source mapping, ${thousands(QUOTAS.mappingCopies)} copies`, 'none: several deployments'],
  ];
  return `${[
    '# How far it scales',
    `These limits are calculated, not measured on AWS: the default quotas of AWS (\`bench/quotas.ts\`) divided by the calls
that \`npm run cost\` counts. \`test/bench/scale-page.test.ts\` compares this page with both. The process is the travel
booking of [cost.md](cost.md), in full batches and cold environments. Measure your own process before you rely on these
limits, because the duration of a batch is an assumption.`,
    '## Calls and units of one booking',
    table(
      ['', 'a booking'],
      [
        ['entries on the bus, at most one request each', number(busEvents)],
        ['events that rules put into the inbox', number(events)],
        ['messages to advance-processes, ticks included', number(messages)],
        ['commands to services', number(commands)],
        ['write units of the main table', number(writeUnits)],
        ['writes of the list index, among the running instances', number(listWrites)],
      ],
    ),
    '## The first limits',
    'One deployment with default quotas. A tenth of these rates needs no further check.',
    table(
      ['bookings a second', 'limit', 'how to raise it'],
      limits.toSorted(([one], [other]) => one - other).map(([rate, what, remedy]) => [thousands(Math.floor(rate)), what, remedy]),
    ),
    'In each region, the lower of the quotas for PutEvents and invocations decides:',
    table(
      ['region', 'PutEvents', 'invocations', 'bookings a second'],
      REGIONS.map((region) => {
        const [puts, invocations] = [QUOTAS.putEvents[region] / busEvents, QUOTAS.invocations[region] / events].map(Math.floor) as [
          number,
          number,
        ];
        return [
          region === 'smallest' ? 'the smallest' : region,
          thousands(puts),
          thousands(invocations),
          `**${thousands(Math.min(puts, invocations))}**`,
        ];
      }),
    ),
    '## Quotas to request',
    table(
      ['bookings a second', ...RATES.map(thousands)],
      [
        ['PutEvents requests a second', ...RATES.map((rate) => thousands(rate * busEvents))],
        ['invocations by rules a second', ...RATES.map((rate) => thousands(rate * events))],
        ['write units a second of the table', ...RATES.map((rate) => thousands(rate * writeUnits))],
        ['copies of advance-processes', ...RATES.map((rate) => thousands(copiesFor(rate)))],
        ['dollars a day', ...RATES.map((rate) => thousands(dayUsd(rate)))],
        [
          'fits one deployment',
          'in the three largest regions: set `warmThroughput` and a `maxConcurrency` of twice the copies',
          'with every quota above raised before the first load, and `reservedConcurrency`; all bookings of one process name fit the list index, with a third to spare',
          'no: several deployments, each with a bus, an inbox and a table of its own, and bookings divided among them by their id',
        ],
      ],
    ),
    '## Limits outside these tables',
    `- **Services.** Each service receives a quarter of the commands. A \`ServiceFunction\` has 20 copies of ten commands: with
  handlers of 100 ms that is 2,000 commands a second, and \`maxConcurrency\` raises it. The records of a service take two
  write units for each command, in a table of their own.
- **The concurrency of the account.** All functions of an account share 1,000 copies, and a new account has far fewer.
  Add the maxima of all event sources and request that quota, or reserve copies with \`reservedConcurrency\`.
- **Long timers.** \`sweep-timers\`, one function, runs once a minute and wakes the timers beyond 15 minutes. One run
  wakes more than 10,000 timers, as long as its 50 seconds last. If they do not last, it logs \`unseen\`, which has an
  alarm: raise \`memorySizeMb\`.
- **One instance.** Its events commit one after the other; the hot lane commits ten at a time.
- **Starts of clients** wait in a queue of their own. Each adds one SQS request in place of one entry on the bus.
- **A sudden load.** When the load doubles within minutes, the table throttles it. The engine returns the messages to
  the queue with growing pauses and applies them later; none is parked for that reason.`,
  ].join('\n\n')}\n`;
};

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');

const number = (value: number): string => String(Number(value.toFixed(2)));
const thousands = (value: number): string => Math.round(value).toLocaleString('en-US');
