/**
 * The accounts that may publish each source and event, for a bus that several accounts can write to. A source belongs to the account of the
 * service with this name, or to the account of the deployment. `events` lists further accounts for single event types.
 */
export interface PublishingAccounts {
  /** The account of the deployment. */
  readonly own: string;
  /** By service name: the account of each service that is deployed in another account. */
  readonly services: Readonly<Record<string, string>>;
  /** By event type: other accounts that publish it. */
  readonly events: Readonly<Record<string, readonly string[]>>;
}

export interface Published {
  readonly source: string;
  readonly type: string;
  /** A reply to a command of this system. Only the account of its service may publish it, even if its type is an event of other accounts. */
  readonly isReply: boolean;
}

export function accountsOf({ own, services, events }: PublishingAccounts, { source, type, isReply }: Published): readonly string[] {
  const account = Object.hasOwn(services, source) ? (services[source] as string) : own;
  const others = !isReply && Object.hasOwn(events, type) ? (events[type] as readonly string[]) : [];
  return [account, ...others];
}
