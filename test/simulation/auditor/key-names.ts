import { KEYS, SUBSCRIBE } from '../../../lib/contract/keys.ts';
import type { ForwardMessage } from '../../../lib/format/inbox-message.ts';

interface Copy extends Pick<ForwardMessage, 'subscription' | 'round'> {
  readonly event: Pick<ForwardMessage['event'], 'type' | 'id'>;
}

/** The parts of an event's target that its names need. */
interface Named {
  readonly id: string;
  readonly ofKey?: string | undefined;
  readonly copy?: string | undefined;
}

/** The name of one copy of an event, on its way to a subscription or back. */
export const copyName = ({ subscription, round = 0, event }: Copy): string => `${event.type} ${event.id} ${subscription} ${round}`;

/** The id that stands for a copy that came back, if the data of its event are stored apart. */
export const apartOf = (subscription: string): string => `${subscription} apart`;

/** The ids under which a journal may hold an event: that of a copy that came back names its event too. */
export const journalNames = ({ ofKey, id, copy = '' }: Named): readonly string[] => (ofKey === 'return' ? [copy, apartOf(id)] : [id]);

/** Whether an event of a key is a message of the protocol, and not an event that it forwards. */
export const isProtocolOfKeys = (event: string, source: string): boolean => source === KEYS || event === SUBSCRIBE;
