import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import type { Engine } from '../../lib/engine/engine.ts';
import type { Log } from '../log-line.ts';
import { batchResponse, queueNameOf, receivedMessages, type GivingBack } from '../queue-batch.ts';

export interface DrainDeadLettersPorts {
  readonly engine: Pick<Engine, 'drainDeadLetters'>;
  readonly queue: (name: string) => GivingBack;
  readonly log: Log;
}

/** A batch of dead letters: each goes back to the inbox once, and is parked when it comes again. */
export const makeHandler =
  (ports: () => DrainDeadLettersPorts) =>
  async (event: SQSEvent): Promise<SQSBatchResponse> => {
    const { engine, queue, log } = ports();
    const result = await engine.drainDeadLetters(receivedMessages(event));
    return batchResponse(event, result, queue(queueNameOf(event)), log);
  };
