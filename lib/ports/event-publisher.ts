export interface OutgoingEvent {
  readonly source: string;
  readonly type: string;
  /** The CloudEvents envelope as ASCII JSON: the `Detail` of an EventBridge entry. */
  readonly detail: string;
}

export type PublishResult =
  | { readonly status: 'published'; readonly eventId: string }
  | { readonly status: 'failed'; readonly reason: string };

/** Puts events on the bus, at most 10 in a call. Results are in order, one per event: some may fail while others are accepted. */
export interface EventPublisher {
  publish(events: readonly OutgoingEvent[]): Promise<readonly PublishResult[]>;
}
