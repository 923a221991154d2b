import type { AnyCommand } from '../contract/command.ts';
import type { Json } from '../contract/schema.ts';
import type { Reach } from './connection.ts';

/** Completes a deferred command by its task token, even before its handler defers it. */
export function completeTask({ ports, system }: Reach, command: AnyCommand, token: string, output: unknown): Promise<void> {
  return ports.answer({ token, answer: { kind: 'complete', command: command.name, output } }, system);
}

/** Fails a deferred command with an error that its contract declares. */
export function failTask(
  { ports, system }: Reach,
  command: AnyCommand,
  token: string,
  failure: { readonly type: string; readonly message: string; readonly data: Json },
): Promise<void> {
  const { type, message, data } = failure;
  return ports.answer({ token, answer: { kind: 'fail', command: command.name, failure: { type, message, data } } }, system);
}

/** Extends the heartbeat deadline of a deferred command. */
export function beatTask({ ports, system }: Reach, token: string): Promise<void> {
  return ports.answer({ token, answer: { kind: 'heartbeat' } }, system);
}
