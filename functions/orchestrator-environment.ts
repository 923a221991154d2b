import { EnvironmentError, mapVariable, numberVariable, textVariable, type Environment } from '../lib/adapters/aws/environment.ts';
import type { PublishingAccounts } from '../lib/contract/accounts.ts';
import { STEPS } from '../lib/contract/steps.ts';

/** The deployment's names and settings, read from the environment of a function of the orchestrator. */
export interface OrchestratorEnvironment {
  /** The deployment's name. */
  readonly name: string;
  readonly table: string;
  /** The bus's name. */
  readonly bus: string;
  readonly bucket: string;
  /** The account of the bucket. */
  readonly bucketOwner: string;
  readonly inboxUrl: string;
  readonly hotLaneUrl: string;
  /** URLs, by service, of the queues that cannot be derived from a name. */
  readonly queues: Readonly<Record<string, string>>;
  /** The queues of the processes whose steps do not have the queue `steps`, by process. */
  readonly stepQueues: Readonly<Record<string, string>>;
  /** Queues that the deployment does not have. */
  readonly absent: readonly string[];
  /** The accounts that may publish, by service and by event. */
  readonly accounts: PublishingAccounts;
  /** A timer that is due within this time is sent as a delayed tick; a later one waits for sweep-timers. */
  readonly tickThresholdMs: number;
  /** Retention of closed instances. Absent: they are kept indefinitely. */
  readonly retentionMs?: number;
  /** Instances that each tenant may begin in a minute. @default every number */
  readonly startsPerMinute?: number;
}

const TICK_HORIZON_SECONDS = 900;
const DAY_MS = 86_400_000;
const ACCOUNTS = 'a JSON object { own, services, events } of account ids';

export function readEnvironment(environment: Environment): OrchestratorEnvironment {
  return {
    name: textVariable(environment, 'TUTTI_NAME', 'the name of the deployment'),
    table: textVariable(environment, 'TUTTI_TABLE', 'the name of the table'),
    bus: textVariable(environment, 'TUTTI_BUS', 'the name of the bus'),
    bucket: textVariable(environment, 'TUTTI_BUCKET', 'the name of the bucket of large values'),
    bucketOwner: textVariable(environment, 'TUTTI_BUCKET_OWNER', 'the account of the bucket of large values'),
    inboxUrl: textVariable(environment, 'TUTTI_INBOX_URL', 'the URL of the inbox'),
    hotLaneUrl: textVariable(environment, 'TUTTI_HOT_LANE_URL', 'the URL of the queue of contended instances'),
    queues: mapVariable(environment, 'TUTTI_QUEUES', 'a JSON object of queue URLs by service'),
    stepQueues: mapVariable(environment, 'TUTTI_STEP_QUEUES', 'a JSON object of names of queues by process'),
    absent: environment['TUTTI_STEPS'] === 'false' ? [STEPS] : [],
    accounts: accountsIn(environment),
    tickThresholdMs: 1000 * numberVariable(environment, 'TUTTI_TICK_HORIZON_SECONDS', 'a whole number of seconds', TICK_HORIZON_SECONDS),
    ...(environment['TUTTI_STARTS_PER_MINUTE'] && {
      startsPerMinute: numberVariable(environment, 'TUTTI_STARTS_PER_MINUTE', 'a whole number of starts'),
    }),
    ...(environment['TUTTI_RETENTION_DAYS'] && { retentionMs: retentionMs(environment) }),
  };
}

function accountsIn(environment: Environment): PublishingAccounts {
  const text = textVariable(environment, 'TUTTI_ACCOUNTS', ACCOUNTS);
  try {
    const { own, services, events } = JSON.parse(text) as Partial<PublishingAccounts>;
    if (typeof own === 'string' && typeof services === 'object' && typeof events === 'object') return { own, services, events };
  } catch {
    // Text that is not JSON is refused below.
  }
  throw new EnvironmentError('TUTTI_ACCOUNTS', text, ACCOUNTS);
}

export function retentionMs(environment: Environment): number {
  return DAY_MS * numberVariable(environment, 'TUTTI_RETENTION_DAYS', 'a whole number of days');
}
