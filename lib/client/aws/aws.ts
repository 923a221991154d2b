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
 * Reaches a system that runs on AWS. It finds the deployment by its name, with one call to SSM, when it is first used; the SDK is
 * loaded then too. What is waited for is read again and again, after 50 ms first and at last every 2 seconds, since DynamoDB
 * tells nobody of a change.
 *
 * A deployment that is not there is ClientError `NOT_FOUND`, a right that the caller has not `DENIED`, a service that does not
 * answer `UNREACHABLE`. Rights come from `grantStart`, `grantSignal`, `grantAnswer`, `grantRead` and `grantOperate` of the orchestrator.
 *
 * Reads, in a system of P processes: `query` and each look of a wait are one, `describe` is two; `list` is one of the index for each
 * process, status and shard (P × statuses × 8, so name a process and a status where you can) and one per 25 instances.
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

/** A deployed system, without its code: its schemas take any JSON, and the orchestrator checks what it is sent. */
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
      parked: (...args) => over(named('Reading what is parked of'), ({ parking }) => parking.parked(...args)),
      list: (...args) => over(named('Reading what is parked of'), ({ parking }) => parking.list(...args)),
    },
    index: {
      list: (filter) => listed(opened, named('Listing instances of'), filter),
      tenants: () => over(named('Listing the tenants of'), ({ index }) => index.tenants()),
    },
    storeLarge: (...args) => over(named('Storing large data of'), ({ storeLarge }) => storeLarge(...args)),
    answer: (...args) => over(named('Answering a task of'), ({ answer }) => answer(...args)),
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

/** What `make` makes, once; after a failure it is made again when it is next needed. */
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
