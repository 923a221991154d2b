import { billUsd, lineUsd, type Bill } from './bill.ts';
import { durationMs, MEMORY_MB, otherBills, partBill, RECORD_WRITES, stepBill, tuttiBill } from './bills.ts';
import type { BookingCounts } from './booking-counts.ts';
import type { PartCounts } from './part-counts.ts';
import { PRICES } from './prices.ts';
import type { StepCounts } from './step-counts.ts';

/** Upper bounds in dollars per million bookings, with one message per batch and with ten. */
export const AIMS = { 1: 26, 10: 18 } as const;

/** The bills of one kind of traffic. */
export interface Counted {
  readonly oneByOne: BookingCounts;
  readonly tens: BookingCounts;
  readonly oneByOneCold: BookingCounts;
  readonly tensCold: BookingCounts;
  readonly step: StepCounts;
  /** One use of each part of Tutti. */
  readonly parts: readonly { readonly use: string; readonly counts: PartCounts }[];
}

/** Returns docs/cost.md, from the counts and the prices. */
export const costPage = (counted: Counted): string => {
  const { oneByOne, tens, oneByOneCold, tensCold, step, parts } = counted;
  const [warm1, warm10, cold1, cold10] = [oneByOne, tens, oneByOneCold, tensCold].map((counts) => dollars(billUsd(tuttiBill(counts))));
  return `${[
    '# What it costs',
    `\`npm run cost\` writes this page: it counts calls and units of the code and multiplies them by list prices.
\`test/bench/cost.test.ts\` compares the page with the code. The process is the travel booking that succeeds: a start,
four commands to four services, four replies, and one event at its end. Messages have less than 4 KB; the region is
us-east-1; the free tier is not counted.`,
    '## A million bookings',
    table(
      ['', 'one message at a time', 'ten in a batch'],
      [
        ['warm environments: instances stay in memory', `**${warm1}**`, warm10 as string],
        ['cold environments: nothing stays in memory', cold1 as string, `**${cold10}**`],
      ],
    ),
    `The bold figures are the expected ones. With little traffic, one warm environment serves one message after the other.
With much traffic, a batch goes to any environment, mostly to one that does not have the instance in memory. The limits
in the tests are $${AIMS[1]} and $${AIMS[10]}. A cold environment reads the head before each batch. It also repeats the sends of the last
commit, because it cannot know that they succeeded: one more tick and one more event on the bus, and the receivers
discard both as duplicates.`,
    '### One message at a time, warm environments',
    billTable(tuttiBill(oneByOne)),
    '### Ten in a batch, cold environments',
    billTable(tuttiBill(tensCold)),
    `A tick is the message that wakes an instance for the time-out of a command: one delayed message for each booking. Of the
services, both tables contain the queue calls only.`,
    '## Where the money goes',
    shares(tuttiBill(oneByOne), tuttiBill(tensCold)),
    '## The same process elsewhere',
    table(
      ['engine', 'a million', 'x Tutti', 'how'],
      [
        ['Tutti, one message at a time', warm1 as string, '1.0', 'above'],
        ...otherBills(oneByOne).map(({ engine, bill, note }) => [
          engine,
          dollars(billUsd(bill)),
          (billUsd(bill) / billUsd(tuttiBill(oneByOne))).toFixed(1),
          note,
        ]),
      ],
    ),
    ...otherBills(oneByOne).flatMap(({ engine, bill }) => [`**${engine}**`, billTable(bill)]),
    '## What one use of a part costs',
    partTable(parts),
    `Each row is the difference between instances with six uses and with two, one message at a time, warm: what the start and
the end of the instance cost is not in it. Messages are those that the engine receives, ticks included. An instance
remembers its last 64 events, which makes its head longer, so the last row is dearer than the first. A command that a
process calls is in the bill of the booking above; a part that a process does not use costs nothing.`,
    '## Costs outside these sums',
    beside(oneByOne, step),
    '## Prices',
    table(
      ['', 'a million', 'source'],
      Object.values(PRICES).map(({ what, usdPerMillion, source }) => [what, price(usdPerMillion), source]),
    ),
    `When a price changes, correct \`bench/prices.ts\` and run \`npm run cost\`. The memory of ${MEMORY_MB} MB is the default of
\`Orchestrator\`. The duration of a batch is an assumption, not a measurement. EventBridge means the bus with rules
("Classic"); AWS charges the newer one by KB.`,
  ].join('\n\n')}\n`;
};

const dollars = (usd: number): string => `$${usd.toFixed(2)}`;
const price = (usdPerMillion: number): string =>
  usdPerMillion >= 100_000 ? `$${(usdPerMillion / 1e6).toFixed(2)} each` : `$${Number(usdPerMillion.toFixed(4))}`;

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');

const quantityText = (quantity: number): string =>
  quantity > 0 && quantity < 0.001 ? quantity.toExponential(2) : String(Number(quantity.toFixed(4)));

const billTable = (bill: Bill): string =>
  table(
    ['', 'a booking', 'price a million', 'a million bookings', ''],
    [
      ...bill.map((line) => [
        line.item,
        quantityText(line.quantity),
        price(PRICES[line.price].usdPerMillion),
        dollars(lineUsd(line)),
        line.why,
      ]),
      ['**sum**', '', '', `**${dollars(billUsd(bill))}**`, ''],
    ],
  );

const SERVICES = ['EventBridge', 'SQS', 'Lambda', 'DynamoDB'] as const;

const shares = (one: Bill, ten: Bill): string => {
  const of = (bill: Bill, service: string): string => {
    const usd = billUsd(bill.filter(({ item }) => item.startsWith(service)));
    return `${dollars(usd)} (${((usd / billUsd(bill)) * 100).toFixed(0)} %)`;
  };
  return table(
    ['', 'one at a time, warm', 'ten in a batch, cold'],
    SERVICES.map((service) => [service, of(one, service), of(ten, service)]),
  );
};

const partTable = (parts: Counted['parts']): string =>
  table(
    ['', 'messages', 'write units', 'read units', 'a million uses'],
    parts.map(({ use, counts }) => [
      use,
      quantityText(counts.events + counts.ticks),
      quantityText(counts.writeUnits + counts.indexWrites),
      quantityText(counts.readUnits),
      dollars(billUsd(partBill(counts))),
    ]),
  );

const beside = (one: BookingCounts, step: StepCounts): string => {
  const records = one.commands * RECORD_WRITES * PRICES.writeUnit.usdPerMillion;
  return table(
    ['', 'costs', 'how'],
    [
      [
        'log ingestion',
        'nothing',
        'the functions log only parked events, stuck instances and failures; the platform logs of Lambda are off',
      ],
      [
        'records of the services',
        dollars(records),
        `${RECORD_WRITES} writes of up to 1 KB for each of ${one.commands} commands, a million bookings; a service with a database of its own pays nothing`,
      ],
      [
        'a step of `ctx.run`',
        dollars(billUsd(stepBill(step))),
        `a million, one message at a time: a command and a reply, ${RECORD_WRITES} writes of its record, ${quantityText(step.runnerReadUnits)} read unit and ${durationMs(1)} ms of the step runner, without what the body does. A journal that has outgrown the head is one query more`,
      ],
      ['storage', '$0.25 a month', 'a million closed bookings of 1 KB; `retention` deletes them, at one write for each item'],
      [
        'idle',
        '$8 to $10 a month',
        'polls of empty queues, alarms and the sweep: [deploying.md](deploying.md#what-it-costs-when-nothing-happens)',
      ],
      ["services' own compute", '', 'depends on their handlers'],
    ],
  );
};
