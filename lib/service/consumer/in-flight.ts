import type { CommandEnvelope } from '../../contract/wire/envelope.ts';
import { Cancelled } from '../../contract/errors.ts';
import { WaitSignal } from '../../ports/clock.ts';
import type { ReceivedMessage } from '../../ports/message-queue.ts';
import type { RecordBody } from './command-record.ts';
import type { PlaceHeld } from './limits/limit-state.ts';
import { TaskAbort } from '../task.ts';

/** The result of one delivery. */
export interface DeliveryResult {
  readonly messageId: string;
  readonly receiptHandle: string;
  /** `left`: another worker has the command, so this delivery is neither deleted nor returned. */
  readonly action: 'deleted' | 'given-back' | 'left';
  /** `given-back`: seconds until the queue shows the message again. */
  readonly visibilitySeconds?: number;
}

/** A diagnostic about one delivery, for logs and alarms. It contains no payload. */
export interface ServiceNotice {
  /** `limited`: the command waits for its limit. `held`: this build does not have the step of the command, so the command waits for another build. */
  readonly kind: 'malformed' | 'id-reused' | 'gave-up' | 'handler-failed' | 'fault' | 'lease-lost' | 'held' | 'limited';
  readonly messageId: string;
  readonly commandId?: string;
  readonly message: string;
  readonly cause?: unknown;
}

/** One received message, and the state of its command's run. */
export class InFlight {
  readonly message: ReceivedMessage;
  readonly startedAt: number;
  readonly abort = new TaskAbort();
  command: CommandEnvelope | undefined;
  /** The fencing token, while a lease is held. */
  token = '';
  /** The record as this worker wrote it to claim the command. */
  claim: RecordBody | undefined;
  /** The place of the run among those of its limit. @default its command has no limits */
  place: PlaceHeld | undefined;
  /** Revision of this worker's last write; 0 if the record holds an early reply, so that no other reply overwrites it. */
  revision = 0;
  /** Consecutive heartbeats that the queue refused. */
  beatsMissed = 0;
  lost = false;
  /** The grace period is over: a handler that ends now has no failure to report. */
  stopping = false;
  /** The process no longer wants the command. */
  settled = false;
  /** Aborts when the run has ended or the lease is lost: ends the watch over the timeout of the run. */
  readonly ended = new WaitSignal();

  constructor(message: ReceivedMessage, now: number) {
    this.message = message;
    this.startedAt = now;
  }

  end(): void {
    this.ended.abort();
  }

  lose(): void {
    this.lost = true;
    this.end();
    this.abort.abort(new Cancelled({ reason: 'lost-race', message: 'The lease was lost: another worker may run this command now.' }));
  }

  /** The run has exceeded its timeout. */
  expire(): void {
    this.abort.abort(new Cancelled({ reason: 'timeout', message: 'The run took longer than the timeout of its command.' }));
  }

  settle(): void {
    this.settled = true;
    this.abort.abort(new Cancelled({ reason: 'requested', message: 'The process no longer wants the command.' }));
  }

  stop(): void {
    this.stopping = true;
    this.abort.abort(new Cancelled({ reason: 'timeout', message: 'The service is shutting down and its grace period is over.' }));
  }
}
