import { deadLetterName, deploymentNames, siblingQueueUrl } from '../aws/deployment-names.ts';

/** Finds the URL of a queue by its name in the system; undefined if the system has no such queue. */
export type QueueUrls = (queue: string) => string | undefined;

export interface DeploymentQueues {
  /** The deployment's name. */
  readonly name: string;
  readonly inboxUrl: string;
  /** @default the hot lane beside the inbox */
  readonly hotLaneUrl?: string;
  /** URLs of the service queues that do not follow the convention, such as those of another account. */
  readonly queues?: Readonly<Record<string, string>>;
  /** Queues that the deployment does not have. A send fails as one to an unknown queue, whatever rights the sender has. @default none */
  readonly absent?: readonly string[];
}

const DEAD_LETTER = '-dead-letter';

/**
 * The queues of a deployment: `inbox`, `hot-lane`, a service, and each with `-dead-letter`. The URL of a service's queue
 * follows from its name, so no list is needed. SQS refuses a name that no service has.
 */
export function deploymentQueueUrls(queues: DeploymentQueues): QueueUrls {
  const names = deploymentNames(queues.name);
  const known = new Map<string, string>([
    ['inbox', queues.inboxUrl],
    ['hot-lane', queues.hotLaneUrl ?? siblingQueueUrl(queues.inboxUrl, names.hotLane)],
    ...Object.entries(queues.queues ?? {}),
  ]);
  const find = (queue: string): string => {
    const found = known.get(queue) ?? derive(queue);
    known.set(queue, found);
    return found;
  };
  const derive = (queue: string): string => {
    if (!queue.endsWith(DEAD_LETTER)) return siblingQueueUrl(queues.inboxUrl, names.queue(queue));
    const url = find(queue.slice(0, -DEAD_LETTER.length));
    return siblingQueueUrl(url, deadLetterName(url.slice(url.lastIndexOf('/') + 1)));
  };
  return (queue) => (queues.absent?.includes(queue) ? undefined : find(queue));
}
