import type { Json } from '../schema.ts';

/** The wire format: CloudEvents 1.0 JSON. Extension names are lower-case letters and digits. */
interface Envelope {
  readonly specversion: '1.0';
  readonly id: string;
  /** Who sends: owner of the event, system, service. */
  readonly source: string;
  readonly type: string;
  /** ISO 8601, UTC, with milliseconds. */
  readonly time: string;
  readonly datacontenttype: 'application/json';
  /** Position in `versions()`; absent = 1. */
  readonly dataversion?: number;
  readonly subject?: string;
  readonly tenant?: string;
  readonly causeid?: string;
  /** One more on each published event than on what caused it; commands and replies carry it on. */
  readonly hops: number;
  readonly traceparent?: string;
  /** Absent where `dataref` is given. */
  readonly data?: Json;
  /** Where the data lies when it is over 100 KB; `datahash` is then required. */
  readonly dataref?: string;
  /** `sha256:` and 64 hex digits, of the canonical data. */
  readonly datahash?: string;
}

export interface EventEnvelope extends Envelope {
  /** Addressed to one instance: a signal by id. */
  readonly processid?: string;
}

export interface CommandEnvelope extends Envelope {
  readonly datahash: string;
  readonly attempt: number;
  /** Runs that may end without an answer, in all. Absent: no limit. */
  readonly retryattempts?: number;
  /** The first and the longest pause between two runs, in milliseconds, and the factor between pauses as decimal text. */
  readonly retryfirst?: number;
  readonly retrymost?: number;
  readonly retryfactor?: string;
  /** How long one run may take, in milliseconds. */
  readonly timeout?: number;
  /** ISO instant; past it the command is settled, not begun. */
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
  /** With `failed`: technical, nothing has happened, may be tried again under a new id. */
  readonly retryable?: boolean;
  /** With `failed` and `retryable`, `unknown` and `cancelled`: runs that have ended without an answer. */
  readonly attempts?: number;
  readonly replyto: string;
  readonly replytoken?: string;
}

/** The data of a reply whose outcome is `failed`; of one that is `unknown` the last error, where the service has one. */
export interface FailureData {
  readonly type: string;
  readonly message: string;
  readonly data: Json;
}
