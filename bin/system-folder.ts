import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ClientError } from '../lib/contract/errors.ts';
import { FolderChannel } from '../lib/local/channel/folder-channel.ts';
import { remoteOperations } from '../lib/local/channel/remote-operations.ts';
import type { OpenedActs } from './opened-acts.ts';

/** The acts on the system of a folder: of the one that runs there, else those that need no code of its processes. */
export async function openActs(directory: string): Promise<OpenedActs> {
  const channel = new FolderChannel(directory);
  if (await channel.connects()) return { acts: remoteOperations(channel), close: () => void channel.close() };
  if (!existsSync(join(directory, 'state.db'))) {
    throw new ClientError(
      'UNREACHABLE',
      `Nothing runs on the folder ${directory}, and nothing has been stored there: expected the folder of a system.`,
      { remedy: 'Start tutti dev, or name the folder of the system with --local.' },
    );
  }
  // The database is opened only where nothing runs, so it is imported only then.
  const { storedActs } = await import('./stored-acts.ts');
  return storedActs(directory);
}
