import { PassThrough } from 'node:stream';
import { Command } from 'commander';
import { expect, test } from 'vitest';
import { addPricesCommand } from '../../bin/commands/prices.ts';
import { exitCodeOf } from '../../bin/exit-code.ts';
import type { Invocation } from '../../bin/invocation.ts';
import { Terminal } from '../../bin/terminal.ts';
import { OFFERS, pricesFrom, type PriceOffer } from '../../lib/console/price-offers.ts';
import { readPrices } from '../../lib/console/prices.ts';

/** An offer as the AWS Price List has it: the attributes of each product, and its prices by the beginning of the tier. */
const offer = (
  date: string,
  ...products: readonly [attributes: Readonly<Record<string, string>>, tiers: Readonly<Record<string, string>>][]
) =>
  ({
    publicationDate: date,
    products: Object.fromEntries(products.map(([attributes], index) => [`SKU${index}`, { attributes }])),
    terms: {
      OnDemand: Object.fromEntries(
        products.map(([, tiers], index) => {
          const dimensions = Object.entries(tiers).map(([beginRange, USD]) => [beginRange, { beginRange, pricePerUnit: { USD } }]);
          return [`SKU${index}`, { [`SKU${index}.JRTCKXETXF`]: { priceDimensions: Object.fromEntries(dimensions) } }];
        }),
      ),
    },
  }) satisfies PriceOffer;

const TOKYO: Readonly<Record<string, PriceOffer>> = {
  AWSEvents: offer(
    '2026-10-02T00:00:00Z',
    [{ usagetype: 'APN1-Event-64K-Chunks', eventType: 'Custom Event' }, { 0: '0.0000010000' }],
    [{ usagetype: 'APN1-Event-64K-Chunks', eventType: 'Partner Event' }, { 0: '0.0000009000' }],
  ),
  AWSQueueService: offer(
    '2026-09-16T00:00:00Z',
    [
      { group: 'SQS-APIRequest-Tier1', queueType: 'Standard' },
      { 0: '0.0000000000', 1000000: '0.0000004000', 100000000000: '0.0000003000' },
    ],
    [{ group: 'SQS-APIRequest-Tier1', queueType: 'FIFO (first-in, first-out)' }, { 0: '0.0000005000' }],
  ),
  AWSLambda: offer(
    '2026-11-01T00:00:00Z',
    [{ usagetype: 'APN1-Request-ARM' }, { 0: '0.0000002000' }],
    [{ usagetype: 'APN1-Request' }, { 0: '0.0000003000' }],
    [{ usagetype: 'APN1-Lambda-GB-Second-ARM' }, { 7500000000: '0.0000120001', 0: '0.0000133334' }],
    [{ usagetype: 'APN1-Lambda-Provisioned-GB-Second-ARM' }, { 0: '0.0000077500' }],
  ),
  AmazonDynamoDB: offer(
    '2026-11-03T00:00:00Z',
    [{ group: 'DDB-WriteUnits', operation: 'PayPerRequestThroughput' }, { 0: '0.0000007150' }],
    [{ group: 'DDB-WriteUnitsIA', operation: 'PayPerRequestThroughput' }, { 0: '0.0000008900' }],
    [{ group: 'DDB-WriteUnits', operation: 'CommittedThroughput' }, { 0: '0.0007420000' }],
    [{ group: 'DDB-ReadUnits', operation: 'PayPerRequestThroughput' }, { 0: '0.0000001425' }],
  ),
};

test('tutti prices prints the list prices of a region, with the date of the oldest offer, as tutti console takes them', async () => {
  const read: string[] = [];
  const printed = await prices('ap-northeast-1', async (address) => {
    read.push(address);
    return TOKYO[OFFERS.find((name) => address.includes(`/${name}/`))!]!;
  });
  expect(read.toSorted()).toEqual(
    OFFERS.toSorted().map((name) => `https://pricing.us-east-1.amazonaws.com/offers/v1.0/aws/${name}/current/ap-northeast-1/index.json`),
  );
  expect(readPrices(JSON.parse(printed[1]))).toEqual({
    region: 'ap-northeast-1',
    of: '2026-09-16',
    customEvent: 1,
    queueRequest: 0.4,
    functionRequest: 0.2,
    gigabyteSecond: 13.3334,
    writeUnit: 0.715,
    readUnit: 0.1425,
  });
});

test('a product without a price, and one with two, are refused by name', () => {
  const lambda = (...products: Parameters<typeof offer>[1][]) => ({ ...TOKYO, AWSLambda: offer('2026-11-01', ...products) });
  expect(() => pricesFrom('ap-northeast-1', lambda())).toThrow(
    'The offer AWSLambda of ap-northeast-1 has 0 prices of a product with usagetype ^([A-Z0-9]+-)?Request-ARM$: expected one.',
  );
  const twice = lambda([{ usagetype: 'APN1-Request-ARM' }, { 0: '0.1' }], [{ usagetype: 'APN2-Request-ARM' }, { 0: '0.2' }]);
  expect(() => pricesFrom('ap-northeast-1', twice)).toThrow('has 2 prices');
});

test('tutti prices refuses what is no region, before it asks', async () => {
  const never = async (): Promise<never> => expect.unreachable();
  expect(await prices('../Frankfurt', never)).toEqual([2, expect.stringContaining('"../Frankfurt" is no AWS region.')]);
});

/** The exit code, and all that is printed. */
async function prices(region: string, read: (address: string) => Promise<unknown>): Promise<readonly [number, string]> {
  const stream = new PassThrough();
  const invocation: Invocation = { terminal: new Terminal(stream as never, stream as never, {}), exitCode: 0 };
  const program = new Command('tutti').exitOverride();
  addPricesCommand(program, invocation, read);
  try {
    await program.parseAsync(['node', 'tutti', 'prices', region]);
  } catch (error) {
    invocation.terminal.error(error);
    return [exitCodeOf(error), String(stream.read())];
  }
  return [invocation.exitCode, String(stream.read())];
}
