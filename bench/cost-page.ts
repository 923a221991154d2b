import { billUsd, lineUsd, type Bill } from './bill.ts';
import { MEMORY_MB, otherBills, tuttiBill } from './bills.ts';
import type { BookingCounts } from './booking-counts.ts';
import { PRICES } from './prices.ts';

/** Upper bounds in dollars per million bookings, with one message per batch and with ten. */
export const AIMS = { 1: 26, 10: 18 } as const;

/** The bills of one kind of traffic. */
export interface Counted {
  readonly oneByOne: BookingCounts;
  readonly tens: BookingCounts;
  readonly oneByOneCold: BookingCounts;
  readonly tensCold: BookingCounts;
}

/** Returns docs/cost.md, from the counts and the prices. */
export const costPage = (counted: Counted): string => {
  const { oneByOne, tens, oneByOneCold, tensCold } = counted;
  const [warm1, warm10, cold1, cold10] = [oneByOne, tens, oneByOneCold, tensCold].map((counts) => dollars(billUsd(tuttiBill(counts))));
  return `${[
    '# What it costs',
    `Written by \`npm run cost\` from calls and units that are counted, times list prices; \`test/bench/cost.test.ts\` holds it to what the code does. The process is the
travel booking that succeeds: a start, four commands to four services, four replies, one event at its end. Messages of less than 4 KB, us-east-1, no free
tier.`,
    '## A million bookings',
    table(
      ['', 'one message at a time', 'ten in a batch'],
      [
        ['environments that stay warm', `**${warm1}**`, warm10 as string],
        ['nothing kept between two batches', cold1 as string, `**${cold10}**`],
      ],
    ),
    `The bold ones are what we expect: few messages meet the environment that served the last ones, many meet any. Aim: at most $${AIMS[1]} and $${AIMS[10]}. Without its
memory the engine reads a head before each batch, and sends again what the last commit sent, because it cannot know that it went out: one more tick and
one more event on the bus, which their receivers know for duplicates.`,
    '### One message at a time, warm',
    billTable(tuttiBill(oneByOne)),
    '### Ten in a batch, nothing kept',
    billTable(tuttiBill(tensCold)),
    `A tick is the engine's own wake-up for the time-out of a command: one delayed message for each booking. Both tables hold the queue calls of the services, and
nothing else of theirs.`,
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
    '## Not in the sums',
    beside(oneByOne),
    '## Prices',
    table(
      ['', 'a million', 'source'],
      Object.values(PRICES).map(({ what, usdPerMillion, source }) => [what, price(usdPerMillion), source]),
    ),
    `Prices change: correct \`bench/prices.ts\`, run \`npm run cost\`. The memory of ${MEMORY_MB} MB is the default of \`Orchestrator\`; the duration of a batch is an assumption, not a
measurement. EventBridge means the bus with rules ("Classic"); the newer one is charged by KB.`,
  ].join('\n\n')}\n`;
};

const dollars = (usd: number): string => `$${usd.toFixed(2)}`;
const price = (usdPerMillion: number): string =>
  usdPerMillion >= 100_000 ? `$${(usdPerMillion / 1e6).toFixed(2)} each` : `$${Number(usdPerMillion.toFixed(4))}`;

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');

const quantityText = (quantity: number): string => (quantity < 0.001 ? quantity.toExponential(2) : String(Number(quantity.toFixed(4))));

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

/** Writes per command: the claim and the completion, each at most 1 KB with its envelope. */
const RECORD_WRITES = 2;

const beside = (one: BookingCounts): string => {
  const records = one.commands * RECORD_WRITES * PRICES.writeUnit.usdPerMillion;
  return table(
    ['', 'costs', 'how'],
    [
      [
        'log ingestion',
        'nothing',
        'only parked events, stuck instances and failures are logged; the lines of Lambda itself are switched off',
      ],
      [
        'records of the services',
        dollars(records),
        `${RECORD_WRITES} writes of up to 1 KB for each of ${one.commands} commands, a million bookings; a service with a database of its own pays nothing`,
      ],
      ['storage', '$0.25 a month', 'a million closed bookings of 1 KB; `retention` ends it, with one write for each item'],
      [
        'idle',
        'about $5 a month',
        'polls of empty queues, alarms, the sweep: [deploying.md](deploying.md#what-it-costs-when-nothing-happens)',
      ],
      ["services' own compute", '', 'depends on their handlers'],
    ],
  );
};
