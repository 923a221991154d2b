import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ClientError } from '../lib/contract/errors.ts';
import type { OpenedActs } from './acts.ts';
import { openLink } from './link.ts';
import { socketPath } from './socket-path.ts';

/** The acts on the system of a folder: of the `tutti dev` that runs there, else those that need no code of its processes. */
export async function openActs(directory: string): Promise<OpenedActs> {
  const link = await openLink(socketPath(directory));
  if (link !== undefined) return link;
  if (!existsSync(join(directory, 'state.db'))) {
    throw new ClientError(
      'UNREACHABLE',
      `Nothing runs in ${directory}, and nothing has been stored there: expected the folder of a tutti dev.`,
      {
        remedy: 'Start tutti dev, or name its folder with --local.',
      },
    );
  }
  // The database is opened only where nothing runs, so it is imported only then.
  const { storedActs } = await import('./stored-acts.ts');
  return storedActs(directory);
}
