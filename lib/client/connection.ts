import type { SystemContract } from '../contract/runtime-contract.ts';
import type { Abortable, Clock } from '../ports/clock.ts';
import type { EventPublisher } from '../ports/event-publisher.ts';
import type { InstanceIndex } from '../ports/instance-index.ts';
import type { MessageSender } from '../ports/message-sender.ts';
import type { ParkedList } from '../ports/parked-list.ts';
import type { ParkingStore } from '../ports/parking-store.ts';
import type { PayloadStore } from '../ports/payload-store.ts';
import type { ProcessStore } from '../ports/process-store.ts';
import type { DeferredAnswer } from '../service/consumer/deferred-answer.ts';

/** A connection to a running system, made by `local()`, `aws()` or the test kit. Its content is private. */
export interface Connection {
  readonly '~connection': true;
}

/** A completion, a failure or a heartbeat for a deferred task, by its token. */
export interface AnswerRequest {
  readonly token: string;
  readonly answer: DeferredAnswer;
}

/** Number of messages in a queue. On AWS the numbers are approximate. */
export interface QueueDepth {
  readonly queued: number;
  /** Received by a handler that has not answered. @default unknown */
  readonly inFlight?: number;
  /** In the dead-letter queue. @default unknown */
  readonly dead?: number;
}

/** The ports behind a connection. A client has no other way to the system. */
export interface ClientPorts {
  readonly sender: MessageSender;
  readonly publisher: EventPublisher;
  readonly store: Pick<ProcessStore, 'load' | 'chunks'>;
  readonly index: Pick<InstanceIndex, 'list' | 'tenants'>;
  readonly payloads: Pick<PayloadStore, 'get'>;
  readonly parking: Pick<ParkingStore, 'parked'> & ParkedList;
  readonly clock: Clock;
  /** The principal that the journal names for each operation. A function is called when the principal is first needed. */
  readonly principal: string | (() => Promise<string>);
  /** Makes the id of an event, a start or an operation. @default a ULID */
  newId?(now: number): string;
  /**
   * Completes or fails a deferred command, or sends its heartbeat: `answerDeferred` of the service that the token names. `system` is
   * the caller's system, for a connection whose own system has no schemas.
   */
  answer(request: AnswerRequest, system: SystemContract): Promise<void>;
  /**
   * Stores data that is too large for a message, as canonical JSON under its SHA-256 (64 hex digits). Resolves with the reference for the
   * message. The engine copies the data; the original is removed after 120 days.
   */
  storeLarge(folder: string, hash: string, json: string): Promise<string>;
  /** Messages in the queue of a service; undefined if this principal may not read them. @default unknown */
  queueDepth?(service: string): Promise<QueueDepth | undefined>;
  /** The last error of a command's handler, as the end of a sentence. @default unknown, as the service runs elsewhere and logs it there */
  faultOf?(commandId: string): string | undefined;
  /** Resolves when all earlier writes survive a crash. */
  durable(): Promise<void>;
  /**
   * Resolves when the head of `pid` is written after this call. It is only a hint to read the head again. It rejects if no head will ever
   * be written, for example after a stop. `signal` ends the subscription. `onlyClosed`: the caller needs no hint before the instance has
   * closed; a port may ignore it. @default the head is polled
   */
  changed?(pid: string, signal?: Abortable, onlyClosed?: boolean): Promise<void>;
}

/** A system, its ports and the tenant: the first argument of each client function. */
export interface Reach {
  readonly system: SystemContract;
  readonly ports: ClientPorts;
  /** The tenant of the instances and events. @default `default` */
  readonly tenant?: string;
}

/** The principal of these ports. */
export function principalOf({ principal }: Pick<ClientPorts, 'principal'>): string | Promise<string> {
  return typeof principal === 'string' ? principal : principal();
}

export function connectionOf(ports: ClientPorts): Connection {
  return Object.freeze({ '~connection': ports }) as unknown as Connection;
}

export function connectionPorts(connection: Connection): ClientPorts {
  return connection['~connection'] as unknown as ClientPorts;
}
