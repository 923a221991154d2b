import { deployedIndex } from '../deployed-index.ts';
import { clock, deployedSender } from '../deployed-ports.ts';
import { logLine } from '../log-line.ts';
import { once } from '../once.ts';
import { makeHandler } from './handler.ts';

export const handler = makeHandler(
  once(() => ({
    index: deployedIndex(),
    sender: deployedSender(),
    clock,
    log: logLine,
    schedules: process.env['TUTTI_SCHEDULES'] === 'true',
    ...(process.env['TUTTI_FLOWS'] === 'true' && {
      storeFlows: async () => (await import('../deployed-flows.ts')).storeDeployedFlows(),
    }),
  })),
);
