import { listedProcesses } from '../../lib/contract/catalogue.ts';
import { systemContract } from '../../lib/contract/system.ts';
import { DynamoDbRetirementStore } from '../../lib/adapters/dynamodb/retirement-store.ts';
import { deployedIndex } from '../deployed-index.ts';
import { clock, tableWithLarge } from '../deployed-ports.ts';
import { deployedSystem } from '../deployed-system.ts';
import { logLine } from '../log-line.ts';
import { once } from '../once.ts';
import { retentionMs } from '../orchestrator-environment.ts';
import { makeHandler } from './handler.ts';

export const handler = makeHandler(
  once(() => ({
    index: deployedIndex(),
    retirement: new DynamoDbRetirementStore({ ...tableWithLarge(), processes: listedProcesses(systemContract(deployedSystem())) }),
    clock,
    retentionMs: retentionMs(process.env),
    log: logLine,
  })),
);
