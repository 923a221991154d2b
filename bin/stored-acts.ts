import { ClientError } from '../lib/contract/errors.ts';
import type { SystemContract } from '../lib/contract/runtime-contract.ts';
import { openState } from '../lib/local/state.ts';
import { actsOn } from '../lib/client/operations/operations-on.ts';
import type { OpenedActs } from './opened-acts.ts';

const NO_SYSTEM: SystemContract = Object.freeze({
  name: '',
  processes: new Map(),
  services: new Map(),
  commands: new Map(),
  events: new Map(),
});

/** Reads what a stopped system has left. Only a running one knows its processes, so nothing else can be done. */
export function storedActs(directory: string): OpenedActs {
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
    storeLarge: refuse,
    durable: state.durable,
  };
  const { list, journal, why, parked } = actsOn({ system: NO_SYSTEM, ports });
  const refused = {
    start: refuse,
    result: refuse,
    signal: refuse,
    publish: refuse,
    cancel: refuse,
    terminate: refuse,
    resolve: refuse,
    resume: refuse,
    redrive: refuse,
    rotateKeys: refuse,
  };
  const acts = { list, journal, why, parked, ...refused };
  return { acts, close: () => state.close() };
}

function notRunning(directory: string): ClientError {
  return new ClientError(
    'UNREACHABLE',
    `Nothing runs on the folder ${directory}: expected a running system, since only that knows its processes.`,
    {
      remedy: 'Start tutti dev with the modules of the system, or the program that runs it, then try again.',
    },
  );
}
