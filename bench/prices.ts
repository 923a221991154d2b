import { US_EAST_1 } from '../lib/console/prices.ts';

/** A list price: us-east-1, on demand, no free tier. */
export interface Price {
  readonly what: string;
  /** US dollars per million. */
  readonly usdPerMillion: number;
  readonly source: string;
}

const LIST = 'state of August 2026';

/** The prices of docs/cost.md. A source without a date was read in November 2026, prices of AWS in copies of its pages. */
export const PRICES = {
  customEvent: {
    what: 'EventBridge, custom event of up to 64 KB; its delivery within the account is free',
    usdPerMillion: US_EAST_1.customEvent,
    source: 'aws.amazon.com/eventbridge/pricing',
  },
  queueRequest: {
    what: 'SQS standard queue, request of up to 64 KB, whatever number of messages',
    usdPerMillion: US_EAST_1.queueRequest,
    source: 'aws.amazon.com/sqs/pricing',
  },
  functionRequest: { what: 'Lambda, request', usdPerMillion: US_EAST_1.functionRequest, source: 'aws.amazon.com/lambda/pricing' },
  gigabyteSecond: { what: 'Lambda, GB-second on arm64', usdPerMillion: US_EAST_1.gigabyteSecond, source: 'aws.amazon.com/lambda/pricing' },
  writeUnit: {
    what: 'DynamoDB on demand, write unit (1 KB); index writes the same',
    usdPerMillion: US_EAST_1.writeUnit,
    source: `AWS Price List, ${LIST}`,
  },
  readUnit: { what: 'DynamoDB on demand, strong read unit (4 KB)', usdPerMillion: US_EAST_1.readUnit, source: `AWS Price List, ${LIST}` },
  storedGigabyte: { what: 'DynamoDB, GB stored for a month', usdPerMillion: 250_000, source: 'aws.amazon.com/dynamodb/pricing/on-demand' },
  transition: { what: 'Step Functions Standard, state transition', usdPerMillion: 25, source: 'aws.amazon.com/step-functions/pricing' },
  durableOperation: { what: 'Lambda durable functions, operation', usdPerMillion: 8, source: 'aws.amazon.com/lambda/pricing' },
  durableGigabyte: { what: 'Lambda durable functions, GB written', usdPerMillion: 250_000, source: 'aws.amazon.com/lambda/pricing' },
  action: {
    what: 'Temporal Cloud, action, the first 5 million of a month',
    usdPerMillion: 50,
    source: 'temporalio/documentation, docs/evaluate/cloud/pricing.mdx',
  },
  actionOfMany: {
    what: 'Temporal Cloud, action, from 100 million a month on',
    usdPerMillion: 25,
    source: 'temporalio/documentation, docs/evaluate/cloud/pricing.mdx',
  },
} as const satisfies Readonly<Record<string, Price>>;

export type PriceName = keyof typeof PRICES;
