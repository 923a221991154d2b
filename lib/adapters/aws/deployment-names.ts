/**
 * The names of the resources of one deployment. `name` is the name of the deployment, by default that of its system. The resources of a
 * service follow from its name, so a function needs no list of them.
 */
export interface DeploymentNames {
  readonly table: string;
  readonly bus: string;
  readonly inbox: string;
  readonly starts: string;
  readonly operations: string;
  readonly hotLane: string;
  /** Prefix of the published parameters: `table`, `bus`, `bucket`, `bucket-owner`, `inbox-url`, `starts-url`, `operations-url`, `hot-lane-url`, `queues`, `system`, and `recordsParameter` of a shared service. */
  readonly parameters: string;
  /** The queue of a service. */
  readonly queue: (service: string) => string;
  /** The records of a service's commands. */
  readonly commandTable: (service: string) => string;
}

export function deploymentNames(name: string): DeploymentNames {
  return {
    table: name,
    bus: name,
    inbox: `${name}-inbox`,
    starts: `${name}-starts`,
    operations: `${name}-operations`,
    hotLane: `${name}-hot-lane.fifo`,
    parameters: `/tutti/${name}`,
    queue: (service) => `${name}-${service}`,
    commandTable: (service) => `${name}-${service}-commands`,
  };
}

/**
 * The parameter, under that of the deployment, with the name of the table that has the records of a service. It exists if the records are in
 * the table of another deployment, because the service serves several.
 */
export function recordsParameter(service: string): string {
  return `records-${service}`;
}

/** Bucket names are global, so this one contains the account and the region. */
export function payloadBucketName(name: string, account: string, region: string): string {
  return `${name}-payloads-${account}-${region}`;
}

/** The dead-letter queue of a queue. */
export function deadLetterName(queue: string): string {
  return queue.endsWith('.fifo') ? `${queue.slice(0, -'.fifo'.length)}-dead-letter.fifo` : `${queue}-dead-letter`;
}

/** The URL of another queue of the account and region in which `url` lies. */
export function siblingQueueUrl(url: string, queue: string): string {
  return `${url.slice(0, url.lastIndexOf('/') + 1)}${queue}`;
}
