import type { SystemContract } from '../contract/runtime-contract.ts';
import type { Clock } from '../ports/clock.ts';
import type { EventPublisher } from '../ports/event-publisher.ts';
import type { InstanceIndex } from '../ports/instance-index.ts';
import type { MessageSender } from '../ports/message-sender.ts';
import type { ParkedList } from '../ports/parked-list.ts';
import type { ParkingStore } from '../ports/parking-store.ts';
import type { PayloadStore } from '../ports/payload-store.ts';
import type { ProcessStore } from '../ports/process-store.ts';
import type { DeferredAnswer } from '../service/consumer/deferred-answer.ts';

/** Where a system runs. Made by `local()` and by the test kit; what it holds is Tutti's own. */
export interface Connection {
  readonly '~connection': true;
}

/** What somebody says of a task, by its token. */
export interface AnswerRequest {
  readonly token: string;
  readonly answer: DeferredAnswer;
}

/** What a connection holds at run time: everything that a client does, it does through these. */
export interface ClientPorts {
  readonly sender: MessageSender;
  readonly publisher: EventPublisher;
  readonly store: Pick<ProcessStore, 'load' | 'chunks'>;
  readonly index: Pick<InstanceIndex, 'list' | 'tenants'>;
  readonly payloads: Pick<PayloadStore, 'get'>;
  readonly parking: Pick<ParkingStore, 'parked'> & ParkedList;
  readonly clock: Clock;
  /** Who acts: journaled with each act. A function is asked when it is first needed. */
  readonly principal: string | (() => Promise<string>);
  /** A new id for an event, a start or an act. @default a ULID */
  newId?(now: number): string;
  /**
   * Answers a deferred command, or beats for it, by its token: `answerDeferred` of the service that the token names. `system` is
   * that of the caller, for where the other side has no schemas.
   */
  answer(request: AnswerRequest, system: SystemContract): Promise<void>;
  /**
   * Stores data that is too large for a message, as canonical JSON under its SHA-256 (64 hex digits). Resolves with the reference by which
   * a message names it. Such data is there for the engine, which keeps a copy, and is removed after 120 days.
   */
  storeLarge(folder: string, hash: string, json: string): Promise<string>;
  /** What the handler of a command that runs here threw last, to end a sentence with. @default not known: its service's log tells it */
  faultOf?(commandId: string): string | undefined;
  /** Resolves when all that was done before survives a crash. */
  durable(): Promise<void>;
  /**
   * Resolves when the head of `pid` is written after this call. Only a hint, after which the head is read again; it may also
   * reject, where nothing will ever be written. From `signal` on nobody waits for it. @default the head is polled
   */
  changed?(pid: string, signal?: AbortSignal): Promise<void>;
}

/** A system and how it is reached: the first argument of each thing that a client does. */
export interface Reach {
  readonly system: SystemContract;
  readonly ports: ClientPorts;
  /** Whose instances and events are meant. @default `default` */
  readonly tenant?: string;
}

/** Who acts through these ports. */
export function principalOf({ principal }: Pick<ClientPorts, 'principal'>): string | Promise<string> {
  return typeof principal === 'string' ? principal : principal();
}

export function connectionOf(ports: ClientPorts): Connection {
  return Object.freeze({ '~connection': ports }) as unknown as Connection;
}

export function connectionPorts(connection: Connection): ClientPorts {
  return connection['~connection'] as unknown as ClientPorts;
}
