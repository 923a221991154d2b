import { clock, deployedIndex, deployedParking, deployedSender } from '../deployed-ports.ts';
import { deployedSystem, processesOf } from '../deployed-system.ts';
import { logLine } from '../log-line.ts';
import { once } from '../once.ts';
import { makeHandler } from './handler.ts';

export const handler = makeHandler(
  once(() => ({
    index: deployedIndex(processesOf(deployedSystem())),
    parking: deployedParking(),
    sender: deployedSender(),
    clock,
    log: logLine,
  })),
);
