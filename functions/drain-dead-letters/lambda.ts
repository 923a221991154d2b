import { clock, deployedDrainSender, queueByName } from '../deployed-ports.ts';
import { faultLine, logLine } from '../log-line.ts';
import { once } from '../once.ts';
import { makeHandler } from './handler.ts';

export const handler = makeHandler(
  once(() => ({
    sender: deployedDrainSender(),
    clock,
    onFault: (error) => logLine(faultLine(error)),
    queue: queueByName,
    log: logLine,
  })),
);
