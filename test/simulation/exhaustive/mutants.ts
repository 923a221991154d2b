import type { OutgoingMessage } from '../../../lib/ports/message-sender.ts';
import type { Head, ProcessStore } from '../../../lib/ports/process-store.ts';
import type { EnginePorts, Mutant } from './explored-worker.ts';

/** A fault of an engine, and a case that shows it. */
export interface MutantCase {
  readonly name: string;
  readonly mutant: Mutant;
  /** The name of the configuration. */
  readonly shownBy: string;
  readonly faults: number;
  /** Only engines that stay warm have this fault. @default false */
  readonly warm?: boolean;
  /** The invariant that it breaks. */
  readonly breaks: string;
}

const withStore = (ports: EnginePorts, store: Partial<ProcessStore>): EnginePorts => ({
  ...ports,
  store: {
    load: (pids, options) => ports.store.load(pids, options),
    commit: (head, expected) => ports.store.commit(head, expected),
    buffer: (event) => ports.store.buffer(event),
    spill: (chunk) => ports.store.spill(chunk),
    chunks: (pid, run) => ports.store.chunks(pid, run),
    ...store,
  },
});

const parkingOf = ({ parking }: EnginePorts): EnginePorts['parking'] => ({
  park: (event) => parking.park(event),
  parked: (pid, ids) => parking.parked(pid, ids),
  redriven: (pid, ids, at) => parking.redriven(pid, ids, at),
  discarded: (pid, ids, discarded) => parking.discarded(pid, ids, discarded),
  attempt: (messageId, change) => parking.attempt(messageId, change),
});

/** Reports every message as sent, and drops those that `keeps` selects. */
const withSender = (ports: EnginePorts, keeps: (queue: string, message: OutgoingMessage) => boolean): EnginePorts => ({
  ...ports,
  sender: {
    send: async (queue, messages) => {
      const sent = messages.filter((message) => !keeps(queue, message));
      const results = sent.length === 0 ? [] : [...(await ports.sender.send(queue, sent))];
      return messages.map((message) => (sent.includes(message) ? results.shift()! : { status: 'sent', messageId: 'kept' }));
    },
  },
});

const sendsNothingAgain = (ports: EnginePorts): EnginePorts => {
  let hasCommitted = false;
  const { store } = ports;
  const noting = withStore(ports, {
    commit: async (head, expected) => {
      const result = await store.commit(head, expected);
      hasCommitted ||= result.status === 'committed';
      return result;
    },
  });
  return withSender(noting, (queue) => queue !== 'inbox' && !hasCommitted);
};

const looksOnlyOnce = (ports: EnginePorts): EnginePorts => {
  const { store, parking } = ports;
  const seen = new Map<string, Head | undefined>();
  const parked = new Set<string>();
  const load: ProcessStore['load'] = async (pids, options) => {
    if (pids.every((pid) => parked.has(pid))) return pids.map((pid) => seen.get(pid));
    const heads = await store.load(pids, options);
    for (const [i, pid] of pids.entries()) seen.set(pid, heads[i]);
    return heads;
  };
  return {
    ...withStore(ports, { load }),
    parking: {
      ...parkingOf(ports),
      park: async (event) => {
        await parking.park(event);
        parked.add(event.pid);
      },
    },
  };
};

/** Treats the head that it has written last as the current one, and does not read it again. */
const trustsItsCache = (ports: EnginePorts): EnginePorts => {
  const written = new Map<string, Head>();
  const { store } = ports;
  return withStore(ports, {
    load: async (pids, options) => {
      const cached = pids.map((pid) => written.get(pid));
      return cached.every((head) => head !== undefined) ? cached : store.load(pids, options);
    },
    commit: async (head, expected) => {
      const result = await store.commit(head, expected);
      const stands = result.status === 'committed' ? head : result.current;
      if (stands) written.set(head.pid, stands);
      return result;
    },
  });
};

/** Writes no tombstones, so the instance forgets its abandoned and unresolved commands. */
const forgetsTheGivenUp = (ports: EnginePorts): EnginePorts =>
  withStore(ports, {
    commit: (head, expected) => {
      if (head.control === '') return ports.store.commit(head, expected);
      const { tombstones: _forgotten, ...control } = JSON.parse(head.control) as { readonly tombstones?: unknown };
      return ports.store.commit({ ...head, control: JSON.stringify(control) }, expected);
    },
  });

/** Faults of an engine, each simulated by ports that do what the faulty engine would do. */
export const mutants: readonly MutantCase[] = [
  {
    name: 'deletes a message before it is applied',
    mutant: { deletesFirst: true },
    shownBy: 'a start and its redelivery',
    faults: 0,
    breaks: 'I14',
  },
  {
    name: 'sends nothing again for a duplicate',
    mutant: { ports: sendsNothingAgain },
    shownBy: 'a start under two message ids',
    faults: 1,
    breaks: 'I14',
  },
  {
    name: 'takes the commit of another one for its own',
    mutant: {
      ports: (ports) =>
        withStore(ports, { commit: (head, expected) => ports.store.commit(head, expected).then(() => ({ status: 'committed' })) }),
    },
    shownBy: 'two answers of a parallel',
    faults: 0,
    breaks: 'I14',
  },
  {
    name: 'takes verdicts that write nothing from reads that may be old',
    mutant: { ports: (ports) => withStore(ports, { load: (pids) => ports.store.load(pids, { consistent: false }) }) },
    shownBy: 'a signal to what is stuck, and a resume',
    faults: 0,
    breaks: 'I6',
  },
  {
    name: 'drops what comes before the start',
    mutant: { ports: (ports) => withStore(ports, { buffer: async () => ({ status: 'buffered' }) }) },
    shownBy: 'a start and a signal',
    faults: 0,
    breaks: 'I14',
  },
  {
    name: 'drops the events that a commit fires',
    mutant: {
      ports: (ports) => ({ ...ports, publisher: { publish: async (events) => events.map(() => ({ status: 'published', eventId: '' })) } }),
    },
    shownBy: 'a closing answer and its redelivery',
    faults: 0,
    breaks: 'I14',
  },
  {
    name: 'drops the ticks that a commit fires',
    mutant: { ports: (ports) => withSender(ports, (queue, { body }) => queue === 'inbox' && body.startsWith('{"tutti":"tick"')) },
    shownBy: 'a start and its redelivery',
    faults: 0,
    breaks: 'I14',
  },
  {
    name: 'forwards to nowhere',
    mutant: { ports: (ports) => withSender(ports, (queue) => queue === 'hot-lane') },
    shownBy: 'two answers that are forwarded to the hot lane',
    faults: 0,
    breaks: 'I14',
  },
  {
    name: 'parks nowhere',
    mutant: { ports: (ports) => ({ ...ports, parking: { ...parkingOf(ports), park: async () => undefined } }) },
    shownBy: 'a signal to what is stuck, and a resume',
    faults: 0,
    breaks: 'I14',
  },
  {
    name: 'forgets what its process went on without',
    mutant: { ports: forgetsTheGivenUp },
    shownBy: 'an unknown outcome of what was cancelled, and its late success',
    faults: 0,
    breaks: 'I10',
  },
  {
    name: 'parks without a look at the head after it',
    mutant: { ports: looksOnlyOnce },
    shownBy: 'a signal to what is stuck, and a resume',
    faults: 0,
    breaks: 'I6',
  },
  {
    name: 'takes verdicts that write nothing from what it has written last',
    mutant: { ports: trustsItsCache },
    shownBy: 'an answer that makes it stuck, a signal, and a resume',
    faults: 0,
    warm: true,
    breaks: 'I6',
  },
];
