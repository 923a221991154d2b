export interface OutgoingMessage {
  readonly body: string;
  /** Fair-queue group: the tenant or the process name. */
  readonly groupId?: string;
  /** 0 to 900, as SQS allows. @default 0 */
  readonly delaySeconds?: number;
}

export type SendResult =
  | { readonly status: 'sent'; readonly messageId: string }
  /** `senderFault`: a retry of the same message fails again (too large, no such queue, access to the key denied). */
  | { readonly status: 'failed'; readonly senderFault: boolean; readonly reason: string };

/**
 * The sending end of every queue of a system: `inbox`, or the name of a service. One call sends to one queue, at most
 * 10 messages and 200 KB (SQS limits, minus a margin). Results are in order, one per message: some may fail while
 * others are sent. Throws only if nothing was sent.
 */
export interface MessageSender {
  send(queue: string, messages: readonly OutgoingMessage[]): Promise<readonly SendResult[]>;
}
