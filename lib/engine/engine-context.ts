import type { Hold } from '../contract/holds.ts';
import type { Instrumentation, ObservedLine } from '../contract/instrumentation.ts';
import type { Json } from '../contract/schema.ts';
import type { System } from '../contract/system.ts';
import type { FrontEndOf } from '../core/front-end.ts';
import type { ActivationObserver, RunEnvironment } from '../core/run.ts';
import type { Clock } from '../ports/clock.ts';
import type { ErasureStore } from '../ports/erasure-store.ts';
import type { EventPublisher } from '../ports/event-publisher.ts';
import type { InstanceIndex } from '../ports/instance-index.ts';
import type { MessageSender } from '../ports/message-sender.ts';
import type { VisibilityChange } from '../ports/message-queue.ts';
import type { ParkedIdentity, ParkingStore } from '../ports/parking-store.ts';
import type { PayloadStore } from '../ports/payload-store.ts';
import type { ProcessStore } from '../ports/process-store.ts';
import type { ReplyKeys } from '../ports/reply-keys.ts';
import type { Tracer } from '../format/tracer.ts';
import type { PublishingAccounts } from '../contract/accounts.ts';
import type { Catalogue } from '../contract/catalogue.ts';
import type { Verdict } from '../core/classify.ts';
import type { Image } from '../core/image.ts';
import type { Inbound } from '../core/inbound.ts';
import type { Referring } from './admit/body-data.ts';
import type { LiveCache } from './advance/live-instance.ts';
import type { HeldIndex } from '../ports/parked-list.ts';
import type { Marks, PortHealth, RejectionWatch } from './advance/suspects.ts';
import type { ReplyTokens } from '../format/reply-tokens.ts';

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
  /** By `name@version`: the hash of the code of each definition (lib/flow/code-hash.ts). @default not known: no journal has one */
  readonly codes?: Readonly<Record<string, string>> | undefined;
  /** Removes what is stored of erased instances. @default no instance is erased */
  readonly erasure?: ErasureStore;
  /** For how long a worker may go on that took its message before an erasure: the removal is repeated then. @default 0 */
  readonly lateWritesMs?: number;
  /** Finds what a hold holds, at its end. @default it holds nothing */
  readonly held?: HeldIndex;
  /** Timers at most this far ahead are carried by the inbox, later ones by the due index. @default 900,000, the longest delay of SQS */
  readonly tickThresholdMs?: number;
  /** Makes misuse that production tolerates a bug, for development and tests. @default false */
  readonly checks?: boolean;
  /** Maximum of warm instances. @default 10,000 */
  readonly warmMax?: number;
  /** Only instances with a journal of at least this many entries are kept warm; all others are replayed at each event. @default 0 */
  readonly warmEntriesMin?: number;
  /**
   * The accounts that may publish an event; a message from another account is parked as forbidden. @default every account may publish
   * everything
   */
  readonly accounts?: PublishingAccounts;
  /** Signs commands, so that a reply is accepted only if its sender has read the command. @default replies carry no proof */
  readonly replyKeys?: ReplyKeys;
  /** Sends an event that loses its conflicts to the queue `hot-lane`, which delivers the events of one instance in order. @default false */
  readonly hotLane?: boolean;
  /** The queue of the commands of a process to a service. @default undefined: the queue has the name of the service */
  readonly queueOf?: ((service: string, process: string) => string | undefined) | undefined;
  /**
   * A start without an instance is parked if its envelope is older than this: the instance that it had begun may have been retired, and
   * must not begin again. @default no start is too old
   */
  readonly startAgeMaxMs?: number;
  /**
   * Instances that each tenant may begin in a minute by events and clients. A start above it waits, and is parked 15 minutes after it was
   * sent. Each start writes a counter. @default every number
   */
  readonly startsPerMinute?: number | undefined;
  /** Receives a notice for operators. @default no receiver */
  readonly onNotice?: (notice: EngineNotice) => void;
  /** Receives an error after which the engine retries. @default no receiver */
  readonly onFault?: (error: unknown) => void;
  /** Receives each line of `ctx.log`, and is awaited. @default no receiver but the hook of `instrumentation` */
  readonly onLog?: (line: ObservedLine) => void | Promise<void>;
  /** Observes the activations, for a watchdog. @default no observer */
  readonly observer?: ActivationObserver;
  /** @default that of the system */
  readonly instrumentation?: Instrumentation;
  /** @default no spans are made */
  readonly tracer?: Tracer | undefined;
  /** Used for delays between attempts only. @default Math.random */
  readonly random?: () => number;
}

/**
 * A message was parked, an instance is stuck, an instance went on with an unknown outcome, or a late event was dropped. `pid` is `''` if
 * the instance is not known.
 */
export interface EngineNotice {
  readonly kind: 'parked' | 'stuck' | 'unresolved' | 'ignored';
  readonly reason: string;
  readonly pid: string;
  /** One sentence about a parked message or a stuck instance. It may quote message data, so it must not be logged. */
  readonly detail?: string;
  /** The event of a parked message, if the message names it. */
  readonly event?: ParkedIdentity;
}

/** The engine's ports and state, for its use cases. */
export interface EngineContext {
  readonly options: EngineOptions;
  readonly catalogue: Catalogue;
  /** Only `observe.ts` calls the hooks, and guards against their errors. */
  readonly instrumentation: Instrumentation | undefined;
  readonly environment: RunEnvironment;
  readonly cache: LiveCache;
  /** A batch that advances an instance holds its pid until its commit is known. */
  readonly busy: Map<string, Promise<void>>;
  readonly rejections: RejectionWatch;
  readonly health: PortHealth;
  readonly marks: Marks;
  readonly holds: KnownHolds;
  /** The messages come from the hot lane: they are decided, never forwarded. */
  readonly lane: boolean;
  /** Events that lose their conflicts go to the hot lane. */
  readonly forwards: boolean;
  /** How long the caller will still wait, in milliseconds. */
  readonly remainingMs: () => number;
  /** A token for each commit: recognizes an own write whose response was lost. */
  readonly nextWriter: () => string;
  readonly readPayload: (pid: string, hash: string) => Promise<Json>;
  readonly replyTokens: ReplyTokens | undefined;
  /** Loads on-demand.ts, for the stages that cannot import it: it imports them. */
  readonly rare: () => Promise<RareStages>;
}

/** Parts of the stages that most events do not need. */
export interface RareStages {
  /** lib/engine/admit/referred-data.ts */
  readonly withData: (context: EngineContext, referring: Referring) => Promise<unknown>;
  /** lib/engine/advance/verdict-by-journal.ts */
  readonly hasCommanded: (context: EngineContext, image: Image, service: string) => Promise<boolean>;
  readonly verdictByJournal: (
    context: EngineContext,
    image: Image | undefined,
    item: { readonly target: { readonly inbound: Inbound } },
    verdict: Verdict | 'verify',
  ) => Promise<Verdict>;
  readonly journalHolds: (context: EngineContext, image: Image | undefined, inbound: Inbound) => Promise<boolean>;
}

/** The copy of a worker of the pauses of processes and services (docs/protocol.md#holds). */
export interface KnownHolds {
  /** When it was read. */
  readAt: number;
  /** The version of the head that it was read from. */
  version: number;
  list: readonly Hold[];
}

export interface AdvanceOptions {
  /** The messages come from the hot lane. @default false, from the inbox */
  readonly lane?: boolean;
  /** How long the caller will still wait: a message that must run alone is not begun near the end. @default no limit */
  readonly remainingMs?: () => number;
}

export interface AdvanceResult {
  /** Receipt handles to delete. */
  readonly acknowledge: readonly string[];
  readonly giveBack: readonly VisibilityChange[];
}
