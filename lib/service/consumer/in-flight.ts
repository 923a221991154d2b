import type { CommandEnvelope } from '../../contract/wire/envelope.ts';
import { Cancelled } from '../../contract/errors.ts';
import type { ReceivedMessage } from '../../ports/message-queue.ts';
import type { RecordBody } from './command-record.ts';
import { TaskAbort } from '../task.ts';

/** What became of one delivered message. */
export interface DeliveryResult {
  readonly messageId: string;
  readonly receiptHandle: string;
  /** `left`: somebody else has the command now, and this delivery is not touched. */
  readonly action: 'deleted' | 'given-back' | 'left';
  /** Given back: after this many seconds it is seen again. */
  readonly visibilitySeconds?: number;
}

/** What befell one delivery, for logs and alarms. Payloads are never in it. */
export interface ServiceNotice {
  readonly kind: 'malformed' | 'id-reused' | 'gave-up' | 'handler-failed' | 'fault' | 'lease-lost';
  readonly messageId: string;
  readonly commandId?: string;
  readonly message: string;
  readonly cause?: unknown;
}

/** One message in a worker's hands, and what its handler holds while it runs. */
export class InFlight {
  readonly message: ReceivedMessage;
  readonly startedAt: number;
  readonly abort = new TaskAbort();
  command: CommandEnvelope | undefined;
  /** The fencing token, while a lease is held. */
  token = '';
  /** The record as this worker claimed it. */
  claim: RecordBody | undefined;
  /** Of the record as this worker last wrote it; of one that holds an early answer none, so that no other answer is written over it. */
  revision = 0;
  /** Beats that the queue refused, one after the other. */
  beatsMissed = 0;
  lost = false;
  /** The grace period is over: what is given up goes back at once. */
  stopping = false;
  /** The process no longer wants the command. */
  settled = false;
  /** Ends the watch over the time of its run. */
  readonly #timer = new AbortController();

  constructor(message: ReceivedMessage, now: number) {
    this.message = message;
    this.startedAt = now;
  }

  /** Aborted when the run has ended, or nobody looks at it any more. */
  get ended(): AbortSignal {
    return this.#timer.signal;
  }

  end(): void {
    this.#timer.abort();
  }

  lose(): void {
    this.lost = true;
    this.end();
    this.abort.abort(new Cancelled({ reason: 'lost-race', message: 'The lease was lost: another worker may run this command now.' }));
  }

  /** Its run has taken longer than one may. */
  expire(): void {
    this.abort.abort(new Cancelled({ reason: 'timeout', message: 'The run has taken longer than the timeout of its command.' }));
  }

  settle(): void {
    this.settled = true;
    this.abort.abort(new Cancelled({ reason: 'requested', message: 'The command is being settled: the process no longer wants it.' }));
  }

  stop(): void {
    this.stopping = true;
    this.abort.abort(new Cancelled({ reason: 'timeout', message: 'The service is shutting down and its grace period is over.' }));
  }
}
