import { MemoryMessageQueue } from '../memory/message-queue.ts';
import type { QueuedMessage } from '../memory/queued-message.ts';
import type { Codec } from './log/field-text.ts';
import type { OrderedLog } from './log/log.ts';
import { LoggedTable } from './log/logged-table.ts';

/** A queue whose messages lie in a logged table, with the semantics of the memory adapter. */
export class SqliteMessageQueue extends MemoryMessageQueue {}

/** The messages of all queues. They stay in memory until they are deleted. */
export function messageTable(log: OrderedLog): LoggedTable<number, QueuedMessage> {
  return new LoggedTable(log, { name: 'messages', key: 'integer', codec: messageCodec, resident: () => true, keep: 0 });
}

/**
 * A queue changes its messages in place, so a change is always the few fields that can change. Visibility is not stored:
 * the receiver of a message ends with the process, so the message is visible again at once.
 */
const messageCodec: Codec<QueuedMessage> = {
  encode(writer, message, previous) {
    writer.string(message.queue);
    writer.number(message.receiveCount);
    writer.number(previous === undefined ? 1 : 0);
    if (previous !== undefined) return;
    writer.number(message.number);
    writer.number(message.sentAt);
    // Only a delay is stored as a time, so that a clock that was set back hides no other message.
    writer.number(message.receiveCount === 0 && message.visibleAt > message.sentAt ? message.visibleAt : 0);
    writer.string(message.prefix);
    writer.shared(message.detail);
  },
  decode(reader, previous) {
    const queue = reader.string() ?? '';
    const receiveCount = reader.number();
    const whole = reader.number() === 1;
    if (!whole) return { ...(previous as QueuedMessage), queue, receiveCount, visibleAt: 0 };
    return {
      queue,
      receiveCount,
      number: reader.number(),
      sentAt: reader.number(),
      visibleAt: reader.number(),
      prefix: reader.string() ?? '',
      detail: reader.shared() ?? '',
      restored: true,
      place: 'gone',
      heapIndex: 0,
    };
  },
};
