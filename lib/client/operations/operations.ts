import type { Duration } from '../../contract/duration.ts';
import type { Json } from '../../contract/schema.ts';
import type { Status, Summary } from '../describe.ts';
import type { UndeclaredFailure } from '../resolve.ts';
import type { OnOpen } from '../start.ts';
import type { ParkedCount } from '../parked-count.ts';
import type { Why } from './why.ts';

/** What is asked of one tenant. */
export interface OfTenant {
  /** @default `default` */
  readonly tenant?: string;
}

export interface Instance extends OfTenant {
  readonly process: string;
  readonly id: string;
}

/**
 * What a person does with a system that runs somewhere else, without its code: only the system itself knows its processes
 * and schemas. What each act is asked with and answers is plain JSON, because it may travel over a socket.
 */
export interface Operations {
  start: Act<OfTenant & { process: string; input: Json; id?: string; onOpen?: OnOpen }, { id: string; run: string; started: boolean }>;
  /** `orStuck`: resolves with `stuck` instead of a result as soon as the instance needs a person. */
  result: Act<Instance & { timeout?: Duration; orStuck?: boolean }, { result: Json; stuck?: true }>;
  signal: Act<Instance & { event: string; data: Json }, SignalAnswer>;
  publish: Act<OfTenant & { event: string; data: Json; id?: string }, { id: string }>;
  list: Act<ListRequest, { instances: readonly ListedInstance[] }>;
  journal: Act<Instance & { payloads: boolean; from: number }, JournalAnswer>;
  why: Act<Instance, WhyAnswer>;
  cancel: Act<Instance & { reason: string }, { status: Status }>;
  terminate: Act<Instance & { reason: string }, { status: Status }>;
  resolve: Act<Instance & { step: string; reason: string } & ({ output: Json } | { failure: UndeclaredFailure }), { status: Status }>;
  resume: Act<Instance & { version?: number; skip?: string }, { status: Status }>;
  parked: Act<ParkedRequest, ParkedAnswer>;
  redrive: Act<RedriveRequest, RedriveAnswer>;
  rotateKeys: Act<Readonly<Record<string, never>>, RotateAnswer>;
}

interface Act<Request, Answer> {
  (request: Request): Promise<Answer>;
}

export interface RotateAnswer {
  /** ISO instant from which the new key signs. */
  readonly signsFrom: string;
}

export interface SignalAnswer {
  /** Of the event. */
  readonly id: string;
  /** ISO instant: the instance has not been started, and until then the event waits for its start. */
  readonly keptUntil?: string;
}

export interface ListRequest extends OfTenant {
  readonly process?: string;
  readonly status?: readonly Status[];
  readonly tag?: Readonly<Record<string, string>>;
  readonly unresolved?: boolean;
  /** Milliseconds since the epoch. */
  readonly since?: number;
  readonly limit: number;
}

export type ListedInstance = Omit<Summary, 'started'> & { readonly started: string };

export interface WhyAnswer {
  /** Absent where it is `default`. */
  readonly tenant?: string;
  readonly process: string;
  readonly id: string;
  readonly status: Status;
  readonly why: string;
  /** Each thing that it waits for, in full. Absent where an older version of Tutti answers. */
  readonly lines?: readonly string[];
  readonly pending: Why['pending'];
  readonly stuck?: NonNullable<Why['stuck']>;
  /** How many events are parked beside it. */
  readonly parked?: number;
  /** The same, by reason. */
  readonly parkedReasons?: ParkedCount;
}

/** Entries from the index that was asked for. */
export interface JournalAnswer {
  readonly run: string;
  readonly status: Status;
  readonly why: string;
  readonly entries: readonly Json[];
  /** Its tags, where it has any. */
  readonly tags?: Readonly<Record<string, string>>;
  /** What queries see now, where it has shown anything. */
  readonly view?: Json;
}

export interface ParkedRequest {
  /** Without an instance: beside instances of this tenant. @default all, and what is parked beside none */
  readonly tenant?: string;
  /** With `id`: beside this instance. */
  readonly process?: string;
  readonly id?: string;
  readonly reason?: string;
  /** Of the event. */
  readonly type?: string;
  /** Only what needs a person. */
  readonly waiting?: boolean;
  /** Parked then or later, milliseconds since the epoch. */
  readonly since?: number;
  /** Parked then or before. */
  readonly before?: number;
  readonly limit: number;
  /** `next` of the page before. */
  readonly after?: string;
}

export interface ParkedAnswer {
  readonly events: readonly ListedParked[];
  /** Absent after the last page. */
  readonly next?: string;
}

export interface ListedParked {
  /** Of the instance; absent of what is parked apart. */
  readonly tenant?: string;
  readonly process?: string;
  readonly id?: string;
  readonly reason: string;
  readonly detail: string;
  /** Of the event, where its message says them. */
  readonly eventId?: string;
  readonly type?: string;
  readonly source?: string;
  /** Of a request of a client: as its queue knew the sender. */
  readonly sender?: string;
  /** ISO instants. */
  readonly parked: string;
  readonly expires?: string;
  /** What `redrive` is asked with. */
  readonly key: ParkedKey;
}

export interface ParkedKey {
  readonly pid: string;
  readonly id: string;
  readonly parkedAt: number;
}

export interface RedriveRequest {
  /** At most 100. */
  readonly events: readonly ParkedKey[];
}

export interface RedriveAnswer {
  readonly sent: number;
  /** What could not be sent stays parked. */
  readonly left: number;
}
