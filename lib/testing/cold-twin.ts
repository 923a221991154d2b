import { MemoryPayloadStore } from '../adapters/memory/payload-store.ts';
import { MemoryProcessStore } from '../adapters/memory/process-store.ts';
import type { Json } from '../contract/wire/json.ts';
import type { System } from '../contract/system.ts';
import type { JournalEntry } from '../core/journal-entry.ts';
import type { Engine } from '../engine/engine.ts';
import { erasedOf } from '../client/erased.ts';
import { decodeHead } from '../format/head-codec.ts';
import type { ReceivedMessage } from '../ports/message-queue.ts';
import type { Head } from '../ports/process-store.ts';
import { journalOf } from './journal-of.ts';
import { memoryEngine } from './memory-engine.ts';
import { describeDifference, nondeterminism, nondeterministic } from './nondeterminism.ts';
import { OverlayTable } from './overlay-table.ts';
import type { WorldState } from './world-state.ts';

/** A longer journal is rebuilt only for every 64th version, because rebuilding it for each event costs the square of its length. */
const ENTRIES_MAX = 400;
const EVERY_VERSION = 64;
/** The twin decides what was decided before. */
const NO_HOOKS = {};

/**
 * An engine without warm instances. After the world's engine has handled a batch, the twin handles it again on the heads from before the
 * batch and rebuilds every instance from its journal. Both must write the same heads and send the same commands (docs/correctness.md#i9).
 */
export class ColdTwin {
  readonly #system: System<string>;
  readonly #state: WorldState;
  /** The previous state of each head that was written since `begin`. */
  readonly #before = new Map<string, Head | undefined>();
  #sent: string[] = [];
  #attempts: [string, number][] = [];

  constructor(system: System<string>, state: WorldState) {
    this.#system = system;
    this.#state = state;
  }

  begin(): void {
    this.#before.clear();
    this.#sent = [];
    this.#attempts = [];
  }

  written(head: Head, previous: Head | undefined): void {
    if (!this.#before.has(head.pid)) this.#before.set(head.pid, previous);
  }

  /** Skips ticks and events: a cold engine may send those of the previous commit again. */
  sent(queue: string, bodies: readonly string[]): void {
    if (queue !== 'inbox') for (const body of bodies) this.#sent.push(`${queue} ${body}`);
  }

  attempted(messageId: string, count: number): void {
    this.#attempts.push([messageId, count]);
  }

  /** Throws if the twin decides differently. */
  async compare(messages: readonly ReceivedMessage[]): Promise<void> {
    if (![...this.#before.values()].some(isCheap)) return;
    // The twin would read the values that the erasure has removed.
    if ([...this.#before.keys()].some((pid) => erasedOf(this.#state.heads.get(pid)?.tail ?? []))) return;
    const heads = new OverlayTable(this.#state.heads, new Map(this.#before));
    const sent: string[] = [];
    const engine = this.#engine(heads, sent);
    await engine.advance(messages);
    for (const pid of new Set([...this.#before.keys(), ...heads.written.keys()]))
      await this.#compareHeads(engine, this.#state.heads.get(pid), heads.get(pid));
    const [live, rebuilt] = [this.#sent.toSorted(), sent.toSorted()];
    if (live.join('\n') !== rebuilt.join('\n'))
      throw nondeterministic(`A replay sends different commands: ${describeDifference(live, rebuilt, 'the list')}.`);
  }

  async #compareHeads(engine: Engine, live: Head | undefined, rebuilt: Head | undefined): Promise<void> {
    const head = live ?? rebuilt;
    const [ours, theirs] = [comparable(live), comparable(rebuilt)];
    if (!head || JSON.stringify(ours) === JSON.stringify(theirs)) return;
    if (live?.status !== 'stuck' && rebuilt?.status === 'stuck')
      throw nondeterministic(decodeHead(rebuilt).stuck?.message ?? `${rebuilt.pid} cannot be rebuilt.`);
    const definition = engine.definition(head.definition);
    if (!definition || !live)
      throw nondeterministic(`A replay decides ${head.pid} differently: ${describeDifference(ours, theirs, 'the head')}.`);
    const journal = journalOf(this.#state, live) as unknown as JournalEntry[];
    const image = decodeHead(live);
    throw await nondeterminism({ definition, environment: engine.environment, image, journal, live: ours, rebuilt: theirs });
  }

  #engine(heads: OverlayTable<string, Head>, sent: string[]): Engine {
    const { chunks, payloadTexts, clock, index } = this.#state;
    const attempts = [...this.#attempts];
    return memoryEngine({
      system: this.#system,
      instrumentation: NO_HOOKS,
      ports: {
        store: new MemoryProcessStore({ heads, chunks: new OverlayTable(chunks) }),
        index,
        sender: {
          send: async (queue, bodies) => {
            if (queue !== 'inbox') for (const { body } of bodies) sent.push(`${queue} ${body}`);
            return bodies.map(() => ({ status: 'sent', messageId: '' }));
          },
        },
        publisher: { publish: async (events) => events.map(() => ({ status: 'published', eventId: '' })) },
        payloads: new MemoryPayloadStore(new OverlayTable(payloadTexts)),
        parking: {
          park: async () => undefined,
          parked: async () => [],
          redriven: async () => undefined,
          discarded: async () => undefined,
          attempt: async (messageId) => {
            const at = attempts.findIndex(([id]) => id === messageId);
            return at < 0 ? 1 : (attempts.splice(at, 1)[0]?.[1] ?? 1);
          },
        },
      },
      clock: { now: () => clock.now(), sleep: () => Promise.resolve() },
      checks: true,
      random: () => 0.5,
    });
  }
}

function isCheap(before: Head | undefined): boolean {
  return before === undefined || before.tailFrom + before.tail.length <= ENTRIES_MAX || before.version % EVERY_VERSION === 0;
}

/** The head without the token of its writer. */
function comparable(head: Head | undefined): Json {
  if (!head) return null;
  const { writer: _writer, control, tail, ...rest } = head;
  return {
    ...rest,
    control: control === '' ? null : (JSON.parse(control) as Json),
    tail: tail.map((entry) => JSON.parse(entry) as Json),
  };
}
