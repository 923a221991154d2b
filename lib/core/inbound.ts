import type { Outcome } from '../contract/wire/envelope.ts';
import type { Json } from '../contract/schema.ts';

/** An event for one instance, admitted: parsed, its data checked against its schema, its sender known. */
interface Carried {
  /** The only dedupe identity (docs/protocol.md#names). */
  readonly key: string;
  readonly messageId: string;
  /** Sent again by a person or from a dead-letter queue under a new message id: what its key caused is sent again, whatever message carried it. */
  readonly forced: boolean;
  /** When it was received, by this worker's clock. */
  readonly at: number;
  readonly hops: number;
  readonly trace?: string;
}

export interface StartInbound extends Carried {
  readonly kind: 'start';
  readonly id: string;
  /** `identityOf` the start: the run that it begins, so that a start decided twice begins one run, and what the rings remember. */
  readonly identity: string;
  readonly event: string;
  readonly source: string;
  readonly time: string;
  readonly subject?: string;
  readonly data: Json;
  readonly definition: string;
  readonly tags?: Readonly<Record<string, string>>;
  /** Instead of the definition's policy: a client may choose. */
  readonly onOpen?: 'reject' | 'attach' | 'signal';
}

export interface SignalInbound extends Carried {
  readonly kind: 'signal';
  readonly id: string;
  /** `identityOf` the event: what the ring of signals remembers. */
  readonly identity: string;
  readonly event: string;
  readonly source: string;
  readonly time: string;
  readonly data: Json;
}

export interface ReplyInbound extends Carried {
  readonly kind: 'reply';
  readonly run: string;
  readonly n: number;
  readonly outcome: Outcome;
  readonly retryable: boolean;
  /** Runs that ended without an answer so far, as its service counts them. */
  readonly attempts?: number;
  /** Of `unknown`, and of `failed` with `retryable`: the last error, where the service tells it. */
  readonly data: Json;
  /** Position of the data in the output's `versions()`. @default 1 */
  readonly dataversion?: number;
}

export interface TickInbound extends Carried {
  readonly kind: 'tick';
  readonly run: string;
  readonly tickAt: number;
}

export type OperationKind = 'cancel' | 'terminate' | 'resume' | 'resolve';

/** What a person found out about a command: its output, or that it failed. */
export type Resolution =
  | { readonly output: Json }
  | { readonly failure: { readonly type: string; readonly message: string; readonly data: Json } };

export interface OperationInbound extends Carried {
  readonly kind: 'operate';
  readonly id: string;
  /** `actIdentity`: what the ring of starts remembers. */
  readonly identity: string;
  readonly act: OperationKind;
  readonly reason: string;
  /** The principal, as the sender of the act names it. */
  readonly by: string;
  /** The sender, as the queue knows it: nobody can claim another's. */
  readonly sender?: string;
  readonly skip?: string;
  /** With `resolve`: path of the step, or id of the command, and its outcome. */
  readonly step?: string;
  readonly resolution?: Resolution;
  /** With `resume`: the version of the definition that the run goes on with; its journal is replayed on it first. */
  readonly version?: number;
}

export type Inbound = StartInbound | SignalInbound | ReplyInbound | TickInbound | OperationInbound;

/**
 * The key of an answer. One that is not the last word has a key of its own: what it has caused must not be sent again by the answer
 * to just that, or a stuck instance and its service would answer each other for ever.
 */
export const replyKey = (run: string, n: number, outcome: Outcome): string =>
  outcome === 'deferred' || outcome === 'unknown' ? `r:${run}:${n}:${outcome}` : `r:${run}:${n}`;
