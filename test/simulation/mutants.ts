import type { MessageSender, OutgoingMessage } from '../../lib/ports/message-sender.ts';
import type { CommitResult, ProcessStore } from '../../lib/ports/process-store.ts';
import type { EnginePorts, Mutant } from './simulation.ts';

const withSender = (ports: EnginePorts, swallows: (queue: string, message: OutgoingMessage) => boolean): EnginePorts => {
  const { sender } = ports;
  const mutated: MessageSender = {
    send: async (queue, messages) => {
      const kept = messages.filter((message) => !swallows(queue, message));
      const results = kept.length === 0 ? [] : [...(await sender.send(queue, kept))];
      return messages.map((message) =>
        kept.includes(message)
          ? (results.shift() ?? { status: 'failed', senderFault: false, reason: 'lost' })
          : { status: 'sent', messageId: 'swallowed' },
      );
    },
  };
  return { ...ports, sender: mutated };
};

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

/** An engine that forwards to nowhere. */
export const losesForwards = (): Mutant => ({ ports: (ports) => withSender(ports, (queue) => queue === 'hot-lane') });

/** Faults of an engine, each made by a port that does what the faulty engine would do. The auditor must find every one. */
export const mutants: Readonly<Record<string, () => Mutant>> = {
  'deletes a message before it is applied': () => ({ deletesFirst: true }),
  'acknowledges a duplicate without sending again what it caused': () => {
    const asked = new Set<string>();
    return {
      ports: (ports) =>
        withSender(ports, (queue, { body }) => {
          if (queue === 'inbox') return false;
          const { id } = JSON.parse(body) as { readonly id: string };
          const again = asked.has(id);
          asked.add(id);
          return again;
        }),
    };
  },
  'takes verdicts that write nothing from stale reads': () => ({
    ports: (ports) => withStore(ports, { load: (pids) => ports.store.load(pids, { consistent: false }) }),
  }),
  'drops the ticks that a commit fires': () => ({
    neverSweeps: true,
    ports: (ports) => withSender(ports, (queue, { body }) => queue === 'inbox' && body.startsWith('{"tutti":"tick"')),
  }),
  'drops the events that a commit fires': () => ({
    ports: (ports) => ({
      ...ports,
      publisher: { publish: async (events) => events.map((_, i) => ({ status: 'published', eventId: String(i) })) },
    }),
  }),
  'says that a lost commit was its own': () => ({
    ports: (ports) =>
      withStore(ports, {
        commit: async (head, expected): Promise<CommitResult> => ports.store.commit(head, expected).then(() => ({ status: 'committed' })),
      }),
  }),
  'drops journal entries without writing their chunk': () => ({ ports: (ports) => withStore(ports, { spill: async () => undefined }) }),
  'drops what comes before the start': () => ({ ports: (ports) => withStore(ports, { buffer: async () => ({ status: 'buffered' }) }) }),
};
