import { SCHEDULES } from '../../contract/schedule-instance.ts';
import type { SystemContract } from '../../contract/runtime-contract.ts';
import { INBOX, inboxBody } from '../../format/inbox-message.ts';
import type { Clock } from '../../ports/clock.ts';
import type { MessageSender } from '../../ports/message-sender.ts';
import { reasonsOf, sendAll } from '../send/send-all.ts';

/**
 * Asks the engine to begin the schedules that its code lists: when a host starts, and every hour. The engine that reads the message knows
 * them, so no job needs the code of the system. Returns why it could not be sent.
 */
export async function listSchedules(ports: {
  readonly clock: Pick<Clock, 'now'>;
  readonly sender: MessageSender;
}): Promise<readonly string[]> {
  const body = schedulesBody(ports.clock);
  return reasonsOf(await sendAll([{ to: 'queue', queue: INBOX, body, groupId: SCHEDULES, n: 0 }], ports.sender));
}

export function schedulesBody(clock: Pick<Clock, 'now'>): string {
  return inboxBody({ tutti: 'schedules', time: new Date(clock.now()).toISOString() });
}

/** Whether a system lists schedules. */
export function hasSchedules({ schedules }: SystemContract): boolean {
  return schedules !== undefined;
}
