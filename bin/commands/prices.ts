import type { Command } from 'commander';
import { ClientError } from '../../lib/contract/errors.ts';
import { OFFERS, pricesFrom, type PriceOffer } from '../../lib/console/price-offers.ts';
import { usageError } from '../exit-code.ts';
import type { Invocation } from '../invocation.ts';

/** The AWS Price List, which needs no credentials. */
const PRICE_LIST = 'https://pricing.us-east-1.amazonaws.com/offers/v1.0/aws';

export function addPricesCommand(program: Command, invocation: Invocation, read: typeof readJson = readJson): void {
  program
    .command('prices')
    .description('print the list prices of an AWS region as JSON, for the --prices of tutti console')
    .argument('<region>', 'such as eu-central-1')
    .action(async (region: string) => {
      if (!/^[a-z]{2,}(-[a-z]+)+-\d$/.test(region))
        throw usageError(`${JSON.stringify(region)} is no AWS region.`, 'Name a region, such as eu-central-1.');
      const offers = await Promise.all(
        OFFERS.map(async (offer) => [offer, (await read(`${PRICE_LIST}/${offer}/current/${region}/index.json`)) as PriceOffer] as const),
      );
      invocation.terminal.printJson(pricesFrom(region, Object.fromEntries(offers)));
    });
}

async function readJson(address: string): Promise<unknown> {
  try {
    const response = await fetch(address);
    if (response.ok) return await response.json();
    throw new Error(`status ${response.status}`);
  } catch (error) {
    throw new ClientError('UNREACHABLE', `The AWS Price List did not return ${address}: ${(error as Error).message}.`, {
      remedy: 'Check the network and the name of the region, or write the list by hand and pass it with --prices.',
    });
  }
}
