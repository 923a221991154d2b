import type { Context, SQSBatchResponse, SQSEvent } from 'aws-lambda';
import type { Engine } from '../../lib/engine/engine.ts';
import type { Log } from '../log-line.ts';
import { batchResponse, queueNameOf, receivedMessages, type GivingBack } from '../queue-batch.ts';

export interface AdvanceProcessesPorts {
  readonly engine: Pick<Engine, 'advance'>;
  readonly queue: (name: string) => GivingBack;
  readonly log: Log;
}

type Handler = (event: SQSEvent, context: Pick<Context, 'getRemainingTimeInMillis'>) => Promise<SQSBatchResponse>;

/** A batch of the inbox, or of the hot lane: the events of each instance are decided, committed, and their commands sent. */
export const makeHandler =
  (ports: () => AdvanceProcessesPorts): Handler =>
  async (event, context) => {
    const { engine, queue, log } = ports();
    const name = queueNameOf(event);
    const options = { lane: name.endsWith('.fifo'), remainingMs: () => context.getRemainingTimeInMillis() };
    const result = await engine.advance(receivedMessages(event), options);
    return batchResponse(event, result, queue(name), log);
  };
