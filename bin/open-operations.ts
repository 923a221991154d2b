import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Operations } from '../lib/client/operations/operations.ts';
import { ClientError } from '../lib/contract/errors.ts';
import { FolderChannel } from '../lib/local/channel/folder-channel.ts';
import { remoteOperations } from '../lib/local/channel/remote-operations.ts';

/** The operations on a system that was opened for one command. */
export interface OpenedOperations {
  readonly operations: Operations;
  close(): void;
}

/** Opens the system of a folder: the system that runs there, else its stored state, which serves only operations that need no process code. */
export async function openFolder(directory: string): Promise<OpenedOperations> {
  const channel = new FolderChannel(directory);
  if (await channel.connects()) return { operations: remoteOperations(channel), close: () => void channel.close() };
  if (!existsSync(join(directory, 'state.db'))) {
    throw new ClientError(
      'UNREACHABLE',
      `No system runs on the folder ${directory}, and no state is stored there: expected the folder of a system.`,
      { remedy: 'Start tutti dev, or name the folder of the system with --local.' },
    );
  }
  // A running system holds the database open, so the database code is imported only if none runs.
  const { storedOperations } = await import('./stored-operations.ts');
  return storedOperations(directory);
}

/** Opens a deployed system. The AWS client is imported only here, because it is large. */
export async function openStack(name: string, region: string | undefined): Promise<OpenedOperations> {
  const [{ operationsOn }, { reachStack }] = await Promise.all([
    import('../lib/client/operations/operations-on.ts'),
    import('./system-stack.ts'),
  ]);
  return { operations: operationsOn(await reachStack(name, region)), close: () => {} };
}
