import { embeddedReference } from '../adapters/memory/payload-store.ts';
import type { AdvanceResult, EngineOptions } from '../engine/engine.ts';
import { heldIndex } from '../ports/parked-list.ts';
import type { ReceivedMessage } from '../ports/message-queue.ts';
import type { PayloadStore } from '../ports/payload-store.ts';
import type { State } from './state.ts';
import { offeredPort, remotePort, type Methods, type PortChannel } from './channel/port-channel.ts';

/** The calls of the runtime to an engine, on this thread or in another. */
export interface EngineSeat {
  advance(messages: readonly ReceivedMessage[]): Promise<AdvanceResult>;
  /** Runs one message alone and marks it before, because it may be the cause that ends the thread. */
  advanceSuspect(message: ReceivedMessage): Promise<AdvanceResult>;
  drainDeadLetters(messages: readonly ReceivedMessage[]): Promise<AdvanceResult>;
  sweep(): Promise<number>;
}

/** The ports that an engine in another thread reaches through its channel. */
export type EnginePorts = Pick<EngineOptions, 'store' | 'index' | 'sender' | 'publisher' | 'payloads' | 'parking'> &
  Required<Pick<EngineOptions, 'held' | 'erasure'>>;

/** The ports of an engine on this state. */
export function enginePortsOf(state: State): EnginePorts {
  const { processStore: store, instanceIndex: index, sender, publisher, payloadStore: payloads, parkingStore: parking } = state;
  return { store, index, sender, publisher, payloads, parking, erasure: state.erasureStore, held: heldIndex({ index, parking }, 0) };
}

/** Every method of every port, by name. The other thread can call no other method. */
const METHODS: { readonly [P in keyof EnginePorts]: readonly (keyof EnginePorts[P] & string)[] } = {
  store: ['load', 'commit', 'buffer', 'spill', 'chunks'],
  index: ['due'],
  sender: ['send'],
  publisher: ['publish'],
  payloads: ['put', 'get', 'fetch'],
  parking: ['park', 'parked', 'redriven', 'discarded', 'attempt'],
  held: ['find'],
  erasure: ['erase'],
};

export function offeredPorts(ports: EnginePorts): Methods {
  return {
    ...offeredPort(ports.store, 'store', METHODS.store),
    ...offeredPort(ports.index, 'index', METHODS.index),
    ...offeredPort(ports.sender, 'sender', METHODS.sender),
    ...offeredPort(ports.publisher, 'publisher', METHODS.publisher),
    ...offeredPort(ports.payloads, 'payloads', METHODS.payloads),
    ...offeredPort(ports.parking, 'parking', METHODS.parking),
    ...offeredPort(ports.held, 'held', METHODS.held),
    ...offeredPort(ports.erasure, 'erasure', METHODS.erasure),
  };
}

export function remotePorts(channel: PortChannel): EnginePorts {
  return {
    store: remotePort(channel, 'store', METHODS.store),
    index: remotePort(channel, 'index', METHODS.index),
    sender: remotePort(channel, 'sender', METHODS.sender),
    publisher: remotePort(channel, 'publisher', METHODS.publisher),
    payloads: { ...remotePort<PayloadStore>(channel, 'payloads', METHODS.payloads), reference: embeddedReference },
    parking: remotePort(channel, 'parking', METHODS.parking),
    held: remotePort(channel, 'held', METHODS.held),
    erasure: remotePort(channel, 'erasure', METHODS.erasure),
  };
}
