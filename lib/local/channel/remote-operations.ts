import type { Operations } from '../../client/operations/operations.ts';
import { offeredPort, remotePort, type Caller, type Methods } from './port-channel.ts';

const METHODS: readonly (keyof Operations)[] = [
  'start',
  'result',
  'signal',
  'ask',
  'publish',
  'list',
  'causes',
  'counts',
  'versions',
  'flow',
  'journal',
  'trace',
  'audit',
  'why',
  'cancel',
  'terminate',
  'erase',
  'pause',
  'resolve',
  'resume',
  'move',
  'fork',
  'previewFork',
  'parked',
  'redrive',
  'discard',
  'rotateKeys',
  'schedules',
  'bulk',
  'holds',
];

/** The operations on the system at the other end of a channel. */
export function remoteOperations(caller: Caller): Operations {
  return remotePort(caller, 'acts', METHODS);
}

/** The operations on this system that the other end of a channel may call. */
export function offeredOperations(operations: Operations): Methods {
  return offeredPort(operations, 'acts', METHODS);
}
