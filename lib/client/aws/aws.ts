import { CLIENT_SDK } from '../../adapters/aws/sdk-packages.ts';
import { SystemClock } from '../../adapters/system/clock.ts';
import { needing } from '../../adapters/system/package-missing.ts';
import type { InstanceFilter } from '../../ports/instance-index.ts';
import type { Head } from '../../ports/process-store.ts';
import { overAws } from './aws-error.ts';
import type { AwsOptions } from './aws-options.ts';
import type { OpenedDeployment, OpenedPorts } from './aws-ports.ts';
import { connectionOf, type ClientPorts, type Connection, type Reach } from '../connection.ts';

/**
 * Connects to a system that runs on AWS. The first use loads the SDK and finds the deployment by its name in SSM. A wait polls
 * DynamoDB, after 50 ms at first and later every 2 seconds.
 *
 * Input: the name of a deployment. Output: a `Connection`.
 * Trunk: `aws-ports.ts` calls `aws-deployment.ts`, `published-system.ts` and the adapters; `aws-error.ts` translates their errors.
 *
 * Throws ClientError `NOT_FOUND` if the deployment does not exist, `DENIED` if the caller lacks a right, and `UNREACHABLE` if an AWS
 * service does not respond. Rights come from `grantStart`, `grantSignal`, `grantAnswer`, `grantRead` and `grantOperate` of the orchestrator.
 *
 * Number of reads in a system of P processes: one for `query` and for each look of a wait, two for `describe`. `list` reads the index once
 * per process, status and shard (P + 1 processes with schedules, × statuses × 8, so filter by process and status if you can), and once per
 * 25 instances.
 * @example import { aws, connect } from 'tutti/client'; const tutti = connect(trips, aws({ name: 'trips' }));
 */
export function aws(options: AwsOptions): Connection {
  return connectionOf(
    lazyPorts(
      options,
      lazily(() => open(options)),
    ),
  );
}

/** Reaches a deployed system without its code. Its schemas accept any JSON, and the orchestrator validates each message. */
export async function awsReach(options: AwsOptions): Promise<Reach> {
  const opened = await open(options);
  return { system: opened.system, ports: lazyPorts(options, () => Promise.resolve(opened)) };
}

async function open(options: AwsOptions): Promise<OpenedDeployment> {
  const { openDeployment } = await loadPorts();
  return openDeployment(options);
}

function loadPorts(): Promise<typeof import('./aws-ports.ts')> {
  return needing('Reaching a deployed system', CLIENT_SDK, () => import('./aws-ports.ts'));
}

function lazyPorts(options: AwsOptions, opened: () => Promise<OpenedDeployment>): ClientPorts {
  const over = async <T>(doing: string, call: (ports: OpenedPorts) => Promise<T>): Promise<T> => {
    const { ports } = await opened();
    return overAws(doing, () => call(ports));
  };
  const named = (what: string): string => `${what} ${options.name}`;
  return {
    sender: { send: (...args) => over(named('Sending to a queue of'), ({ sender }) => sender.send(...args)) },
    publisher: { publish: (...args) => over(named('Publishing on the bus of'), ({ publisher }) => publisher.publish(...args)) },
    store: {
      load: (...args) => over(named('Reading the table of'), ({ store }) => store.load(...args)),
      chunks: (...args) => over(named('Reading the table of'), ({ store }) => store.chunks(...args)),
    },
    payloads: { get: (...args) => over(named('Reading a payload of'), ({ payloads }) => payloads.get(...args)) },
    parking: {
      parked: (...args) => over(named('Reading the parked events of'), ({ parking }) => parking.parked(...args)),
      list: (...args) => over(named('Reading the parked events of'), ({ parking }) => parking.list(...args)),
    },
    index: {
      list: (filter) => listed(opened, named('Listing instances of'), filter),
      tenants: () => over(named('Listing the tenants of'), ({ index }) => index.tenants()),
    },
    storeLarge: (...args) => over(named('Storing large data of'), ({ storeLarge }) => storeLarge(...args)),
    answer: (...args) => over(named('Answering a task of'), ({ answer }) => answer(...args)),
    queueDepth: (...args) => over(named('Reading the queues of'), ({ queueDepth }) => queueDepth(...args)),
    clock: new SystemClock(),
    principal: options.principal ?? lazily(async () => (await loadPorts()).callerArn(options)),
    durable: () => Promise.resolve(),
  };
}

async function* listed(
  opened: () => Promise<OpenedDeployment>,
  doing: string,
  filter: InstanceFilter,
): AsyncGenerator<Head, void, undefined> {
  const { index } = (await opened()).ports;
  const heads = index.list(filter)[Symbol.asyncIterator]();
  try {
    for (;;) {
      const { done, value } = await overAws(doing, () => heads.next());
      if (done === true) return;
      yield value;
    }
  } finally {
    await heads.return?.();
  }
}

/** Calls `make` once and keeps its result. After a failure, the next use calls it again. */
function lazily<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => {
    if (made !== undefined) return made;
    const making = make();
    made = making;
    making.catch(() => (made = undefined));
    return making;
  };
}
