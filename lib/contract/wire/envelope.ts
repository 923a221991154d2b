/** A value that JSON can represent. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json | undefined };

/** The wire format: CloudEvents 1.0 JSON. Extension names are lower-case letters and digits. */
interface Envelope {
  readonly specversion: '1.0';
  readonly id: string;
  /** The sender: the owner of the event, the system or the service. */
  readonly source: string;
  readonly type: string;
  /** ISO 8601, UTC, with milliseconds. */
  readonly time: string;
  readonly datacontenttype: 'application/json';
  /** The version of the data in `versions()`; absent = 1. */
  readonly dataversion?: number;
  readonly subject?: string;
  readonly tenant?: string;
  readonly causeid?: string;
  /** The number of events in the causal chain. A published event has one more than its cause; commands and replies copy it. */
  readonly hops: number;
  readonly traceparent?: string;
  /** Absent if `dataref` is given. */
  readonly data?: Json;
  /** The key of data over 100 KB in the payload store; `datahash` is then required. */
  readonly dataref?: string;
  /** `sha256:` and 64 hex digits: the hash of the canonical data. */
  readonly datahash?: string;
}

export interface EventEnvelope extends Envelope {
  /** The instance that a signal is addressed to. */
  readonly processid?: string;
}

export interface CommandEnvelope extends Envelope {
  readonly datahash: string;
  readonly attempt: number;
  /** The number of runs that may end without a reply. Absent: no limit. */
  readonly retryattempts?: number;
  /** The first and the longest pause between two runs, in milliseconds, and the factor between pauses as decimal text. */
  readonly retryfirst?: number;
  readonly retrymost?: number;
  readonly retryfactor?: string;
  /** The time limit of one run, in milliseconds. */
  readonly timeout?: number;
  /** ISO instant. After it, the service replies without starting another run. */
  readonly deadline?: string;
  readonly undoes?: string;
  readonly undoesoutcome?: Outcome;
  readonly replyto: string;
  readonly replytoken?: string;
}

export type Outcome = 'completed' | 'failed' | 'cancelled' | 'deferred' | 'unknown';

export interface ReplyEnvelope extends Envelope {
  readonly commandid: string;
  readonly commandhash: string;
  readonly attempt: number;
  readonly outcome: Outcome;
  /** With `failed`: a technical failure. The command had no effect and can be sent again with a new id. */
  readonly retryable?: boolean;
  /** With `unknown`, `cancelled`, and `failed` with `retryable`: the number of runs that ended without a reply. */
  readonly attempts?: number;
  readonly replyto: string;
  readonly replytoken?: string;
}

/** The data of a reply with the outcome `failed`. A reply with `unknown` can have the last error in the same form. */
export interface FailureData {
  readonly type: string;
  readonly message: string;
  readonly data: Json;
}
