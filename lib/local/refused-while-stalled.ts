import { storingIn } from '../client/carried-data.ts';
import type { ClientPorts } from '../client/connection.ts';
import type { InboxRoom } from './inbox-room.ts';
import type { State } from './state.ts';

/**
 * The ports by which a client writes. They refuse requests while the disk takes no writes: unwritten changes would pile up in memory,
 * and the client must not take them as confirmed. They wait while the inbox is full.
 */
export function refusedWhileStalled(
  state: State,
  room: Pick<InboxRoom, 'entered'>,
): Pick<ClientPorts, 'sender' | 'publisher' | 'storeLarge' | 'durable'> {
  const storeLarge = storingIn(state.payloadStore);
  const check = (): void => {
    const error = state.stalledBy();
    if (error !== undefined) throw error;
  };
  return {
    sender: {
      send: async (queue, messages) => {
        check();
        const entered = room.entered();
        if (entered) await entered;
        return state.sender.send(queue, messages);
      },
    },
    publisher: {
      publish: async (events) => {
        check();
        const entered = room.entered();
        if (entered) await entered;
        return state.publisher.publish(events);
      },
    },
    storeLarge: async (folder, hash, json) => {
      check();
      return storeLarge(folder, hash, json);
    },
    durable: state.durableOrRefused,
  };
}
