import type { Context } from 'aws-lambda';
import { retireClosed, type RetirePorts } from '../../lib/engine/jobs/retire-closed.ts';
import type { Log } from '../log-line.ts';

export interface RetireClosedPorts extends RetirePorts {
  readonly retentionMs: number;
  readonly log: Log;
}

type Handler = (event: unknown, context: Pick<Context, 'getRemainingTimeInMillis'>) => Promise<void>;

/** Lets expire what closed longer ago than the user keeps it; what the time does not suffice for, the next run does. */
export const makeHandler =
  (ports: () => RetireClosedPorts): Handler =>
  async (_event, context) => {
    const { index, retirement, clock, retentionMs, log } = ports();
    const options = { retentionMs, remainingMs: () => context.getRemainingTimeInMillis() };
    const count = await retireClosed({ index, retirement, clock }, options);
    if (count > 0) log({ event: 'retired', count });
  };
