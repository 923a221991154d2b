import { clock, deployedParking, deployedSender, queueByName } from '../deployed-ports.ts';
import { faultLine, logLine, noticeLine } from '../log-line.ts';
import { once } from '../once.ts';
import { makeHandler } from './handler.ts';

export const handler = makeHandler(
  once(() => ({
    parking: deployedParking(),
    sender: deployedSender(),
    clock,
    onNotice: (notice) => logLine(noticeLine(notice)),
    onFault: (error) => logLine(faultLine(error)),
    queue: queueByName,
    log: logLine,
  })),
);
