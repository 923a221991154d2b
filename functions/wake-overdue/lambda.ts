import { listedProcesses } from '../../lib/contract/catalogue.ts';
import { systemContract } from '../../lib/contract/system.ts';
import { deployedIndex } from '../deployed-index.ts';
import { clock, deployedParking, deployedSender, environment } from '../deployed-ports.ts';
import { deployedSystem } from '../deployed-system.ts';
import { logLine } from '../log-line.ts';
import { measuredInstances } from '../measured-instances.ts';
import { once } from '../once.ts';
import { makeHandler } from './handler.ts';

const metrics = process.env['TUTTI_METRICS'];

export const handler = makeHandler(
  once(() => ({
    index: deployedIndex(listedProcesses(systemContract(deployedSystem()))),
    parking: deployedParking(),
    sender: deployedSender(),
    clock,
    log: logLine,
    ...(metrics !== undefined && { measured: () => measuredInstances({ name: environment().name, metrics }, deployedSystem(), clock) }),
  })),
);
