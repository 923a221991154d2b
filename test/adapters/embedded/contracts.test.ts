import { erasureStoreContract } from '../../contracts/erasure-store.contract.ts';
import { eventPublisherContract } from '../../contracts/event-publisher.contract.ts';
import { idempotencyStoreContract } from '../../contracts/idempotency-store.contract.ts';
import { instanceIndexContract } from '../../contracts/instance-index.contract.ts';
import { messageQueueContract } from '../../contracts/message-queue.contract.ts';
import { parkingStoreContract } from '../../contracts/parking-store.contract.ts';
import { payloadStoreContract } from '../../contracts/payload-store.contract.ts';
import { processStoreContract } from '../../contracts/process-store.contract.ts';
import { retirementStoreContract } from '../../contracts/retirement-store.contract.ts';
import type { State } from '../../../lib/local/state.ts';
import { busOf, evicting, newDirectory, opens, queuesOf } from '../opened-states.ts';

/** As it is used; and with everything written and evicted after each call, so that every read meets rows. */
for (const [name, evicts] of [
  ['embedded', false],
  ['embedded, evicting', true],
] as const) {
  const opened = (): State => opens({ directory: newDirectory(), ...(evicts ? { keptMax: 0 } : {}) });
  const port = <Port extends object>(pick: (state: State) => Port): Port => {
    const state = opened();
    return evicts ? evicting(pick(state), state) : pick(state);
  };
  processStoreContract(name, () => port((state) => state.processStore));
  idempotencyStoreContract(name, () => port((state) => state.idempotencyStore));
  parkingStoreContract(name, () => port((state) => state.parkingStore));
  payloadStoreContract(name, () => port((state) => state.payloadStore));
  messageQueueContract(name, () => {
    const state = opened();
    const queues = queuesOf(state);
    return evicts ? { ...queues, work: evicting(queues.work, state), sender: evicting(queues.sender, state) } : queues;
  });
  eventPublisherContract(name, () => busOf(opened()));
  retirementStoreContract(name, () => {
    const { processStore, instanceIndex, retirementStore, checkpoint } = opened();
    return {
      store: processStore,
      index: instanceIndex,
      retirement: retirementStore,
      settle: async () => (evicts ? checkpoint() : undefined),
    };
  });
  erasureStoreContract(name, () => {
    const { processStore, payloadStore, parkingStore, erasureStore, checkpoint } = opened();
    const settle = async (): Promise<void> => (evicts ? checkpoint() : undefined);
    return { store: processStore, payloads: payloadStore, parking: parkingStore, erasure: erasureStore, settle };
  });
  instanceIndexContract(name, () => {
    const { processStore, instanceIndex, checkpoint, durable } = opened();
    return { store: processStore, index: instanceIndex, settle: async () => (evicts ? checkpoint() : await durable()) };
  });
}
