import type { Context } from 'aws-lambda';
import { retireClosed, type RetirePorts } from '../../lib/engine/jobs/retire-closed.ts';
import type { Log } from '../log-line.ts';

export interface RetireClosedPorts extends RetirePorts {
  readonly retentionMs: number;
  readonly log: Log;
}

type Handler = (event: unknown, context: Pick<Context, 'getRemainingTimeInMillis'>) => Promise<void>;

/** Marks instances to expire that closed before the retention period. The next run continues if the time does not suffice. */
export function makeHandler(ports: () => RetireClosedPorts): Handler {
  return async (_event, context) => {
    const { index, retirement, clock, retentionMs, log } = ports();
    const options = { retentionMs, remainingMs: () => context.getRemainingTimeInMillis() };
    const count = await retireClosed({ index, retirement, clock }, options);
    if (count > 0) log({ event: 'retired', count });
  };
}
