import type { CommandEnvelope } from '../../lib/contract/envelope.ts';
import { isClosed, type Image } from '../../lib/core/image.ts';
import type { JournalEntry } from '../../lib/core/journal-entry.ts';
import { decodeHead } from '../../lib/engine/head-codec.ts';
import { mergeJournal } from '../../lib/engine/live-instance.ts';
import { earliestDue } from '../../lib/core/timers.ts';
import type { Run } from '../../lib/core/run.ts';
import type { State } from '../../lib/local/state.ts';
import type { Head } from '../../lib/ports/process-store.ts';
import type { Fate, Ledger } from './trip-system.ts';

/** What the test has asked for. */
export interface Expected {
  readonly fate: Fate;
  /** Ids of the events that were addressed to it. */
  readonly events: string[];
  cancelled: boolean;
}

const REFUSED: ReadonlySet<Fate> = new Set(['declined', 'no-flight', 'no-hotel']);

interface History {
  readonly pid: string;
  readonly run: string;
  version: number;
  /** All entries ever committed, by index. */
  readonly journal: string[];
  head: Head;
}

/**
 * Reads only what production has (heads, chunks, queues, parked events, the services' ledger) and says which invariants of
 * the protocol do not hold. Some are checked at each commit, send and delete, the others when nothing moves any more.
 */
export class Auditor {
  readonly violations: string[] = [];
  readonly #histories = new Map<string, History>();
  /** Command ids that the queues have accepted. */
  readonly #sent = new Map<string, string>();
  readonly #published = new Set<string>();
  /** Bodies of which the hot lane has a copy. */
  readonly #forwarded = new Set<string>();
  forwards = 0;
  readonly #tickHorizonMs: number;

  constructor(tickHorizonMs: number) {
    this.#tickHorizonMs = tickHorizonMs;
  }

  violated(invariant: string, what: string): void {
    this.violations.push(`${invariant}: ${what}`);
  }

  /** A head was written. */
  committed(head: Head, previous: Head | undefined): void {
    if (head.version !== (previous?.version ?? 0) + 1)
      this.violated('I3', `${head.pid} went from version ${previous?.version} to ${head.version}`);
    if (head.status === 'early' || head.run === '') return;
    const known = this.#histories.get(head.pid);
    const history = known?.run === head.run ? known : { pid: head.pid, run: head.run, version: head.version, journal: [], head };
    this.#histories.set(head.pid, history);
    for (const [i, entry] of head.tail.entries()) {
      const at = head.tailFrom + i;
      const before = history.journal[at];
      if (before !== undefined && before !== entry) this.violated('I3', `${head.pid} changed entry ${at} of its journal`);
      if (at > history.journal.length) this.violated('I3', `${head.pid} has no entry ${history.journal.length}, but one at ${at}`);
      history.journal[at] = entry;
    }
    if (head.tailFrom + head.tail.length < history.journal.length)
      this.violated('I3', `${head.pid} lost entries of its journal at version ${head.version}`);
    history.version = head.version;
    history.head = head;
    if (head.status === 'running') this.#armed(head);
  }

  /** Invariant T (lib/core/timers.ts). */
  #armed(head: Head): void {
    const image = decodeHead(head);
    const earliest = earliestDue({ image } as Run);
    if (earliest === Infinity) return;
    const within = earliest - image.clock <= this.#tickHorizonMs;
    if (
      within
        ? (image.tickAt ?? Infinity) > earliest && (image.due ?? Infinity) > earliest
        : (image.due ?? Infinity) > earliest && (image.tickAt ?? Infinity) > earliest
    )
      this.violated('I11', `${head.pid} must wake at ${earliest}, but its tick is for ${image.tickAt} and its due instant ${image.due}`);
  }

  /** A queue has accepted a command. */
  accepted(body: string): void {
    const command = JSON.parse(body) as CommandEnvelope;
    const [pid, run, n] = command.id.split('/') as [string, string, string];
    const issued = this.#journal(pid, run).find((entry) => entry.type === 'CommandIssued' && entry.n === Number(n));
    if (issued?.type !== 'CommandIssued') this.violated('I1', `${command.id} was sent, but no committed head has it`);
    else if (!command.datahash.startsWith(`sha256:${issued.hash}`))
      this.violated('I1', `${command.id} was sent with other data than was committed`);
    const before = this.#sent.get(command.id);
    if (before !== undefined && before !== command.datahash) this.violated('I4', `${command.id} was sent with two hashes`);
    this.#sent.set(command.id, command.datahash);
  }

  /** The hot lane has accepted a message. */
  forwarded(body: string): void {
    this.forwards += 1;
    this.#forwarded.add(body);
    const { lane, body: inner } = JSON.parse(body) as { readonly lane?: true; readonly body: string };
    if (lane) this.#forwarded.add(inner);
  }

  /** The bus has accepted an event. */
  published(detail: string): void {
    this.#published.add((JSON.parse(detail) as { readonly id: string }).id);
  }

  /** An inbox message is about to be deleted (I14): its event is in the head, and what it caused was accepted, or it is parked. */
  async deleting(messageId: string, body: string, state: State, fromInbox: boolean): Promise<void> {
    // What is in the lane is audited when it is deleted there.
    if (fromInbox && this.#forwarded.has(body)) return;
    const message = JSON.parse(body) as Bus & { readonly tutti?: string; readonly pid?: string; readonly act?: string };
    if (message.tutti === 'forced') return this.deleting(messageId, (message as unknown as { body: string }).body, state, fromInbox);
    const detail = message.detail;
    const key = message.tutti === 'operate' || message.tutti === 'tick' ? undefined : keyOf(detail);
    const pid = message.pid ?? pidOf(detail);
    const [head] = await state.processStore.load([pid], { consistent: true });
    const image = head && decodeHead(head);
    const parked = (await state.parkingStore.parked(pid)).some((event) => event.body === body);
    if (parked) return;
    if (image && image.status !== 'early') {
      const caused = (by: { readonly cause: string; readonly messageId: string }): boolean =>
        key === undefined ? by.messageId === messageId : by.cause === key;
      for (const command of image.commands.values())
        if (caused(command) && !this.#sent.has(`${pid}/${image.run}/${command.n}`))
          this.violated('I14', `${key ?? messageId} was deleted before ${command.command} (${command.n}) of ${pid} was sent`);
      for (const fire of image.fires)
        if (fire.kind === 'event' && caused(fire) && !this.#published.has(`${pid}/${image.run}/${fire.n}`))
          this.violated('I14', `${key} was deleted before ${fire.event} of ${pid} was published`);
    }
    if (key !== undefined && !this.#kept(pid, key, detail, head, image))
      this.violated('I14', `${key} of ${pid} was deleted, but is nowhere`);
  }

  #kept(pid: string, key: string, detail: Detail, head: Head | undefined, image: Image | undefined): boolean {
    if (head === undefined || image === undefined) return false;
    if (key.startsWith('r:')) {
      const command = image.commands.get(Number(key.slice(key.lastIndexOf(':') + 1)));
      return !command || command.deferred === true || detail.outcome === 'deferred';
    }
    if (head.status === 'early') return (head.early ?? []).some((body) => body.includes(detail.id));
    const journaled = this.#journal(pid, image.run).some((entry) => 'id' in entry && entry.id === detail.id);
    return journaled || isClosed(head.status);
  }

  #journal(pid: string, run: string): readonly JournalEntry[] {
    const history = this.#histories.get(pid);
    return history?.run === run ? history.journal.map((text) => JSON.parse(text) as JournalEntry) : [];
  }

  /** Nothing moves any more. `events`: what the bus accepted, by pid. */
  async settled(state: State, ledger: Ledger, now: number, expected: ReadonlyMap<string, Expected>): Promise<void> {
    for (const [name, queue] of state.queues) if (queue.size > 0) this.violated('I8', `${queue.size} messages are left in ${name}`);
    for (const { pid, due } of await state.instanceIndex.due(Number.MAX_SAFE_INTEGER, 10))
      if (due <= now) this.violated('I11', `${pid} was due at ${due}`);
    for (const pid of expected.keys()) if (!this.#histories.has(pid)) this.violated('I6', `${pid} was never started`);
    for (const history of this.#histories.values()) {
      const chunks = await state.processStore.chunks(history.pid, history.run);
      const journal = mergeJournal(chunks, history.head.tail, history.head.tailFrom);
      if (journal.join('\n') !== history.journal.join('\n')) this.violated('I3', `${history.pid} has another journal than was committed`);
      this.#auditRun(history, expected.get(history.pid) as Expected, ledger);
    }
  }

  #auditRun({ pid, run, journal, head }: History, { fate, events, cancelled }: Expected, ledger: Ledger): void {
    const entries = journal.map((text) => JSON.parse(text) as JournalEntry);
    const closed = isClosed(head.status);
    if (!closed) this.violated('I8', `${pid} is ${head.status} for ever: ${head.why ?? ''} ${head.control}`);
    const answers = new Map<number, number>();
    const due = new Map<number, number>();
    const abandoned = new Set(entries.flatMap((entry) => (entry.type === 'CommandAbandoned' ? [entry.n] : [])));
    for (const entry of entries) {
      if (entry.type === 'CommandAnswered' && entry.outcome !== 'deferred' && entry.outcome !== 'unknown')
        answers.set(entry.n, (answers.get(entry.n) ?? 0) + 1);
      if (entry.type === 'TimerSet') due.set(entry.n, entry.due);
      if (entry.type === 'TimerFired' && entry.at < (due.get(entry.n) ?? Infinity))
        this.violated('I11', `${pid} fired timer ${entry.n} at ${entry.at}, which is early`);
      if (entry.type === 'CommandIssued' && !abandoned.has(entry.n) && !this.#sent.has(`${pid}/${run}/${entry.n}`))
        this.violated('I2', `${pid}/${run}/${entry.n} (${entry.command}) was never sent`);
      if (entry.type === 'EventPublished' && !this.#published.has(`${pid}/${run}/${entry.n}`))
        this.violated('I2', `${entry.event} of ${pid} was never published`);
    }
    for (const [n, count] of answers) if (count > 1) this.violated('I5', `${pid}/${run}/${n} has ${count} outcomes`);
    const starts = entries.filter(({ type }) => type === 'ProcessStarted').length;
    if (starts !== 1) this.violated('I7', `${pid} was started ${starts} times`);
    const standing = ledger.standing(pid).toSorted();
    if (head.status === 'completed') this.#auditSuccess(pid, fate, standing);
    // Behind the pivot a cancel undoes nothing.
    else if (closed && standing.length > 0 && !entries.some(({ type }) => type === 'Pivoted'))
      this.violated('I10', `${pid} is ${head.status}, but ${standing.join(', ')} stand`);
    if (REFUSED.has(fate) && head.status === 'completed') this.violated('I10', `${pid} has completed, although it is ${fate}`);
    // Whoever was stuck for long may have lost its patience; any other failure is invented.
    const excused = REFUSED.has(fate) || fate === 'unconfirmed' || cancelled || entries.some(({ type }) => type === 'Resumed');
    if (!excused && head.status === 'failed') this.violated('I4', `${pid} has failed, although it is ${fate}: ${journal.at(-1)}`);
    this.#auditReverse(pid, run, entries);
    if (closed) return;
    for (const id of events) if (!entries.some((entry) => 'id' in entry && entry.id === id)) this.violated('I6', `${id} of ${pid} is lost`);
  }

  #auditSuccess(pid: string, fate: Fate, standing: readonly string[]): void {
    const all = ['flights.book', 'hotels.book', 'notices.notify', 'payments.book'];
    const right = fate === 'raced' ? [all.filter((name) => name !== 'hotels.book'), all.filter((name) => name !== 'flights.book')] : [all];
    if (!right.some((names) => names.join() === standing.join()))
      this.violated('I4', `${pid} (${fate}) has completed, and ${standing.join(', ')} stand`);
  }

  /** Undos of one scope go in reverse order of completion, each only for what has completed. */
  #auditReverse(pid: string, run: string, entries: readonly JournalEntry[]): void {
    const completed = new Map<string, number>();
    for (const [at, entry] of entries.entries()) {
      if (entry.type === 'CommandAnswered' && entry.outcome === 'completed') completed.set(`${pid}/${run}/${entry.n}`, at);
      if (entry.type === 'CommandIssued' && entry.undoes !== undefined && !completed.has(entry.undoes))
        this.violated('I10', `${pid} undoes ${entry.undoes}, which it does not know to be done`);
    }
  }

  /** What happened to one instance, for whoever reads a failure. */
  story(pid: string): readonly string[] {
    return this.#histories.get(pid)?.journal ?? [];
  }
}

interface Detail {
  readonly id: string;
  readonly type: string;
  readonly commandid?: string;
  readonly outcome?: string;
  readonly data?: { readonly cartId?: string };
}

interface Bus {
  readonly detail: Detail;
}

const pidOf = (detail: Detail): string => detail.commandid?.split('/')[0] ?? `default#book-trip#${detail.data?.cartId}`;

const keyOf = (detail: Detail): string => {
  if (detail.commandid === undefined) return detail.type === 'trips.checkout' ? `s:${detail.id}` : `x:${detail.id}`;
  const [, run, n] = detail.commandid.split('/');
  return `r:${run}:${n}`;
};
