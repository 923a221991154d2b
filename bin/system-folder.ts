import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ClientError } from '../lib/contract/errors.ts';
import type { SystemContract } from '../lib/contract/runtime-contract.ts';
import { openState } from '../lib/local/state.ts';
import { actsOn, type Acts } from './acts.ts';
import { openLink } from './link.ts';
import { socketPath } from './socket-path.ts';

export interface OpenedActs {
  readonly acts: Acts;
  close(): void;
}

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
  return storedActs(directory);
}

const NO_SYSTEM: SystemContract = Object.freeze({
  name: '',
  processes: new Map(),
  services: new Map(),
  commands: new Map(),
  events: new Map(),
});

/** Reads what a stopped system has left. Only a running one knows its processes, so nothing else can be done. */
function storedActs(directory: string): OpenedActs {
  const state = openState({ system: NO_SYSTEM, directory });
  const refuse = (): Promise<never> => Promise.reject(notRunning(directory));
  const ports = {
    sender: state.sender,
    publisher: state.publisher,
    store: state.processStore,
    index: state.instanceIndex,
    payloads: state.payloadStore,
    parking: state.parkingStore,
    clock: state.clock,
    principal: 'cli',
    answer: refuse,
    durable: state.durable,
  };
  const { list, journal, why } = actsOn({ system: NO_SYSTEM, ports });
  const acts = { list, journal, why, start: refuse, result: refuse, signal: refuse, cancel: refuse, resume: refuse };
  return { acts, close: () => state.close() };
}

function notRunning(directory: string): ClientError {
  return new ClientError('UNREACHABLE', `No tutti dev runs in ${directory}: expected one, since only it knows the processes.`, {
    remedy: 'Start tutti dev with the modules of the system, then try again.',
  });
}
