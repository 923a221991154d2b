import type { Outcome } from '../contract/wire/envelope.ts';
import type { KeyName } from '../contract/keys.ts';
import type { Json } from '../contract/schema.ts';
import type { RecordedFact } from './journal-entry.ts';
import type { Answered, ForwardedEvent, PauseClock, Subscription } from './image.ts';

/** An admitted event for one instance: it is parsed, its data fits its schema, and its sender is known. */
interface Carried {
  /** The event key, by which duplicates are found (docs/protocol.md#names). */
  readonly key: string;
  readonly messageId: string;
  /** Redriven by an operator or from a dead-letter queue, so its message id is new: all sends that its key caused are sent again. */
  readonly forced: boolean;
  /** When it was received, by this worker's clock. */
  readonly at: number;
  readonly hops: number;
  readonly trace?: string;
}

export interface StartInbound extends Carried {
  readonly kind: 'start';
  readonly id: string;
  /** `identityOf` the start. It names the run, so a start that is decided twice begins one run; the rings hold it. */
  readonly identity: string;
  /** The name of the run, if one identity begins several runs. @default its identity */
  readonly run?: string;
  readonly event: string;
  readonly source: string;
  readonly time: string;
  readonly subject?: string;
  readonly data: Json;
  readonly definition: string;
  readonly tags?: Readonly<Record<string, string>>;
  /** The choice of the client. @default the policy of the definition */
  readonly onOpen?: 'reject' | 'attach' | 'signal' | 'queue' | 'replace';
  /** It has waited in a head or a gate, which has journaled it: it is never refused. */
  readonly waited?: true;
  /** Of a child: the command of its parent. */
  readonly parent?: ParentCommand;
  /** Of a fork: the command of its original, and its input. */
  readonly fork?: Answered & { readonly input: ForkInput };
  /** Of a fork, after its prefix was replayed. */
  readonly planned?: Planned;
}

/** The command by which a parent starts a child, or gives it up (docs/protocol.md#children). */
export interface ParentCommand extends Answered {
  /** How many parents are above the child. */
  readonly depth: number;
  /** The parent no longer wants the child, and waits for its end. */
  readonly cancel?: true;
  /** `actIdentity` of giving it up, which the ring of starts holds. */
  readonly cancelIdentity: string;
}

export interface SignalInbound extends Carried {
  readonly kind: 'signal';
  readonly id: string;
  /** `identityOf` the event, which the ring of signals holds. */
  readonly identity: string;
  readonly event: string;
  readonly source: string;
  readonly time: string;
  readonly data: Json;
  /** Position of the data in the event's `versions()`, for a key, which forwards it. @default 1 */
  readonly dataversion?: number;
  /** Of an event by key: the text. */
  readonly keyed?: string;
  /** Forwarded by a key: the subscription. An event that comes after its end goes back to the key. */
  readonly subscription?: Pick<Subscription, 'run' | 'n'>;
}

/** A message for a key: a subscription begins or ends, or an event comes back whose subscription has ended. */
export interface KeyInbound extends Carried {
  readonly kind: 'key';
  readonly act: 'subscribe' | 'unsubscribe' | 'return';
  /** Id of the subscription, `pid/run/n`. */
  readonly id: string;
  /** Of `subscribe`: the name of the first run. Of `return`: of the event and the subscription, which the ring of signals holds. */
  readonly identity: string;
  readonly time: string;
  readonly name?: KeyName;
  readonly deliver?: 'first';
  /** Of `subscribe`: the short hash of its command, for the reply. */
  readonly hash?: string;
  readonly returned?: ReturnedEvent;
}

export interface ReturnedEvent extends ForwardedEvent {
  readonly event: string;
  readonly data: Json;
  readonly dataversion?: number;
  /** The number of subscriptions to which it was forwarded. */
  readonly to: number;
  /** How often the event had come back before. @default 0 */
  readonly round?: number;
  /** Its identity at the key. */
  readonly identity: string;
  /** The message, which the key keeps if it has no other subscriber. */
  readonly body: string;
  /** How long it is then kept, in milliseconds. */
  readonly earlyMs: number;
}

export interface ReplyInbound extends Carried {
  readonly kind: 'reply';
  readonly run: string;
  readonly n: number;
  readonly outcome: Outcome;
  readonly retryable: boolean;
  /** Runs that ended without a reply so far, as its service counts them. */
  readonly attempts?: number;
  /** The output or the failure. Of `unknown`, and of `failed` with `retryable`: the last error, if the service reports it. */
  readonly data: Json;
  /** Position of the data in the output's `versions()`. @default 1 */
  readonly dataversion?: number;
}

export interface TickInbound extends Carried {
  readonly kind: 'tick';
  readonly run: string;
  readonly tickAt: number;
}

export type OperationKind = 'cancel' | 'terminate' | 'pause' | 'resume' | 'resolve' | 'move' | 'fork' | 'erase';

/** The outcome of a command that an operator found out: its output, or its failure. */
export type Resolution =
  | { readonly output: Json }
  | { readonly failure: { readonly type: string; readonly message: string; readonly data: Json } };

export interface OperationInbound extends Carried {
  readonly kind: 'operate';
  readonly id: string;
  /** `actIdentity`, which the ring of starts holds. */
  readonly identity: string;
  readonly act: OperationKind;
  readonly reason: string;
  /** The principal, as the sender of the operation names it. */
  readonly by: string;
  /** The sender, as the queue authenticates it. A sender cannot choose it. */
  readonly sender?: string;
  readonly skip?: string;
  /** With `pause`. @default `stop` */
  readonly clock?: PauseClock;
  /** With `resolve`: path of the step, or id of the command, and its outcome. */
  readonly step?: string;
  readonly resolution?: Resolution;
  /** With `resume` and `move`: the version of the definition on which the run continues, after its journal was replayed on it. */
  readonly version?: number;
  /** Of a hold: its scope, as `scopeKey` writes it. With `pause` also since when the clock of the instance stands. */
  readonly hold?: string;
  readonly since?: number;
  /** Of a bulk job: the command that the operation answers, and the first run of the chain that its preview has shown. */
  readonly answers?: Answered;
  readonly run?: string;
  /** With `fork`. */
  readonly fork?: ForkRequest;
  /** With `erase`: a late success is not undone any more. */
  readonly abandon?: true;
  /** With `fork`, after it was checked: the facts of the original. */
  readonly planned?: Planned;
}

/** The facts that a fork adds to a journal, at a process time. */
export type Planned = (at: number) => readonly RecordedFact[];

export type Inbound = StartInbound | SignalInbound | KeyInbound | ReplyInbound | TickInbound | OperationInbound;

/** The request of an operator for a fork (lib/core/fork-plan.ts). */
export interface ForkRequest {
  /** Id of the fork. */
  readonly to: string;
  /** The path of a step, the number of a journal entry, or `start`. */
  readonly at: string | number;
  /** The input of the step at the cut, or of the process at `start`, in place of the one of the original. */
  readonly input?: Json;
  /** The version of the definition on which the fork goes on. @default that of the original */
  readonly version?: number;
  /** The events that the original received after the cut: ids, or all, or none. */
  readonly events: 'all' | 'none' | readonly string[];
  /** The choice for steps that were completed after the cut, by path, or for all of them. */
  readonly completed?: Choice | Readonly<Record<string, Choice>>;
  /** Ends the original, if it is open, without undoing its steps. */
  readonly supersede?: true;
  /** An event that the fork receives after those of the original. */
  readonly event?: { readonly type: string; readonly data: Json };
}

export type Choice = 'adopt' | 'undo' | 'leave';

/** The input of `tutti.fork`: what the fork needs beside the journal of its original. */
export interface ForkInput {
  /** The id of the operation. */
  readonly operation: string;
  readonly definition: string;
  /** The number of entries of the prefix. */
  readonly entries: number;
  /** Numbers of the calls whose replies the fork adopts. */
  readonly adopt?: readonly number[];
  /** Number of the call whose input is edited; of the process, 0. */
  readonly edited?: number;
  readonly input?: Json;
  /** Journal indices of the events to receive again. */
  readonly events?: readonly number[];
  readonly event?: { readonly type: string; readonly data: Json };
  readonly reason: string;
  readonly by: string;
  readonly sender?: string;
}
