import type { AnswerRequest, ClientPorts } from '../client/connection.ts';
import type { SystemContract } from '../contract/runtime-contract.ts';
import type { InstanceFilter } from '../ports/instance-index.ts';
import type { Head } from '../ports/process-store.ts';
import { offeredPort, remotePort, type Caller, type Methods } from './channel/port-channel.ts';

/** The ports that a client in another process calls directly. It reads the index in pages. */
type OfferedPorts = Pick<ClientPorts, 'sender' | 'publisher' | 'store' | 'payloads' | 'parking'>;

/** Every method that a client may call. A client writes nothing but messages. */
const METHODS: { readonly [P in keyof OfferedPorts]: readonly (keyof OfferedPorts[P] & string)[] } = {
  sender: ['send'],
  publisher: ['publish'],
  store: ['load', 'chunks'],
  payloads: ['get'],
  parking: ['parked', 'list'],
};

/** Heads on a page of a list. */
const PAGE = 200;
/** Pause before the head is read again, if the runtime reports no commits. */
const POLL_MS = 50;
/** A wait of another process is renewed after this time, because that process does not say when it has lost interest. */
const CHANGE_MS = 60_000;
const OVER = 'over';

/** `system` is the system that this process runs. */
export function offeredClientPorts(ports: ClientPorts, system: SystemContract): Methods {
  return {
    ...offeredPort(ports.sender, 'sender', METHODS.sender),
    ...offeredPort(ports.publisher, 'publisher', METHODS.publisher),
    ...offeredPort(ports.store, 'store', METHODS.store),
    ...offeredPort(ports.payloads, 'payloads', METHODS.payloads),
    ...offeredPort(ports.parking, 'parking', METHODS.parking),
    'client.tenants': () => ports.index.tenants(),
    'client.page': (filter: InstanceFilter, max: number) => firstHeads(ports, filter, max),
    'client.storeLarge': (...args: Parameters<ClientPorts['storeLarge']>) => ports.storeLarge(...args),
    'client.durable': () => ports.durable(),
    'client.answer': (request: AnswerRequest) => ports.answer(request, system),
    'client.changed': (pid: string) => (ports.changed === undefined ? ports.clock.sleep(POLL_MS) : changeWithin(ports, pid, CHANGE_MS)),
  };
}

type RemotePorts = OfferedPorts & Pick<ClientPorts, 'index' | 'storeLarge' | 'durable' | 'answer'>;

/** The ports at the other end of a channel that carries JSON, which has no `undefined` in lists or by itself. */
export function remoteClientPorts(caller: Caller): RemotePorts {
  const store = remotePort<RemotePorts['store']>(caller, 'store', METHODS.store);
  const parking = remotePort<RemotePorts['parking']>(caller, 'parking', METHODS.parking);
  const payloads = remotePort<RemotePorts['payloads']>(caller, 'payloads', METHODS.payloads);
  return {
    sender: remotePort(caller, 'sender', METHODS.sender),
    publisher: remotePort(caller, 'publisher', METHODS.publisher),
    store: { ...store, load: async (...args) => (await store.load(...args)).map((head) => head ?? undefined) },
    payloads: { get: async (pid, hash) => (await payloads.get(pid, hash)) ?? undefined },
    parking: {
      ...parking,
      list: (filter, max, after) => (after === undefined ? parking.list(filter, max) : parking.list(filter, max, after)),
    },
    index: {
      list: (filter) => listInPages((...page) => caller.call('client.page', page), filter),
      tenants: () => caller.call('client.tenants', []),
    },
    storeLarge: (...args) => caller.call('client.storeLarge', args),
    durable: () => caller.call('client.durable', []),
    answer: (request) => caller.call('client.answer', [request]),
  };
}

/** Resolves with the next change of an instance, or after `milliseconds`. */
async function changeWithin({ changed, clock }: Pick<ClientPorts, 'changed' | 'clock'>, pid: string, milliseconds: number): Promise<void> {
  const over = new AbortController();
  try {
    await Promise.race([changed?.(pid, over.signal), clock.sleep(milliseconds, over.signal)]);
  } finally {
    over.abort(OVER);
  }
}

async function firstHeads(ports: Pick<ClientPorts, 'index'>, filter: InstanceFilter, max: number): Promise<readonly Head[]> {
  const heads: Head[] = [];
  for await (const head of ports.index.list(filter)) if (heads.push(head) >= max) break;
  return heads;
}

/** A page names the last instance of the page before it, so the server keeps no cursor per client. */
async function* listInPages(
  page: (filter: InstanceFilter, max: number) => Promise<readonly Head[]>,
  filter: InstanceFilter,
): AsyncGenerator<Head, void, undefined> {
  for (let next = filter; ;) {
    const heads = await page(next, PAGE);
    yield* heads;
    const last = heads.at(-1);
    if (last === undefined || heads.length < PAGE) return;
    next = { ...filter, after: { startedAt: last.startedAt, pid: last.pid } };
  }
}
