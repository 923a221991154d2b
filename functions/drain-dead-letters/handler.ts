import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { drainDeadLetters, type DrainPorts } from '../../lib/engine/jobs/drain-dead-letters.ts';
import type { Log } from '../log-line.ts';
import { batchResponse, queueNameOf, receivedMessages, type GivingBack } from '../queue-batch.ts';

export interface DrainDeadLettersPorts extends DrainPorts {
  readonly queue: (name: string) => GivingBack;
  readonly log: Log;
}

/** Sends a batch of dead letters back to the inbox, with growing delays. After a day the engine parks the message. */
export function makeHandler(deployed: () => DrainDeadLettersPorts) {
  return async (event: SQSEvent): Promise<SQSBatchResponse> => {
    const ports = deployed();
    const result = await drainDeadLetters(ports, receivedMessages(event));
    return batchResponse(event, result, ports.queue(queueNameOf(event)), ports.log);
  };
}
