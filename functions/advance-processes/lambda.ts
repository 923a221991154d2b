import { logLine } from '../log-line.ts';
import { once } from '../once.ts';
import { deployedEngine } from '../deployed-engine.ts';
import { queueByName } from '../deployed-ports.ts';
import { makeHandler } from './handler.ts';

export const handler = makeHandler(once(async () => ({ engine: await deployedEngine(), queue: queueByName, log: logLine })));
