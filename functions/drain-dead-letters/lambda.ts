import { deployedPorts } from '../deployed-ports.ts';
import { makeHandler } from './handler.ts';

export const handler = makeHandler(deployedPorts);
