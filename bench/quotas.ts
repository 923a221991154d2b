/** Default quotas and measures of AWS that bound a deployment, state of November 2026; a region that is not named has the last. */
export const QUOTAS = {
  /** PutEvents requests a second; "EventBridge quotas". Adjustable. */
  putEvents: { 'us-east-1': 10_000, 'us-west-2': 10_000, 'eu-west-1': 10_000, 'us-east-2': 2_400, 'eu-central-1': 2_400, smallest: 400 },
  /** Events that rules put into targets a second, later ones are late; "EventBridge quotas". Adjustable. */
  invocations: {
    'us-east-1': 18_750,
    'us-west-2': 18_750,
    'eu-west-1': 18_750,
    'us-east-2': 4_500,
    'eu-central-1': 4_500,
    smallest: 750,
  },
  /** Write units a second that a new table takes, and the most of a table; "DynamoDB on-demand capacity mode", "DynamoDB quotas". The second is adjustable. */
  newTableWrites: 4_000,
  tableWrites: 40_000,
  /** Write units a second of one partition of a table or an index. */
  partitionWrites: 1_000,
  /** The most copies that one event source mapping asks for; "Scaling for SQS event source mappings". */
  mappingCopies: 1_000,
} as const;
