import type { Context, SQSBatchResponse, SQSEvent } from 'aws-lambda';
import type { Engine } from '../../lib/engine/engine.ts';
import type { Log } from '../log-line.ts';
import { batchResponse, queueNameOf, receivedMessages, type GivingBack } from '../queue-batch.ts';

export interface AdvanceProcessesPorts {
  readonly engine: Pick<Engine, 'advance'>;
  readonly queue: (name: string) => GivingBack;
  readonly log: Log;
  /** Called after each batch. @default nothing is measured */
  readonly flush?: (() => void) | undefined;
}

type Handler = (event: SQSEvent, context: Pick<Context, 'getRemainingTimeInMillis'>) => Promise<SQSBatchResponse>;

/**
 * Advances the instances of one batch. In: SQS records of the inbox or the hot lane. Out: the batch item failures.
 * Trunk: functions/queue-batch.ts → `Engine.advance` (lib/engine/engine.ts): decide, commit, send → functions/queue-batch.ts.
 */
export function makeHandler(ports: () => AdvanceProcessesPorts | Promise<AdvanceProcessesPorts>): Handler {
  return async (event, context) => {
    const { engine, queue, log, flush } = await ports();
    const name = queueNameOf(event);
    const options = { lane: name.endsWith('.fifo'), remainingMs: () => context.getRemainingTimeInMillis() };
    const result = await engine.advance(receivedMessages(event), options);
    flush?.();
    return batchResponse(event, result, queue(name), log);
  };
}
