import type { Json } from '../contract/schema.ts';
import type { System } from '../contract/system.ts';
import type { FrontEndOf } from '../core/front-end.ts';
import type { ActivationObserver, RunEnvironment } from '../core/run.ts';
import type { Clock } from '../ports/clock.ts';
import type { EventPublisher } from '../ports/event-publisher.ts';
import type { InstanceIndex } from '../ports/instance-index.ts';
import type { MessageSender } from '../ports/message-sender.ts';
import type { VisibilityChange } from '../ports/message-queue.ts';
import type { ParkedIdentity, ParkingStore } from '../ports/parking-store.ts';
import type { PayloadStore } from '../ports/payload-store.ts';
import type { ProcessStore } from '../ports/process-store.ts';
import type { ReplyKeys } from '../ports/reply-keys.ts';
import type { PublishingAccounts } from '../contract/accounts.ts';
import type { Catalogue } from '../contract/catalogue.ts';
import type { LiveCache } from './advance/live-cache.ts';
import type { Marks } from './advance/suspect-marks.ts';
import type { PortHealth } from './port-health.ts';
import type { ReplyTokens } from '../format/reply-tokens.ts';
import type { RejectionWatch } from './advance/rejection-watch.ts';

export interface EngineOptions {
  readonly system: System<string>;
  readonly frontEndOf: FrontEndOf;
  readonly store: ProcessStore;
  readonly index: Pick<InstanceIndex, 'due'>;
  readonly sender: MessageSender;
  readonly publisher: EventPublisher;
  readonly payloads: PayloadStore;
  readonly parking: ParkingStore;
  readonly clock: Clock;
  /** Timers at most this far ahead are carried by the inbox, later ones by the due index. @default 900,000, the most that SQS delays */
  readonly tickThresholdMs?: number;
  /** Misuse that production tolerates is a bug, as in development and tests. @default false */
  readonly checks?: boolean;
  /** How many warm instances are kept. @default 10,000 */
  readonly warmMax?: number;
  /** Only instances with a journal of at least this many entries are kept warm; all others are replayed at each event. @default 0 */
  readonly warmEntriesMin?: number;
  /** Which account may publish what; anything else is parked as forbidden. @default every account may publish everything */
  readonly accounts?: PublishingAccounts;
  /** Signs commands, so that an answer is believed only where its sender has read the command. @default answers carry no proof */
  readonly replyKeys?: ReplyKeys;
  /** An event that loses against others again and again goes to the queue `hot-lane`, which hands out those of one instance in order. @default false */
  readonly hotLane?: boolean;
  /**
   * A start of nothing that is older than this is parked, by its envelope's time: what it had started may have been retired, and must not
   * begin anew. @default no start is too old
   */
  readonly startAgeMaxMs?: number;
  /** Told what a person must look at. @default nobody is told */
  readonly onNotice?: (notice: EngineNotice) => void;
  /** Told what failed and is tried again. @default nobody is told */
  readonly onFault?: (error: unknown) => void;
  /** Learns which activation runs, for a watchdog. @default no observer */
  readonly observer?: ActivationObserver;
  /** For pauses between tries only. @default Math.random */
  readonly random?: () => number;
}

/** A message was parked, an instance is stuck, one went on without an outcome that nobody knows, or a late event was dropped. `pid` is `''` where the instance is not known. */
export interface EngineNotice {
  readonly kind: 'parked' | 'stuck' | 'unresolved' | 'ignored';
  readonly reason: string;
  readonly pid: string;
  /** Of what was parked, and why an instance is stuck: one sentence for a reader. It may quote what was sent, so it is for no log. */
  readonly detail?: string;
  /** Of what was parked, where the message says it. */
  readonly event?: ParkedIdentity;
}

/** What the engine's use cases work with. */
export interface EngineContext {
  readonly options: EngineOptions;
  readonly catalogue: Catalogue;
  readonly environment: RunEnvironment;
  readonly cache: LiveCache;
  /** Whoever advances an instance holds its pid until its commit is known. */
  readonly busy: Map<string, Promise<void>>;
  readonly rejections: RejectionWatch;
  readonly health: PortHealth;
  readonly marks: Marks;
  /** The messages in hand come from the hot lane: they are decided, whatever they meet. */
  readonly lane: boolean;
  /** Events that meet others again and again go to the hot lane. */
  readonly forwards: boolean;
  /** How long the caller will still wait, in milliseconds. */
  readonly remainingMs: () => number;
  /** A token for each commit: tells an own write whose answer was lost. */
  readonly nextWriter: () => string;
  readonly readPayload: (pid: string, hash: string) => Promise<Json>;
  readonly replyTokens: ReplyTokens | undefined;
}

export interface AdvanceOptions {
  /** The messages come from the hot lane. @default false, from the inbox */
  readonly lane?: boolean;
  /** How long the caller will still wait: a message that must run alone is not begun near the end. @default for ever */
  readonly remainingMs?: () => number;
}

export interface AdvanceResult {
  /** Receipt handles to delete. */
  readonly acknowledge: readonly string[];
  readonly giveBack: readonly VisibilityChange[];
}
