import type { Instrumentation } from '../../contract/instrumentation.ts';
import type { Clock } from '../../ports/clock.ts';
import type { IdempotencyStore } from '../../ports/idempotency-store.ts';
import type { MessageSender } from '../../ports/message-sender.ts';
import type { PayloadStore } from '../../ports/payload-store.ts';
import type { InFlight, ServiceNotice } from './in-flight.ts';
import type { Limiter } from './limits/limiter.ts';
import type { Replies } from './replies.ts';
import type { ServedCommand } from '../served.ts';
import type { TransactionalRecords } from '../store.ts';
import type { CommandTaskOptions } from '../task.ts';

/** The ports and settings of a command runner. */
export interface RunnerDependencies {
  readonly service: string;
  readonly commands: ReadonlyMap<string, ServedCommand>;
  readonly store: IdempotencyStore;
  readonly transactional: TransactionalRecords | undefined;
  /** Prefix of the ids that handlers get. The stores above add it to their keys. */
  readonly keyPrefix: string;
  readonly replies: Replies;
  readonly payloads: PayloadStore;
  readonly sender: MessageSender | undefined;
  readonly clock: Clock;
  readonly random: () => number;
  readonly report: (notice: ServiceNotice) => void;
  /** Receives the lines of `task.log`. */
  readonly log: CommandTaskOptions['log'];
  /** The hooks of the service. Their errors are faults. */
  readonly instrumentation: Instrumentation | undefined;
  /** 128 random bits as 22 characters, for the token of a task. */
  readonly newNonce: () => string;
  readonly leaseMs: number;
  /** All messages in flight, to abort the run of a command that is being settled. */
  readonly inFlight: ReadonlySet<InFlight>;
  /** Keeps the limits of the commands. Present if a command has some. */
  readonly limiter: (() => Promise<Limiter>) | undefined;
  /** Whether the queue hides messages for whole seconds only. */
  readonly wholeSeconds: boolean;
  /** Unique prefix of this worker's fencing tokens. */
  readonly worker: string;
}
