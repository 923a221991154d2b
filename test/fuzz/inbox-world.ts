import type { SQSEvent } from 'aws-lambda';
import { makeHandler } from '../../functions/advance-processes/handler.ts';
import { MemoryEventPublisher } from '../../lib/adapters/memory/event-publisher.ts';
import { MemoryParkingStore } from '../../lib/adapters/memory/parking-store.ts';
import { MemoryPayloadStore } from '../../lib/adapters/memory/payload-store.ts';
import { MemoryProcessStore, memoryProcessTables } from '../../lib/adapters/memory/process-store.ts';
import { VirtualClock } from '../../lib/adapters/memory/virtual-clock.ts';
import { tooLong } from '../../lib/contract/wire/wire.ts';
import type { Engine } from '../../lib/engine/engine.ts';
import type { Channel } from '../../lib/ports/message-queue.ts';
import type { MessageSender } from '../../lib/ports/message-sender.ts';
import type { ParkedList } from '../../lib/ports/parked-list.ts';
import type { ParkedEvent, ParkingStore } from '../../lib/ports/parking-store.ts';
import type { Head } from '../../lib/ports/process-store.ts';
import { memoryEngine } from '../../lib/testing/memory-engine.ts';
import { shop } from '../bad-input/orders-system.ts';
import { sqsEvent } from '../functions/sqs-event.ts';

export const START = Date.parse('2026-11-21T10:00:00.000Z');

/** A message for the engine. */
export interface Letter {
  readonly id: string;
  /** The queue that it comes from. @default 'inbox' */
  readonly channel?: Channel;
  readonly body: string;
  readonly sentAt: number;
  readonly receiveCount: number;
}

/** The result of each message of a batch, by its id: `acknowledged`, or the seconds until it is redelivered. */
export type Fates = ReadonlyMap<string, 'acknowledged' | number>;

/** The engine of the orders system on memory adapters. Records everything that it changes, parks, sends and publishes. */
export class InboxWorld {
  readonly clock = new VirtualClock(START);
  readonly payloads = new MemoryPayloadStore();
  /** Heads by pid, as text without the members that differ between two worlds with the same inputs. */
  readonly heads = new Map<string, string>();
  readonly written = new Set<string>();
  readonly sent: { readonly queue: string; readonly body: string }[] = [];
  readonly published: string[] = [];
  /** Every message that was sent or published. A repetition of such a message is allowed at any time. */
  readonly everSent = new Set<string>();
  readonly parked: ParkedEvent[] = [];
  readonly faults: unknown[] = [];
  readonly store: MemoryProcessStore;
  readonly engine: Engine;
  readonly parking: ParkingStore & ParkedList;
  readonly #statuses = new Map<string, Head>();
  readonly #deployed: boolean;
  readonly #stamped: boolean;

  /** `deployed`: messages go through the Lambda function. `stamped`: they have their queue and their sender, as on AWS. */
  constructor({ deployed = false, stamped = deployed }: { readonly deployed?: boolean; readonly stamped?: boolean } = {}) {
    this.#deployed = deployed;
    this.#stamped = stamped;
    this.store = new MemoryProcessStore({ ...memoryProcessTables(), written: (head) => this.#note(head) });
    const bus = new MemoryEventPublisher({ clock: this.clock, rules: [] });
    bus.subscribe(({ detail }) => {
      this.published.push(detail);
      this.everSent.add(detail);
    });
    this.parking = this.#recordingParking();
    this.engine = memoryEngine({
      system: shop,
      ports: { store: this.store, sender: this.#sender(), publisher: bus, payloads: this.payloads, parking: this.parking },
      // A pause between two attempts ends at once.
      clock: { now: () => this.clock.now(), sleep: async () => undefined },
      accounts: { own: '111111111111', services: {}, events: {} },
      random: () => 0.5,
      onFault: (error) => this.faults.push(error),
    });
  }

  head(pid: string): Head | undefined {
    return this.#statuses.get(pid);
  }

  allHeads(): IterableIterator<Head> {
    return this.#statuses.values();
  }

  /**
   * Delivers the messages of each queue as a batch and returns the result of each. Throws if the engine throws, or names a message that was
   * not in the batch.
   */
  async deliver(letters: readonly Letter[]): Promise<Fates> {
    const fates = new Map<string, 'acknowledged' | number>();
    for (const channel of CHANNELS) {
      const batch = letters.filter((letter) => (letter.channel ?? 'inbox') === channel);
      if (batch.length === 0) continue;
      const some = this.#deployed ? await this.#call(batch, channel) : await this.#advance(batch, channel);
      for (const [id, fate] of some) fates.set(id, fate);
    }
    return fates;
  }

  async #advance(letters: readonly Letter[], channel: Channel): Promise<Fates> {
    const stamp = this.#stamped ? { channel, senderId: SENDER } : {};
    const messages = letters.map(({ id, body, sentAt, receiveCount }) => ({
      messageId: id,
      receiptHandle: id,
      body,
      sentAt,
      receiveCount,
      ...stamp,
    }));
    const { acknowledge, giveBack } = await this.engine.advance(messages);
    return fatesOf(letters, [
      ...acknowledge.map((id): [string, 'acknowledged'] => [id, 'acknowledged']),
      ...giveBack.map(({ receiptHandle, seconds }): [string, number] => [receiptHandle, seconds]),
    ]);
  }

  /** Calls the function as Lambda does: a message that it does not report as failed is deleted. */
  async #call(letters: readonly Letter[], channel: Channel): Promise<Fates> {
    const seconds = new Map<string, number>();
    const handler = makeHandler(() => ({
      engine: this.engine,
      queue: () => ({
        changeVisibility: async (changes) => {
          for (const change of changes) seconds.set(change.receiptHandle.slice('receipt of '.length), change.seconds);
          return [];
        },
      }),
      log: () => undefined,
    }));
    const { batchItemFailures } = await handler(eventOf(letters, channel), { getRemainingTimeInMillis: () => 20_000 });
    const failed = batchItemFailures.map(({ itemIdentifier }): [string, number] => [itemIdentifier, seconds.get(itemIdentifier) ?? -1]);
    const named = new Set(failed.map(([id]) => id));
    const others = letters.filter(({ id }) => !named.has(id)).map(({ id }): [string, 'acknowledged'] => [id, 'acknowledged']);
    return fatesOf(letters, [...failed, ...others]);
  }

  #note(head: Head): void {
    const { writer: _, early, ...rest } = head;
    this.#statuses.set(head.pid, head);
    this.written.add(head.pid);
    // An early message may have another encoding of the same content.
    this.heads.set(head.pid, JSON.stringify({ ...rest, early: early?.length }));
  }

  #recordingParking(): ParkingStore & ParkedList {
    const inner = new MemoryParkingStore();
    return {
      park: async (event) => {
        this.parked.push(event);
        await inner.park(event);
      },
      parked: (pid, ids) => inner.parked(pid, ids),
      list: (filter, max, after) => inner.list(filter, max, after),
      redriven: (...all) => inner.redriven(...all),
      discarded: (...all) => inner.discarded(...all),
      attempt: (...all) => inner.attempt(...all),
    };
  }

  #sender(): MessageSender {
    return {
      send: async (queue, messages) =>
        messages.map(({ body }) => {
          const fault = tooLong('body', body);
          if (fault !== undefined) return { status: 'failed', senderFault: true, reason: fault };
          this.sent.push({ queue, body });
          this.everSent.add(`${queue} ${body}`);
          return { status: 'sent', messageId: `s${this.sent.length}` };
        }),
    };
  }
}

const CHANNELS: readonly Channel[] = ['starts', 'operations', 'inbox'];
/** The sender that `sqsEvent` sets. */
const SENDER = 'sender';

const eventOf = (letters: readonly Letter[], channel: Channel): SQSEvent => {
  const event = sqsEvent(
    `shop-${channel}`,
    letters.map(({ id, body, receiveCount }) => ({ id, body, receives: receiveCount })),
  );
  for (const [i, record] of event.Records.entries()) record.attributes.SentTimestamp = String(letters[i]?.sentAt);
  return event;
};

const fatesOf = (letters: readonly Letter[], fates: readonly (readonly [string, 'acknowledged' | number])[]): Fates => {
  const all = new Map(fates);
  if (all.size !== letters.length || fates.length !== letters.length || !letters.every(({ id }) => all.has(id)))
    throw new Error(`A batch of ${letters.length} messages ended with ${fates.length} fates: ${JSON.stringify(fates)}.`);
  for (const [id, fate] of fates)
    if (fate !== 'acknowledged' && !(Number.isInteger(fate) && fate >= 0 && fate <= 43_200))
      throw new Error(`Message ${id} was released for ${fate} seconds: SQS allows whole numbers from 0 to 43,200.`);
  return all;
};
