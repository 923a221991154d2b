import { VirtualClock } from '../../lib/adapters/memory/virtual-clock.ts';
import { canonical } from '../../lib/contract/wire/json.ts';
import type { Json } from '../../lib/contract/schema.ts';
import type { CommandEnvelope, ReplyEnvelope } from '../../lib/contract/wire/envelope.ts';
import { systemContract } from '../../lib/contract/system.ts';
import type { JournalEntry } from '../../lib/core/journal-entry.ts';
import type { Engine, EngineOptions, EngineNotice } from '../../lib/engine/engine.ts';
import { inboxBody, sha256 } from '../../lib/format/inbox-message.ts';
import { journalTexts, parseEntry } from '../../lib/format/read-journal.ts';
import { INBOX_QUEUE, openState, type State } from '../../lib/local/state.ts';
import type { ReceivedMessage } from '../../lib/ports/message-queue.ts';
import type { MemoryMessageQueue } from '../../lib/adapters/memory/message-queue.ts';
import type { Head } from '../../lib/ports/process-store.ts';
import type { ParkedEvent } from '../../lib/ports/parking-store.ts';
import { enginePortsOf } from '../../lib/local/engine-ports.ts';
import { memoryEngine } from '../../lib/testing/memory-engine.ts';
import { code, shop } from './orders-system.ts';

export const START = Date.parse('2026-11-21T10:00:00.000Z');

type Fields = Readonly<Record<string, unknown>>;

/** The queue and the sender of a message, in a deployment with separate queues. */
export type Origin = Pick<ReceivedMessage, 'channel' | 'senderId'>;

type RigOptions = Pick<EngineOptions, 'accounts' | 'startAgeMaxMs' | 'startsPerMinute' | 'replyKeys' | 'random'> & {
  /** Messages have a channel, as on AWS; that of a message without an origin is the inbox. @default false */
  readonly deployed?: boolean;
  /** The state that another rig has left, and its clock. @default nothing, and a clock at `START` */
  readonly state?: State;
  readonly clock?: VirtualClock;
};

/** The engine on memory adapters and virtual time; a test may send anything to its inbox. */
export class InboxRig {
  readonly clock: VirtualClock;
  readonly state: State;
  readonly events: { readonly type: string; readonly id: string; readonly data: unknown }[] = [];
  readonly notices: EngineNotice[] = [];
  readonly engine: Engine;
  readonly #deployed: boolean;
  readonly #origins = new Map<string, Origin>();

  constructor({ deployed = false, state, clock = new VirtualClock(START), ...options }: RigOptions = {}) {
    this.clock = clock;
    this.state = state ?? openState({ system: systemContract(shop), clock: this.clock });
    this.#deployed = deployed;
    this.engine = this.#newEngine(options);
    Object.assign(code, { broken: false, brokenAtStart: false });
    this.state.publisher.subscribe(({ detail }) => this.events.push(JSON.parse(detail) as (typeof this.events)[number]));
  }

  #newEngine(options: Pick<EngineOptions, 'accounts' | 'startAgeMaxMs' | 'startsPerMinute' | 'replyKeys' | 'random'>): Engine {
    return memoryEngine({
      random: () => 0.5,
      ...options,
      onNotice: (notice) => void this.notices.push(notice),
      system: shop,
      ports: enginePortsOf(this.state),
      clock: this.clock,
      tickThresholdMs: -1,
    });
  }

  /** Another worker on the same state, which remembers nothing. */
  engineAfterCrash(): Engine {
    return this.#newEngine({});
  }

  get inbox(): MemoryMessageQueue {
    return this.state.queues.get(INBOX_QUEUE) as MemoryMessageQueue;
  }

  /** Puts raw text into the inbox, or into the queue that its origin names. */
  put(body: string, origin?: Origin): void {
    const messageId = this.inbox.put(body);
    if (origin !== undefined) this.#origins.set(messageId, origin);
  }

  /** The visible messages of the queues, as the function that receives them sees them. */
  async receive(): Promise<readonly ReceivedMessage[]> {
    const messages = await this.inbox.receive({ max: 10, waitSeconds: 0, visibilitySeconds: 60 });
    if (!this.#deployed) return messages;
    return messages.map((message) => ({ ...message, channel: 'inbox', ...this.#origins.get(message.messageId) }));
  }

  /** Puts an event on the bus, as EventBridge delivers it. */
  event(type: string, data: unknown, over: Fields = {}): void {
    this.put(busText(type, { ...envelope(type, this.clock.now()), data, ...over }));
  }

  /** Puts data into the payload store, as a sender of more than 100 KB does. Returns the fields that name it. */
  async stores(pid: string, data: Json): Promise<{ readonly dataref: string; readonly datahash: string }> {
    const json = canonical(data);
    const hash = sha256(json);
    await this.state.payloadStore.put(pid, hash, json);
    return { dataref: this.state.payloadStore.reference(pid, hash), datahash: `sha256:${hash}` };
  }

  /** Starts an instance of a process that has an input, as a client does. */
  start(process: string, id: string, data: Json): void {
    const time = new Date(this.clock.now()).toISOString();
    this.put(inboxBody({ tutti: 'start', startid: `start-${id}`, tenant: 'default', process, id, data, time, by: 'test' }));
  }

  operate(act: 'cancel' | 'terminate' | 'resume', pid: string): void {
    this.put(inboxBody({ tutti: 'operate', opid: `op-${act}-${this.clock.now()}`, pid, act, reason: 'test', by: 'test' }));
  }

  /** Works until the inbox holds nothing that is visible now. Returns how many messages were given back on the way. */
  async work(): Promise<number> {
    let givenBack = 0;
    for (let batches = 0; batches < 100; batches += 1) {
      const messages = await this.receive();
      if (messages.length === 0) return givenBack;
      const { acknowledge, giveBack } = await this.engine.advance(messages);
      givenBack += giveBack.length;
      await this.inbox.delete(acknowledge);
      await this.inbox.changeVisibility(giveBack);
    }
    return givenBack;
  }

  /** Lets time pass, sweeps timers on the way, and works. */
  async pass(milliseconds: number): Promise<void> {
    const until = this.clock.now() + milliseconds;
    for (let steps = 0; steps < 500; steps += 1) {
      const [due] = await this.state.instanceIndex.due(until, 1);
      const next = Math.min(this.inbox.nextVisibleAt() ?? Infinity, due?.due ?? Infinity);
      if (next > until) break;
      this.clock.advanceTo(next);
      await this.engine.sweep();
      await this.work();
    }
    this.clock.advanceTo(until);
  }

  /** The commands that wait in the queue of the payments, taken out of it. */
  async commands(): Promise<CommandEnvelope[]> {
    const queue = this.state.queues.get('payments') as MemoryMessageQueue;
    const messages = await queue.receive({ max: 100, waitSeconds: 0, visibilitySeconds: 60 });
    await queue.delete(messages.map(({ receiptHandle }) => receiptHandle));
    return messages.map(({ body }) => JSON.parse(body) as CommandEnvelope);
  }

  reply(command: CommandEnvelope, over: Partial<ReplyEnvelope> = {}): void {
    const type = `${command.type}.completed`;
    const reply = {
      ...envelope(type, this.clock.now()),
      id: `${command.id}:completed`,
      source: 'payments',
      commandid: command.id,
      commandhash: command.datahash,
      attempt: command.attempt,
      outcome: 'completed',
      replyto: command.replyto,
      dataversion: 2,
      data: { paymentId: 'p-1' },
      ...over,
    };
    this.put(busText(over.type ?? type, reply));
  }

  async head(pid: string): Promise<Head | undefined> {
    const [head] = await this.state.processStore.load([pid], { consistent: true });
    return head;
  }

  async journal(pid: string): Promise<readonly JournalEntry[]> {
    const head = await this.head(pid);
    if (!head) return [];
    return (await journalTexts(this.state.processStore, head)).map(parseEntry);
  }

  /** Types of the journal's entries. */
  async story(pid: string): Promise<readonly string[]> {
    return (await this.journal(pid)).map(({ type }) => type);
  }

  async parked(pid = ''): Promise<readonly ParkedEvent[]> {
    return this.state.parkingStore.parked(pid);
  }
}

const envelope = (type: string, now: number): Fields => ({
  specversion: '1.0',
  id: `e-${type}`,
  source: type.split('.')[0],
  type,
  time: new Date(now).toISOString(),
  datacontenttype: 'application/json',
  hops: 0,
});

export const busText = (type: string, detail: unknown): string =>
  JSON.stringify({
    version: '0',
    id: 'bus-1',
    'detail-type': type,
    source: sourceOf(type, detail),
    account: 'local',
    time: '2026-11-21T10:00:00Z',
    region: 'local',
    resources: [],
    detail,
  });

/** Publishes an envelope as its source, as far as the bus allows it. */
const sourceOf = (type: string, detail: unknown): string => {
  const { source } = (detail ?? {}) as { readonly source?: unknown };
  return typeof source === 'string' ? source : String(type.split('.')[0]);
};

/** An instance whose payment is out. */
export const charging = async (options: RigOptions = {}): Promise<{ readonly rig: InboxRig; readonly charge: CommandEnvelope }> => {
  const rig = new InboxRig(options);
  rig.event('shop.placed', { orderId: 'o-1' });
  await rig.work();
  const [charge] = await rig.commands();
  return { rig, charge: charge as CommandEnvelope };
};
