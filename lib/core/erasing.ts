import { awaitsFork } from './forking.ts';
import { commandIdOf, isClosed, type Image } from './image.ts';
import type { OperationInbound } from './inbound.ts';

/**
 * The erasure of an instance that has ended (docs/protocol.md#erasure). Input: the head of the instance and the request of an operator. Output: the
 * head without data, or why it keeps its data.
 *
 * D1 Only an ended instance is erased, and only if nothing of it goes on: no undo, no waiting start, no fork that has not replied. A late success
 *    that would be undone holds it too, unless the operator abandons that undo.
 * D2 The erased head keeps what names its run and finds duplicates, and one entry: principal, reason, instant. It begins no other run.
 * D3 The outbox is sent before the commit that drops it.
 * D4 All else that is stored of the instance is removed after that commit, and again by each message that finds the erased head.
 */
export function erasureFault(image: Image, { abandon }: Pick<OperationInbound, 'abandon'>): string | undefined {
  const { status, commands, resends, waiting, tombstones, paused } = image;
  if (!isClosed(status)) return `it is ${paused ? 'paused' : status}, and only an instance that has ended is erased`;
  if (waiting && waiting.length > 0) return `${waiting.length} of its starts wait to begin the next run`;
  const undo = [...commands.values(), ...resends.values()].find(({ mode }) => mode === 'undo');
  if (undo) return `${undo.command} (${undo.path}) still undoes a late success`;
  if (awaitsFork(image)) return 'a fork of it has not replied yet';
  if (tombstones.length === 0 || abandon) return undefined;
  const late = tombstones.map(({ command, path, n }) => `${command} (${path ?? n})`).join(', ');
  return `a late success of ${late} would be undone with this data`;
}

/** Drops all data of the image, and journals the request as its only entry. The outbox was sent (D3). */
export function eraseImage(image: Image, request: OperationInbound, at: number): void {
  const { id, reason, by, sender } = request;
  const abandoned = image.tombstones.map(({ run, n }) => commandIdOf(image, { run, n }));
  Object.assign(image, {
    erased: at,
    clock: Math.max(image.clock, at),
    commands: new Map(),
    resends: new Map(),
    pendingSends: [],
    timers: new Map(),
    tombstones: [],
    tailFrom: 0,
    tail: [
      JSON.stringify({
        type: 'Erased',
        path: '',
        at,
        id,
        by,
        ...(sender !== undefined && { sender }),
        reason,
        ...(abandoned.length > 0 && { abandoned }),
      }),
    ],
  });
  for (const member of [
    'due',
    'tickAt',
    'hotUntil',
    'waits',
    'keyed',
    'subscriptions',
    'key',
    'gate',
    'view',
    'tags',
    'trace',
    'past',
  ] as const)
    delete image[member];
}
