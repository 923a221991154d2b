import { ContractError } from '../contract/errors.ts';
import type { PriceList } from './prices.ts';

/** An offer of the AWS Price List: the products and prices of one service in one region. */
export interface PriceOffer {
  readonly publicationDate: string;
  readonly products: Readonly<Record<string, { readonly attributes: Readonly<Record<string, string>> }>>;
  readonly terms: { readonly OnDemand: Readonly<Record<string, Readonly<Record<string, Term>>>> };
}

interface Term {
  readonly priceDimensions: Readonly<Record<string, { readonly beginRange?: string; readonly pricePerUnit: { readonly USD?: string } }>>;
}

type Priced = Exclude<keyof PriceList, 'region' | 'of'>;

/** The offer of each price, and the attributes of its product. A usage type begins with the short name of its region, or with none. */
const PRODUCTS: Readonly<Record<Priced, readonly [offer: string, attributes: Readonly<Record<string, RegExp>>]>> = {
  customEvent: ['AWSEvents', { usagetype: /(^|-)Event-64K-Chunks$/, eventType: /^Custom Event$/ }],
  queueRequest: ['AWSQueueService', { group: /^SQS-APIRequest-Tier1$/, queueType: /^Standard$/ }],
  functionRequest: ['AWSLambda', { usagetype: /^([A-Z0-9]+-)?Request-ARM$/ }],
  gigabyteSecond: ['AWSLambda', { usagetype: /^([A-Z0-9]+-)?Lambda-GB-Second-ARM$/ }],
  writeUnit: ['AmazonDynamoDB', { group: /^DDB-WriteUnits$/, operation: /^PayPerRequestThroughput$/ }],
  readUnit: ['AmazonDynamoDB', { group: /^DDB-ReadUnits$/, operation: /^PayPerRequestThroughput$/ }],
};

/** The services whose offers `pricesFrom` reads. */
export const OFFERS: readonly string[] = [...new Set(Object.values(PRODUCTS).map(([offer]) => offer))];

/**
 * The list prices of a region, of the first paid tier. `of` is the date of the oldest offer.
 * @throws ContractError `DATA_INVALID` if an offer does not have exactly one price of a product
 */
export function pricesFrom(region: string, offers: Readonly<Record<string, PriceOffer>>): PriceList {
  const prices = Object.entries(PRODUCTS).map(([name, [service, attributes]]) => {
    const found = new Set(pricesOf(offers[service] as PriceOffer, attributes));
    const [price] = found;
    if (price !== undefined && found.size === 1) return [name, price];
    const wanted = Object.entries(attributes).map(([attribute, form]) => `${attribute} ${form.source}`);
    throw new ContractError(
      'DATA_INVALID',
      `The offer ${service} of ${region} has ${found.size} prices of a product with ${wanted.join(' and ')}: expected one.`,
    );
  });
  const [oldest = ''] = Object.values(offers)
    .map(({ publicationDate }) => publicationDate.slice(0, 10))
    .toSorted();
  return { region, of: oldest, ...Object.fromEntries(prices) } as PriceList;
}

/** Dollars per million of each product that has the attributes. A free tier has a price of zero. */
function pricesOf({ products, terms }: PriceOffer, attributes: Readonly<Record<string, RegExp>>): number[] {
  const skus = Object.entries(products).filter(([, product]) =>
    Object.entries(attributes).every(([name, form]) => form.test(product.attributes[name] ?? '')),
  );
  return skus.flatMap(([sku]) => {
    const tiers = Object.values(terms.OnDemand[sku] ?? {}).flatMap(({ priceDimensions }) => Object.values(priceDimensions));
    const paid = tiers.filter(({ pricePerUnit }) => Number(pricePerUnit.USD) > 0);
    const [first] = paid.toSorted((one, other) => Number(one.beginRange) - Number(other.beginRange));
    return first === undefined ? [] : [Number((Number(first.pricePerUnit.USD) * 1_000_000).toPrecision(6))];
  });
}
