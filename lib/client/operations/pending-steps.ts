import { instantText } from '../../contract/wire/wire.ts';
import type { Json } from '../../contract/schema.ts';
import { commandIdOf, type Image, type OpenCommand, type ArmedTimer } from '../../core/image.ts';

/** An open command, timer or wait, as JSON with ISO 8601 instants. */
export type PendingStep = { readonly [key: string]: Json | undefined } & {
  readonly kind: 'command' | 'timer' | 'event';
  readonly path: string;
};

/** Returns the open commands, the timers, and the waits without a timeout. */
export function pendingOf(image: Image): PendingStep[] {
  return [
    ...Array.from(image.commands.values(), (command) => pendingCommand(image, command)),
    ...Array.from(image.timers.values(), (timer) => pendingTimer(image, timer)),
    ...(image.waits ?? []).map((path): PendingStep => ({ kind: 'event', path, event: stepName(path), ...keyOfWait(image, path) })),
  ];
}

function pendingCommand(image: Image, command: OpenCommand): PendingStep {
  return {
    kind: 'command',
    path: command.path,
    command: command.command,
    commandId: commandIdOf(image, command),
    mode: command.mode,
    ...(command.owner === undefined ? {} : { owner: command.owner }),
    attempt: command.retries + command.attempt,
    since: instantText(command.since),
    ...(command.due === Infinity ? {} : { due: instantText(command.due) }),
    ...(command.deadline === undefined ? {} : { deadline: instantText(command.deadline) }),
    ...(command.deferred === true ? { deferred: true } : {}),
    ...(command.settling === undefined ? {} : { settling: command.settling }),
    ...(command.undoes === undefined ? {} : { undoes: command.undoes }),
  };
}

function pendingTimer(image: Image, timer: ArmedTimer): PendingStep {
  const again = image.resends.get(timer.n);
  return {
    kind: 'timer',
    path: timer.path,
    purpose: timer.purpose,
    due: instantText(timer.due),
    ...keyOfWait(image, waitPath(timer.path)),
    ...(again === undefined ? {} : { command: again.command, tries: again.retries }),
  };
}

/** The path of the wait whose time-out has this path. */
export function waitPath(timer: string): string {
  return timer.replace(/\/timeout$/, '');
}

/** The key that a wait names; nothing if it waits by id. */
export function keyOfWait({ keyed = [], subscriptions = [] }: Image, path: string): { readonly key?: string } {
  const found = keyed.find(([wait]) => wait === path);
  const subscription = found && subscriptions[found[1]];
  return subscription === undefined ? {} : { key: subscription.key };
}

/**
 * The name in a step's path: the command or the event, without enclosing scopes, ordinal and suffix.
 * `hotel/hotels.book:1/retry` is `hotels.book`.
 */
export function stepName(path: string): string {
  const parts = path.split('/').filter((part) => !SUFFIX.test(part));
  return (parts.at(-1) ?? path).replace(/:\d+$/, '');
}

const SUFFIX = /^(?:undo|retry|timeout|run:\d+)$/;
