import { billUsd, lineUsd, type Bill } from './bill.ts';
import { durationMs, MEMORY_MB } from './bills.ts';
import { BATCH } from './counted-world.ts';
import { PRICES } from './prices.ts';
import { QUOTAS } from './quotas.ts';
import { BUSIEST, SHOPPER, visitsOfDay } from './shoppers.ts';
import { countVisits, type VisitCounts } from './visit-counts.ts';
import { loadOf, type VisitLoad } from './visit-model.ts';

const USERS = 1_000_000;
/** The shoppers whose visits run on the real engine. */
const SAMPLE = 100;
/** Days after which `retention` removes an ended visit. */
const KEPT_DAYS = 30;
/** Instances that one run of the sweep wakes. */
const SWEEP = 10_000;

export interface Load {
  readonly million: VisitLoad;
  readonly sample: VisitLoad;
  readonly warm: VisitCounts;
  readonly cold: VisitCounts;
}

/** Draws the day of a million shoppers, and counts the day of a hundred others on the engine. */
export const countLoad = async (): Promise<Load> => {
  const visits = [...visitsOfDay(SAMPLE, 'sample')];
  return {
    million: loadOf(visitsOfDay(USERS)),
    sample: loadOf(visits),
    warm: await countVisits(visits, false),
    cold: await countVisits(visits, true),
  };
};

export const COMPARED = ['acts', 'refreshes', 'reminders', 'ticks', 'commits', 'indexWrites'] as const;

const NAMES: Readonly<Record<(typeof COMPARED)[number], string>> = {
  acts: 'events of the shop',
  refreshes: 'computations of recommendations',
  reminders: 'reminders of a cart',
  ticks: 'wake-up messages',
  commits: 'commits, one conditional write each',
  indexWrites: 'index writes',
};

/** Returns examples/personalisation/load.md, from the model, the counts, the prices and the quotas. */
export const loadPage = ({ million, sample, warm, cold }: Load): string => {
  const unitsPerCommit = warm.writeUnits / warm.commits;
  const bus = million.acts + million.refreshes + million.reminders;
  const one = billOf(million, { batch: 1, ticks: million.ticks, writeUnits: million.commits * unitsPerCommit, readUnits: million.visits });
  const tens = billOf(million, {
    batch: BATCH,
    ticks: (million.ticks * cold.ticks) / warm.ticks,
    writeUnits: million.commits * unitsPerCommit,
    readUnits: (million.commits * cold.readUnits) / cold.commits,
  });
  const gigabytes = (million.visits * KEPT_DAYS * cold.bytes) / sample.visits / 1e9;
  const peak = Math.max(...million.busMinutes) / 60;
  const peakWrites = (peak / bus) * million.commits * unitsPerCommit;
  const peakMessages = (peak / bus) * (bus + million.ticks);
  const copies = Math.ceil((peakMessages * durationMs(BATCH)) / 1000 / BATCH);
  const swept = Math.max(...million.sweptMinutes);
  return `${[
    '# The load of a million shoppers',
    `\`npm run cost\` writes this page. \`bench/shoppers.ts\` draws one day of ${thousands(USERS)} shoppers, and \`bench/visit-model.ts\`
adds up what their visits cost, by four rules and without the engine. The visits of ${SAMPLE} other shoppers run on the real
engine, which is counted. \`test/bench/load-page.test.ts\` compares the page with the code, and the model with the counts.`,
    `The behaviour of the shoppers is an assumption: ${percent(SHOPPER.regulars)} visit ${SHOPPER.visitsOfRegular} times a day, the others once. A visit has 8 pages on
average, ${SHOPPER.pageSeconds} seconds each; after ${percent(SHOPPER.cart)} of the pages the cart changes, and ${percent(SHOPPER.purchase)} of the visits with a cart end with a
purchase. The busiest hour has ${BUSIEST.toFixed(1)} times the mean. Put the figures of your shop into \`bench/shoppers.ts\`.`,
    '## A day',
    table(
      ['', `model, ${thousands(USERS)} shoppers`, `model, ${SAMPLE} shoppers`, `counted, ${SAMPLE} shoppers`],
      [
        ['visits', thousands(million.visits), thousands(sample.visits), thousands(sample.visits)],
        ...COMPARED.map((each) => [NAMES[each], thousands(million[each]), thousands(sample[each]), thousands(warm[each])]),
      ],
    ),
    `A commit takes ${unitsPerCommit.toFixed(2)} write units on average, the chunks of the journal included, as counted. A cold environment repeats
wake-up messages, because it cannot know that they were sent: ${thousands(cold.ticks)} instead of ${thousands(warm.ticks)} as counted.`,
    '## What a day costs',
    table(
      ['', 'one message at a time, warm', 'ten in a batch, cold'],
      [
        ...one.map((line, index) => [line.item, dollars(lineUsd(line)), dollars(lineUsd(tens[index]!))]),
        ['**sum**', `**${dollars(billUsd(one))}**`, `**${dollars(billUsd(tens))}**`],
      ],
    ),
    `That is ${dollars((billUsd(tens) * 1e6) / million.visits)} to ${dollars((billUsd(one) * 1e6) / million.visits)} for a million visits. The prices are those of [cost.md](../../docs/cost.md), without the
services themselves. A month of ended visits, which
\`retention\` then removes, takes ${Math.round(gigabytes)} GB: ${dollars((gigabytes * PRICES.storedGigabyte.usdPerMillion) / 1e6)} a month.`,
    '## The busiest minute',
    table(
      ['', 'at the peak', 'limit', 'share'],
      [
        limit('entries on the bus, a second', peak, QUOTAS.putEvents['us-east-1'], 'PutEvents in the largest regions'),
        limit('the same', peak, QUOTAS.putEvents.smallest, 'PutEvents in the smallest regions'),
        limit('write units of the table, a second', peakWrites, QUOTAS.newTableWrites, 'a new table'),
        limit('copies of advance-processes, ten in a batch', copies, 50, 'the default of `maxConcurrency`'),
        limit('visits that end, a minute', swept, SWEEP, 'one run of the sweep'),
      ],
    ),
    `- **Region.** ${peak > QUOTAS.putEvents.smallest ? 'The smallest regions do not suffice without a raised quota' : 'Each region suffices'}; see [scale.md](../../docs/scale.md).
- **Each event of the shop** causes ${(million.commits / million.acts).toFixed(1)} commits: its own, and its share of computations, replies and wake-ups. Fewer
  computations, with a longer timer, are the first thing to change.
- **The timer of 30 seconds** keeps computations at ${(million.refreshes / million.acts).toFixed(2)} for each event. Without it there would be one for each event.
- **The timer of a day** is moved by each event, and is one entry of the due index all the same: an entry is never moved
  later, and one that is too early is set again.`,
  ].join('\n\n')}\n`;
};

interface Traffic {
  readonly batch: number;
  readonly ticks: number;
  readonly writeUnits: number;
  readonly readUnits: number;
}

/** Quantities for each shopper, so that a price for a million is the price of a million shoppers. */
const billOf = ({ acts, refreshes, reminders, indexWrites }: VisitLoad, { batch, ticks, writeUnits, readUnits }: Traffic): Bill => {
  const commands = refreshes + reminders;
  const events = acts + commands;
  const messages = events + ticks;
  const lines: Bill = [
    { item: 'EventBridge, events', quantity: events, price: 'customEvent', why: '' },
    { item: 'SQS, put into the inbox', quantity: events, price: 'queueRequest', why: '' },
    { item: 'SQS, sent by the engine', quantity: (commands + ticks) / batch, price: 'queueRequest', why: '' },
    { item: 'SQS, received and deleted', quantity: (2 * (messages + commands)) / batch, price: 'queueRequest', why: '' },
    { item: 'Lambda, requests', quantity: messages / batch, price: 'functionRequest', why: '' },
    {
      item: 'Lambda, duration',
      quantity: ((messages / batch) * durationMs(batch) * MEMORY_MB) / 1000 / 1024,
      price: 'gigabyteSecond',
      why: '',
    },
    { item: 'DynamoDB, writes', quantity: writeUnits, price: 'writeUnit', why: '' },
    { item: 'DynamoDB, index writes', quantity: indexWrites, price: 'writeUnit', why: '' },
    { item: 'DynamoDB, reads', quantity: readUnits, price: 'readUnit', why: '' },
  ];
  return lines.map((line) => ({ ...line, quantity: line.quantity / USERS }));
};

const limit = (what: string, value: number, most: number, name: string): readonly string[] => [
  what,
  thousands(value),
  `${thousands(most)}: ${name}`,
  percent(value / most),
];

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');

const dollars = (usd: number): string => `$${usd.toFixed(2)}`;
const percent = (share: number): string => `${Math.round(share * 100)} %`;
const thousands = (value: number): string => Math.round(value).toLocaleString('en-US');
