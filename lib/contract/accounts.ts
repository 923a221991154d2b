/**
 * Which account may publish what, where a bus is open to more than one. A source belongs to one account: that of the service of this name,
 * else the own one, and beside it the accounts that publish an event of that source.
 */
export interface PublishingAccounts {
  /** The account of the deployment. */
  readonly own: string;
  /** The account of each service that lives in another. */
  readonly services: Readonly<Record<string, string>>;
  /** By the type of an event: other accounts that publish it. */
  readonly events: Readonly<Record<string, readonly string[]>>;
}

export interface Published {
  readonly source: string;
  readonly type: string;
  /** An answer to a command of this system: it comes from its service alone, also where its type is an event that others publish. */
  readonly isAnswer: boolean;
}

/** The accounts that may publish this. */
export const accountsOf = ({ own, services, events }: PublishingAccounts, { source, type, isAnswer }: Published): readonly string[] => {
  const account = Object.hasOwn(services, source) ? (services[source] as string) : own;
  const others = !isAnswer && Object.hasOwn(events, type) ? (events[type] as readonly string[]) : [];
  return [account, ...others];
};
