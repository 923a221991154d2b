import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Json } from '../lib/contract/schema.ts';
import { ClientError } from '../lib/contract/errors.ts';
import { FolderChannel } from '../lib/local/channel/folder-channel.ts';
import { remoteConsole } from '../lib/local/channel/remote-console.ts';
import type { WhereOptions } from './invocation.ts';

/** The operations API of a system that was opened for a console. */
export interface OpenedConsole {
  readonly api: (request: Request) => Promise<Response>;
  /** Such as `the folder .tutti`. */
  readonly place: string;
  close(): void;
}

/** The place of the system of a console. */
export interface ConsolePlace extends WhereOptions {
  /** Of a stack: the prices of its region, as JSON (lib/console/prices.ts). */
  readonly prices?: Json;
}

/** Opens a deployed system, the system that runs on a folder, or the stored state of a stopped one, which is only read. */
export async function openConsole({ local, stack, region, prices }: ConsolePlace): Promise<OpenedConsole> {
  return stack === undefined ? openFolderConsole(local) : openStackConsole(stack, region, prices);
}

async function openFolderConsole(directory: string): Promise<OpenedConsole> {
  const place = `the folder ${directory}`;
  const channel = new FolderChannel(directory);
  if (await channel.connects()) return { api: remoteConsole(channel), place, close: () => void channel.close() };
  if (!existsSync(join(directory, 'state.db')))
    throw new ClientError('UNREACHABLE', `No system runs on ${place}, and no state is stored there: expected the folder of a system.`, {
      remedy: 'Start tutti dev, or name the folder of the system with --local.',
    });
  const [{ storedReach }, { operationsApi }] = await Promise.all([
    import('./stored-operations.ts'),
    import('../lib/console/operations-api.ts'),
  ]);
  const { reach, close } = storedReach(directory);
  const readOnly = `No system runs on ${place}: start it, and the console can operate it.`;
  return { api: operationsApi(reach, { place, option: `--local ${directory}`, readOnly }), place, close };
}

/** The user's own credentials decide about each call. The AWS client is imported only here, because it is large. */
async function openStackConsole(name: string, region: string | undefined, prices: Json | undefined): Promise<OpenedConsole> {
  const [{ reachStack }, { operationsApi }, { readPrices }] = await Promise.all([
    import('./system-stack.ts'),
    import('../lib/console/operations-api.ts'),
    import('../lib/console/prices.ts'),
  ]);
  const listed = prices === undefined ? {} : { prices: readPrices(prices) };
  const reach = await reachStack(name, region);
  const place = `the stack ${name}${region === undefined ? '' : ` in ${region}`}`;
  const option = `--stack ${name}${region === undefined ? '' : ` --region ${region}`}`;
  return { api: operationsApi(reach, { place, option, ...(region !== undefined && { region }), ...listed }), place, close: () => {} };
}
