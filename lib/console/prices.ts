import { requireFit } from './request-values.ts';

/** US dollars per million of each unit that a run uses, on demand and without the free tier. */
export interface PriceList {
  readonly region: string;
  /** The month of the list. */
  readonly of: string;
  readonly customEvent: number;
  readonly queueRequest: number;
  readonly functionRequest: number;
  readonly gigabyteSecond: number;
  readonly writeUnit: number;
  readonly readUnit: number;
}

/**
 * The list prices of us-east-1: aws.amazon.com/eventbridge/pricing, /sqs/pricing (standard queue, requests of up to 64 KB) and
 * /lambda/pricing (arm64), read in November 2026; DynamoDB of the AWS Price List, state of August 2026.
 */
export const US_EAST_1: PriceList = {
  region: 'us-east-1',
  of: 'November 2026',
  customEvent: 1,
  queueRequest: 0.4,
  functionRequest: 0.2,
  gigabyteSecond: 13.3334,
  writeUnit: 0.625,
  readUnit: 0.125,
};

/** Reads a list of prices from JSON. Throws `DATA_INVALID` if it is none. */
export function readPrices(value: unknown): PriceList {
  const names = Object.keys(US_EAST_1);
  const properties = Object.fromEntries(names.map((name) => [name, { type: name === 'region' || name === 'of' ? 'string' : 'number' }]));
  requireFit(value, { type: 'object', required: names, properties, additionalProperties: false }, 'The list of prices');
  return value as PriceList;
}
