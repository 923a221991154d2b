import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { FLOWS_FILE, storeFlows, type BuiltFlow } from '../lib/format/stored-flow.ts';
import { clock, deployedStore } from './deployed-ports.ts';

/** Stores the graphs of this build that are not stored yet. The bundle has them in a file beside the code. */
export async function storeDeployedFlows(folder = process.env['LAMBDA_TASK_ROOT'] ?? '.'): Promise<void> {
  const flows = JSON.parse(readFileSync(join(folder, FLOWS_FILE), 'utf8')) as readonly BuiltFlow[];
  await storeFlows(deployedStore(), flows, clock.now());
}
