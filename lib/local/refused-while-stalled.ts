import { storingIn } from '../client/carried-data.ts';
import type { ClientPorts } from '../client/connection.ts';
import type { State } from './state.ts';

/**
 * The ports by which a client writes. While the disk takes no writes they refuse: what only memory holds would pile up with each request,
 * and the client must learn that nothing is confirmed.
 */
export function refusedWhileStalled(state: State): Pick<ClientPorts, 'sender' | 'publisher' | 'storeLarge' | 'durable'> {
  const storeLarge = storingIn(state.payloadStore);
  const check = (): void => {
    const error = state.stalledBy();
    if (error !== undefined) throw error;
  };
  return {
    sender: {
      send: async (queue, messages) => {
        check();
        return state.sender.send(queue, messages);
      },
    },
    publisher: {
      publish: async (events) => {
        check();
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
