import type { Decided } from '../../../lib/core/journal-entry.ts';
import type { OutgoingEvent } from '../../../lib/ports/event-publisher.ts';
import type { ParkedEvent } from '../../../lib/ports/parking-store.ts';
import type { Head, JournalChunk } from '../../../lib/ports/process-store.ts';
import type { CommandRecord } from '../../../lib/ports/idempotency-store.ts';
import type { Effect as EffectClass } from '../../../lib/service/consumer/command-record.ts';
import type { Effect } from '../scenarios/scenario.ts';

/** A handler begins to work on a command. */
export interface HandlerRun {
  readonly commandId: string;
  readonly command: string;
  readonly effect: EffectClass;
  readonly worker: string;
  /** By the clock of its worker, milliseconds. */
  readonly at: number;
}

/** Receives what truly happens in the simulated cloud, at the instant at which it happens, whatever the caller learns of it. */
export interface Observer {
  /** A head was written, by a commit or into an early buffer. `by`: the worker that asked for it. */
  committed(head: Head, previous: Head | undefined, by: string): void;
  spilled(chunk: JournalChunk): void;
  /** A queue has accepted a message. `queue`: `inbox`, `hot-lane`, a service, or one of their `-dead-letter`. */
  accepted(queue: string, body: string, messageId: string): void;
  /** A queue has delivered a message. */
  received(queue: string, body: string, messageId: string): void;
  /** The bus has accepted an event. */
  published(event: OutgoingEvent): void;
  parked(event: ParkedEvent): void;
  /** A message is being deleted from a queue: the last instant at which it is still there. */
  deleting(queue: string, body: string, messageId: string): void;
  effect(effect: Effect): void;
  began(run: HandlerRun): void;
  /** A handler has returned, or thrown. */
  ended(commandId: string): void;
  /** The handler has asked to be run again later. */
  postponed(commandId: string): void;
  /** A worker no longer owns the message of a run: the handler is aborted, and the run of a transaction is not counted. */
  lost(commandId: string): void;
  /** An engine or a runner of steps has replayed a decision. `recorded`: the entry of the journal at its place, if there is one. */
  replayedDecision(pid: string, now: Decided, recorded: Decided | undefined, by: string): void;
  /** A service has written the record of a command. `by`: the worker that asked for it. */
  recorded(commandId: string, record: Omit<CommandRecord, 'revision'>, by: string): void;
  /** An instance that closed long ago was retired, with all that was kept of it. */
  retired(pid: string): void;
  /**
   * All heads, chunks and parked events are now those of an earlier instant. `pids`: the instances whose heads changed; `heads`: their
   * heads now.
   */
  restored(heads: readonly (Head | undefined)[], pids: readonly string[]): void;
}
