/** Default quotas of AWS that limit a deployment, as of November 2026. A region that is not listed has the last value. */
export const QUOTAS = {
  /** PutEvents requests a second ("EventBridge quotas"). Adjustable. */
  putEvents: { 'us-east-1': 10_000, 'us-west-2': 10_000, 'eu-west-1': 10_000, 'us-east-2': 2_400, 'eu-central-1': 2_400, smallest: 400 },
  /** Events a second that rules deliver to targets; further events are delayed ("EventBridge quotas"). Adjustable. */
  invocations: {
    'us-east-1': 18_750,
    'us-west-2': 18_750,
    'eu-west-1': 18_750,
    'us-east-2': 4_500,
    'eu-central-1': 4_500,
    smallest: 750,
  },
  /**
   * Write units a second of a new table, and of any table ("DynamoDB on-demand capacity mode", "DynamoDB quotas"). The second is
   * adjustable.
   */
  newTableWrites: 4_000,
  tableWrites: 40_000,
  /** Write units a second of one partition of a table or an index. */
  partitionWrites: 1_000,
  /** Most concurrent invocations of one event source mapping ("Scaling for SQS event source mappings"). */
  mappingCopies: 1_000,
} as const;
