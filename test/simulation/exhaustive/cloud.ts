import { hash as hashOf } from 'node:crypto';
import type { CommandEnvelope } from '../../../lib/contract/wire/envelope.ts';
import { MemoryParkingStore } from '../../../lib/adapters/memory/parking-store.ts';
import { MemoryPayloadStore } from '../../../lib/adapters/memory/payload-store.ts';
import { chunkGroup, MemoryProcessStore } from '../../../lib/adapters/memory/process-store.ts';
import { MemoryTable } from '../../../lib/adapters/memory/table.ts';
import { HOT_LANE, INBOX } from '../../../lib/format/inbox-message.ts';
import type { EventPublisher } from '../../../lib/ports/event-publisher.ts';
import type { MessageSender, OutgoingMessage, SendResult } from '../../../lib/ports/message-sender.ts';
import type { ParkedEvent } from '../../../lib/ports/parking-store.ts';
import type { Head, JournalChunk } from '../../../lib/ports/process-store.ts';
import { Checks } from './checks.ts';
import { ExploredQueue } from './explored-queue.ts';

/** The initial state of a cloud: that of another cloud, at an instant at which no worker was busy. */
export interface Snapshot {
  readonly heads: readonly Head[];
  readonly chunks: readonly JournalChunk[];
  readonly parked: readonly ParkedEvent[];
  readonly sent: readonly CommandEnvelope[];
  readonly published: readonly string[];
  /** Messages that stay invisible in the inbox until the clock advances. */
  readonly later: readonly { readonly id: string; readonly body: string; readonly visibleAt: number }[];
}

export const EMPTY: Snapshot = { heads: [], chunks: [], parked: [], sent: [], published: [], later: [] };

/** The stores, queues and bus of the explored workers. Each call takes effect at once and as a whole. */
export class Cloud {
  now: number;
  readonly inbox = new ExploredQueue(INBOX);
  readonly lane = new ExploredQueue(HOT_LANE);
  readonly heads = new MemoryTable<string, Head>();
  readonly chunks = new MemoryTable<string, JournalChunk>(chunkGroup);
  readonly parked = new MemoryTable<string, ParkedEvent>((event: ParkedEvent) => event.pid);
  readonly attempts = new MemoryTable<string, number>();
  readonly payloads = new MemoryTable<string, string>();
  /** The commands that service queues have accepted, the newest attempt of each, by id. */
  readonly sent = new Map<string, CommandEnvelope>();
  readonly published = new Set<string>();
  /** The head before the current one, for stale reads. */
  readonly #before = new Map<string, Head | undefined>();
  readonly store: MemoryProcessStore;
  readonly parking = new MemoryParkingStore({ parked: this.parked, attempts: this.attempts });
  readonly payloadStore = new MemoryPayloadStore(this.payloads);
  readonly checks: Checks;
  readonly #digests = new Map<string, string>();

  constructor(now: number, snapshot: Snapshot) {
    this.now = now;
    const chunkStore = new MemoryProcessStore({ heads: this.heads, chunks: this.chunks });
    for (const chunk of snapshot.chunks) void chunkStore.spill(chunk);
    for (const event of snapshot.parked) void this.parking.park(event);
    for (const command of snapshot.sent) this.sent.set(command.id, command);
    for (const id of snapshot.published) this.published.add(id);
    for (const { id, body, visibleAt } of snapshot.later) this.inbox.add({ id, body, sentAt: now, visibleAt });
    this.checks = new Checks(this);
    for (const head of snapshot.heads) {
      this.heads.set(head.pid, head);
      this.checks.committed(head, undefined);
    }
    this.store = new MemoryProcessStore({
      heads: this.heads,
      chunks: this.chunks,
      written: (head, previous) => {
        this.#before.set(head.pid, previous);
        this.#digests.delete(head.pid);
        this.checks.committed(head, previous);
      },
    });
  }

  snapshot(): Snapshot {
    return {
      heads: [...this.heads.resident()],
      chunks: [...this.chunks.resident()],
      parked: [...this.parked.resident()],
      sent: [...this.sent.values()],
      published: [...this.published],
      later: this.inbox.messages.filter(({ deleted }) => !deleted).map(({ body, visibleAt }, i) => ({ id: `later-${i}`, body, visibleAt })),
    };
  }

  /** The heads that an eventually consistent read may return. */
  oldHeads(pids: readonly string[]): readonly (Head | undefined)[] {
    return pids.map((pid) => (this.#before.has(pid) ? this.#before.get(pid) : this.heads.get(pid)));
  }

  /** The sender of one caller. Its calls have names of their own, so that message ids do not depend on the order of the callers. */
  sender(nextId: () => string): MessageSender {
    return {
      send: async (queue, messages) => {
        const call = nextId();
        return messages.map((message, i): SendResult => {
          this.#accept(queue, message, `${call}.${i}`);
          return { status: 'sent', messageId: `${call}.${i}` };
        });
      },
    };
  }

  readonly publisher: EventPublisher = {
    publish: async (events) =>
      events.map(({ detail }) => {
        const { id } = JSON.parse(detail) as { readonly id: string };
        this.published.add(id);
        return { status: 'published', eventId: id };
      }),
  };

  #accept(queue: string, { body, delaySeconds = 0, groupId }: OutgoingMessage, id: string): void {
    if (queue === INBOX || queue === HOT_LANE) {
      const target = queue === INBOX ? this.inbox : this.lane;
      target.add({
        id,
        body,
        sentAt: this.now,
        visibleAt: this.now + delaySeconds * 1000,
        ...(groupId !== undefined && { group: groupId }),
      });
      return;
    }
    const command = JSON.parse(body) as CommandEnvelope;
    this.checks.accepted(command);
    const known = this.sent.get(command.id);
    if (!known || known.attempt <= command.attempt) this.sent.set(command.id, command);
  }

  /** The stored state as one text. Two states that no worker can tell apart have the same text. */
  digest(writers: boolean): string {
    const parts: string[] = [];
    for (const head of this.heads.resident()) parts.push(this.#headDigest(head), writers ? head.writer : '');
    for (const { pid, run, from, entries } of this.chunks.resident()) parts.push(`${pid}/${run}/${from}/${entries.length}`);
    for (const { pid, id, redrivenAt } of this.parked.resident()) parts.push(`p${pid}${id}${redrivenAt === undefined ? '' : '!'}`);
    for (const id of this.published) parts.push(id);
    for (const { id, attempt, deadline } of this.sent.values()) parts.push(`s${id}#${attempt}${deadline ?? ''}`);
    parts.sort();
    return `${parts.join(' ')}|${this.inbox.digest(this.now)}|${this.lane.digest(this.now)}`;
  }

  #headDigest(head: Head): string {
    let digest = this.#digests.get(head.pid);
    if (digest === undefined) {
      digest = hashOf('sha1', withoutWriters(JSON.stringify(head)));
      this.#digests.set(head.pid, digest);
    }
    return digest;
  }
}

/** The writer of a head matters only to the engine that tried to write it, and to engines that stay warm, which know it from their results. */
export const withoutWriters = (json: string): string => json.replace(/"writer":"[^"]*"/g, '');
