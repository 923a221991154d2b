import type { Clock } from '../../ports/clock.ts';
import type { IdempotencyStore } from '../../ports/idempotency-store.ts';
import type { MessageSender } from '../../ports/message-sender.ts';
import type { PayloadStore } from '../../ports/payload-store.ts';
import type { InFlight, ServiceNotice } from './in-flight.ts';
import type { Replies } from './replies.ts';
import type { ServedCommand } from '../served.ts';
import type { TransactionalRecords } from '../store.ts';

/** What a command runner works with. */
export interface RunnerDependencies {
  readonly service: string;
  readonly commands: ReadonlyMap<string, ServedCommand>;
  readonly store: IdempotencyStore;
  readonly transactional: TransactionalRecords | undefined;
  readonly replies: Replies;
  readonly payloads: PayloadStore;
  readonly sender: MessageSender | undefined;
  readonly clock: Clock;
  readonly random: () => number;
  readonly report: (notice: ServiceNotice) => void;
  /** 128 random bits as 22 characters, for the token of a task. */
  readonly newNonce: () => string;
  readonly leaseMs: number;
  /** All messages in hand, for the settling of a command that runs here. */
  readonly inFlight: ReadonlySet<InFlight>;
  /** Unique to this worker: what its fencing tokens begin with. */
  readonly worker: string;
}
