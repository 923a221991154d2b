import { listedProcesses } from '../../lib/contract/catalogue.ts';
import { systemContract } from '../../lib/contract/system.ts';
import { deployedIndex } from '../deployed-index.ts';
import { clock, deployedParking, deployedSender } from '../deployed-ports.ts';
import { deployedSystem } from '../deployed-system.ts';
import { logLine } from '../log-line.ts';
import { once } from '../once.ts';
import { makeHandler } from './handler.ts';

export const handler = makeHandler(
  once(() => ({
    index: deployedIndex(listedProcesses(systemContract(deployedSystem()))),
    parking: deployedParking(),
    sender: deployedSender(),
    clock,
    log: logLine,
  })),
);
