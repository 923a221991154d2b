import { ClientError } from '../lib/contract/errors.ts';
import type { SystemContract } from '../lib/contract/runtime-contract.ts';
import { folderSeal } from '../lib/local/folder-key.ts';
import { openState } from '../lib/local/state.ts';
import type { Reach } from '../lib/client/connection.ts';
import { operationsOn } from '../lib/client/operations/operations-on.ts';
import type { Operations } from '../lib/client/operations/operations.ts';

const NO_SYSTEM: SystemContract = Object.freeze({
  name: '',
  processes: new Map(),
  services: new Map(),
  commands: new Map(),
  events: new Map(),
});

/** The stored state of a stopped system. Its ports answer no task and store nothing. */
export function storedReach(directory: string): { readonly reach: Reach; readonly close: () => void } {
  const state = openState({ system: NO_SYSTEM, directory, seal: folderSeal(directory, process.env['TUTTI_KEY_FILE']) });
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
  return { reach: { system: NO_SYSTEM, ports }, close: () => state.close() };
}

/** Reads the stored state of a stopped system. Other operations need its process code, so they are refused. */
export function storedOperations(directory: string): { readonly operations: Operations; readonly close: () => void } {
  const { reach, close } = storedReach(directory);
  const refuse = (): Promise<never> => Promise.reject(notRunning(directory));
  const { list, previewFork, causes, counts, bulk, holds, journal, trace, audit, why, parked, schedules, versions, flow } =
    operationsOn(reach);
  const refused = {
    start: refuse,
    result: refuse,
    signal: refuse,
    ask: refuse,
    publish: refuse,
    cancel: refuse,
    terminate: refuse,
    pause: refuse,
    erase: refuse,
    fork: refuse,
    resolve: refuse,
    resume: refuse,
    move: refuse,
    redrive: refuse,
    discard: refuse,
    rotateKeys: refuse,
  };
  const operations: Operations = {
    list,
    previewFork,
    causes,
    journal,
    trace,
    audit,
    why,
    parked,
    versions,
    flow,
    counts,
    bulk: (request) => (READS.has(request.do) ? bulk(request) : refuse()),
    holds: (request) => (request.do === 'list' ? holds(request) : refuse()),
    // An act needs a running engine, which computes the times.
    schedules: (request) => (request.act === undefined ? schedules(request) : refuse()),
    ...refused,
  };
  return { operations, close };
}

/** The requests about bulk jobs that a stopped system answers. */
const READS: ReadonlySet<string> = new Set(['preview', 'list', 'describe', 'results']);

function notRunning(directory: string): ClientError {
  return new ClientError(
    'UNREACHABLE',
    `No system runs on the folder ${directory}: expected a running system, because this operation needs the code of its processes.`,
    {
      remedy: 'Start tutti dev with the modules of the system, or the program that runs it, then try again.',
    },
  );
}
