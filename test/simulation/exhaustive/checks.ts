import type { CommandEnvelope, Outcome } from '../../../lib/contract/wire/envelope.ts';
import { actIdentity, identityOf } from '../../../lib/core/identity.ts';
import { replyKey } from '../../../lib/core/classify.ts';
import { commandIdOf, isClosed, type Image, type OpenCommand } from '../../../lib/core/image.ts';
import type { JournalEntry } from '../../../lib/core/journal-entry.ts';
import { decodeHead, pastOf } from '../../../lib/format/head-codec.ts';
import { sha256 } from '../../../lib/format/inbox-message.ts';
import type { MemoryTable } from '../../../lib/adapters/memory/table.ts';
import type { ParkedEvent } from '../../../lib/ports/parking-store.ts';
import type { Head, JournalChunk } from '../../../lib/ports/process-store.ts';
import { parseCommandId } from '../../../lib/contract/wire/process-id.ts';
import { startIdentity } from '../auditor/contracts.ts';
import { stoppedForNothing } from '../auditor/stuck-by-answer.ts';
import type { ExploredQueue } from './explored-queue.ts';

/** The parts of the cloud that the checks read. */
interface Checked {
  readonly inbox: ExploredQueue;
  readonly lane: ExploredQueue;
  readonly heads: MemoryTable<string, Head>;
  readonly chunks: MemoryTable<string, JournalChunk>;
  readonly parked: MemoryTable<string, ParkedEvent>;
  readonly sent: ReadonlyMap<string, CommandEnvelope>;
  readonly published: ReadonlySet<string>;
}

interface History {
  readonly pid: string;
  readonly run: string;
  readonly entries: string[];
}

/** The purpose of a message, as far as the checks need it. */
interface Purpose {
  readonly kind: 'start' | 'signal' | 'reply' | 'tick' | 'operate';
  readonly pid: string;
  readonly id: string;
  /** The event key that names its sends; undefined: its message id names them. */
  readonly cause?: string;
  readonly n?: number;
  readonly run?: string;
  readonly tickAt?: number;
  /** Id of the command that this reply completes. */
  readonly succeeds?: string;
}

/** Checks I1, I3, I5 and I14 at every step; I2, I5, I6, I7, I8 and I10 when the cloud is at rest. */
export class Checks {
  readonly violations: string[] = [];
  readonly #cloud: Checked;
  readonly #histories = new Map<string, History>();
  /** Hashes of the commands in all committed journals, by command id. */
  readonly #issued = new Map<string, string>();

  constructor(cloud: Checked) {
    this.#cloud = cloud;
  }

  #violated(what: string): void {
    this.violations.push(what);
  }

  /** I3: each head has the version after the previous one, and its journal only grows. */
  committed(head: Head, previous: Head | undefined): void {
    const isFirst = previous === undefined && this.#histories.size === 0;
    if (!isFirst && head.version !== (previous?.version ?? 0) + 1)
      this.#violated(`I3: ${head.pid} went from version ${previous?.version} to ${head.version}`);
    const stopped = stoppedForNothing(head, previous);
    if (stopped !== undefined) this.#violated(`I5: ${stopped}`);
    if (head.status === 'early' || head.run === '') return;
    for (const { run, from, entries } of pastOf(head) ?? []) {
      const past = this.#histories.get(`${head.pid}/${run}`);
      if (past) this.#grows(past, from, entries, head.version);
      else this.#violated(`I3: ${head.pid} continues the run ${run}, which has no journal`);
    }
    const key = `${head.pid}/${head.run}`;
    const history = this.#histories.get(key) ?? { pid: head.pid, run: head.run, entries: [] };
    if (!this.#histories.has(key)) this.#begin(key, history, head);
    this.#grows(history, head.tailFrom, head.tail, head.version);
  }

  #grows(history: History, from: number, tail: readonly string[], version: number): void {
    const { pid, entries } = history;
    if (from > entries.length) this.#violated(`I3: ${pid} has no entry ${entries.length}, but one at ${from}`);
    if (from + tail.length < entries.length) this.#violated(`I3: ${pid} lost entries of its journal at version ${version}`);
    for (const [i, entry] of tail.entries()) {
      const at = from + i;
      if (entries[at] === undefined) this.#journaled(history, at, entry);
      else if (entries[at] !== entry) this.#violated(`I3: ${pid} changed entry ${at} of its journal at version ${version}`);
    }
  }

  /** A cloud may begin with a run whose first entries are in chunks. */
  #begin(key: string, history: History, head: Head): void {
    this.#histories.set(key, history);
    for (const { pid, run, from, entries } of this.#cloud.chunks.resident())
      if (pid === head.pid && run === head.run) for (const [i, entry] of entries.entries()) this.#journaled(history, from + i, entry);
  }

  #journaled(history: History, at: number, text: string): void {
    history.entries[at] = text;
    if (!text.includes('"CommandIssued"')) return;
    const entry = JSON.parse(text) as JournalEntry;
    if (entry.type === 'CommandIssued') this.#issued.set(`${history.pid}/${history.run}/${entry.n}`, entry.hash);
  }

  /** I1: each command that a service queue accepts is in a committed head. */
  accepted(command: CommandEnvelope): void {
    const hash = this.#issued.get(command.id);
    if (hash === undefined) this.#violated(`I1: ${command.id} (${command.type}) was sent, but no committed head has it`);
    else if (!command.datahash.startsWith(`sha256:${hash}`))
      this.#violated(`I1: ${command.id} was sent with other data than was committed`);
  }

  /** I14: a message is deleted only if its event is kept and all of its sends were accepted. `messageId`: the id under which it was delivered. */
  deleting(body: string, messageId: string): void {
    const { inbox, lane, parked, heads } = this.#cloud;
    const inner = unwrapped(body);
    const purpose = purposeOf(inner);
    if (parked.list(purpose.pid).some((event) => event.body === inner && event.redrivenAt === undefined)) return;
    // The event goes on in another message: in the hot lane, or redriven after it was parked.
    if (lane.messages.some((message) => message.body !== body && unwrapped(message.body) === inner)) return;
    if (
      inbox.messages.some(
        (message) => isForced(message.body) && !message.deleted && message.id !== messageId && unwrapped(message.body) === inner,
      )
    )
      return;
    const head = heads.get(purpose.pid);
    const image = head && decodeHead(head);
    if (!this.#isKept(purpose, inner, head, image))
      this.#violated(`I14: ${nameOf(purpose)} of ${purpose.pid} was deleted, but is neither applied nor kept`);
    if (image && image.status !== 'early')
      for (const what of this.#unsent(image, purpose, messageId))
        this.#violated(`I14: ${nameOf(purpose)} was deleted before ${what} of ${purpose.pid} was sent`);
  }

  #isKept(purpose: Purpose, body: string, head: Head | undefined, image: Image | undefined): boolean {
    const { kind, id, n, run, tickAt } = purpose;
    if (!head || !image) return kind === 'operate' || kind === 'tick';
    if (head.status === 'early') return kind === 'operate' || (head.early ?? []).includes(body);
    const isHere = run === undefined || run === image.run;
    switch (kind) {
      case 'reply': {
        // A closed instance takes no reply of a command that nothing awaits.
        if (isClosed(head.status) && isHere && image.commands.get(n as number)?.mode === 'send') return true;
        const command = isHere ? image.commands.get(n as number) : undefined;
        // The outcomes unknown and deferred leave the command open; the journal has the reply.
        return command === undefined || this.entries(head.pid).some((entry) => entry.type === 'CommandAnswered' && entry.n === n);
      }
      case 'tick':
        return !isHere || isClosed(head.status) || (image.tickAt !== tickAt && image.due !== tickAt);
      default:
        return isClosed(head.status) || kind === 'operate' || this.entries(head.pid).some((entry) => 'id' in entry && entry.id === id);
    }
  }

  /** No explored instance ends before each of its events was delivered, so each start and each signal must be in its journal. */
  #isApplied(purpose: Purpose, body: string, head: Head | undefined): boolean {
    const { kind, id, pid } = purpose;
    if (kind === 'start' || kind === 'signal') return this.entries(pid).some((entry) => 'id' in entry && entry.id === id);
    return this.#isKept(purpose, body, head, head && decodeHead(head));
  }

  #unsent(image: Image, { cause }: Purpose, messageId: string): readonly string[] {
    const { sent, published, inbox } = this.#cloud;
    const caused = (by: { readonly cause: string; readonly messageId: string }): boolean =>
      cause === undefined ? by.messageId === messageId : by.cause === cause;
    const unsent: string[] = [];
    const wasSent = (command: OpenCommand): boolean => {
      const id = commandIdOf(image, command);
      return command.owner === undefined ? (sent.get(id)?.attempt ?? 0) >= command.attempt : this.#hasMessage('command', id);
    };
    for (const command of image.commands.values())
      if (caused(command) && !wasSent(command)) unsent.push(`${command.command} (${command.n})`);
    for (const fire of image.pendingSends) {
      if (!caused(fire)) continue;
      const isSent = fire.answers
        ? this.#hasMessage('reply', fire.answers.commandId)
        : fire.kind === 'event'
          ? published.has(`${image.pid}/${image.run}/${fire.n}`)
          : inbox.messages.some(({ body }) => body.startsWith('{"tutti":"tick"') && body.includes(`"tickAt":${fire.at}`));
      if (!isSent) unsent.push(fire.kind === 'event' ? (fire.event as string) : `a ${fire.kind}`);
    }
    return unsent;
  }

  /** Whether the inbox has accepted an engine command, or the reply to one. */
  #hasMessage(tutti: 'command' | 'reply', id: string): boolean {
    return this.#cloud.inbox.messages.some(({ body }) => body.startsWith(`{"tutti":"${tutti}","commandid":"${id}"`));
  }

  /** The entries of an instance, run after run. */
  entries(pid: string): readonly JournalEntry[] {
    return [...this.#histories.values()]
      .filter((history) => history.pid === pid)
      .flatMap(({ entries }) => entries.map((text) => JSON.parse(text) as JournalEntry));
  }

  /** Checks a cloud at rest. `bodies`: all bodies that the inbox was given. */
  settled(bodies: readonly string[]): void {
    const { heads, parked } = this.#cloud;
    const succeeded = new Set(bodies.map(purposeOf).flatMap(({ succeeds }) => succeeds ?? []));
    for (const history of this.#histories.values()) {
      this.#settledRun(history);
      this.#undone(history, succeeded);
    }
    for (const head of heads.resident())
      if (head.status === 'running' || (head.status === 'stuck' && head.why === undefined))
        this.#violated(`I8: ${head.pid} stays ${head.status} indefinitely: ${head.control}`);
    for (const body of bodies) {
      const purpose = purposeOf(body);
      const head = heads.get(purpose.pid);
      // If the instance is not stuck any more, no resume finds the event.
      const isParked = parked
        .list(purpose.pid)
        .some((event) => event.body === body && event.redrivenAt === undefined && (event.reason !== 'STUCK' || head?.status === 'stuck'));
      if (!isParked && !this.#isApplied(purpose, body, head)) this.#violated(`I6: ${nameOf(purpose)} of ${purpose.pid} is lost`);
    }
  }

  /** I10: each unresolved command that has succeeded is undone. */
  #undone({ pid, run, entries: texts }: History, succeeded: ReadonlySet<string>): void {
    const entries = texts.map((text) => JSON.parse(text) as JournalEntry);
    const undone = new Set(entries.flatMap((entry) => (entry.type === 'CommandIssued' ? [entry.undoes] : [])));
    for (const entry of entries) {
      if (entry.type !== 'CommandGivenUp' || entry.unresolved !== true) continue;
      const id = `${pid}/${run}/${entry.n}`;
      if (succeeded.has(id) && !undone.has(id)) this.#violated(`I10: ${id} is unresolved and has succeeded, but is not undone`);
    }
  }

  #settledRun({ pid, run, entries: texts }: History): void {
    const { sent, published, heads } = this.#cloud;
    const entries = texts.map((text) => JSON.parse(text) as JournalEntry);
    const starts = entries.filter(({ type }) => type === 'ProcessStarted').length;
    // A child that is cancelled before its start has a run that never starts.
    if (starts !== 1 && entries[0]?.type !== 'CancelRequested') this.#violated(`I7: ${pid} was started ${starts} times in one run`);
    const hasContinued = entries.some(({ type }) => type === 'RunContinued');
    if (heads.get(pid)?.run !== run && !hasContinued) this.#violated(`I7: ${pid} had the run ${run}, but its head has another one`);
    const abandoned = new Set(entries.flatMap((entry) => (entry.type === 'CommandAbandoned' ? [entry.n] : [])));
    const answers = new Map<number, number>();
    for (const entry of entries) {
      const id = 'n' in entry ? `${pid}/${run}/${entry.n}` : '';
      if (entry.type === 'CommandIssued' && !abandoned.has(entry.n) && !sent.has(id) && !this.#hasMessage('command', id))
        this.#violated(`I2: ${id} (${entry.command}) was never sent`);
      if (entry.type === 'EventPublished' && !published.has(id)) this.#violated(`I2: ${entry.event} of ${pid} was never published`);
      if (entry.type !== 'CommandAnswered' || entry.outcome === 'deferred' || entry.outcome === 'unknown') continue;
      answers.set(entry.n, (answers.get(entry.n) ?? 0) + 1);
    }
    for (const [n, count] of answers) if (count > 1) this.#violated(`I5: ${pid}/${run}/${n} has ${count} outcomes`);
  }
}

const isForced = (body: string): boolean => body.startsWith('{"tutti":"forced"');

const unwrapped = (body: string): string => (isForced(body) ? (JSON.parse(body) as { readonly body: string }).body : body);

const nameOf = ({ kind, cause, id }: Purpose): string => cause ?? `the ${kind} ${id}`;

interface AnyBody {
  readonly tutti?: string;
  readonly pid: string;
  readonly opid: string;
  readonly run: string;
  readonly tickAt: number;
  readonly commandid: string;
  readonly cancel?: true;
  readonly owner: string;
  readonly outcome: Outcome;
  readonly detail: {
    readonly id: string;
    readonly type: string;
    readonly commandid?: string;
    readonly outcome?: Outcome;
    readonly data: { readonly order: string };
  };
}

const purposeOf = (text: string): Purpose => {
  const { tutti, pid, opid, run, tickAt, detail, commandid, owner: ownedBy, outcome, cancel } = JSON.parse(unwrapped(text)) as AnyBody;
  if (tutti === 'tick') return { kind: 'tick', pid, id: String(tickAt), run, tickAt };
  if (tutti === 'operate') return { kind: 'operate', pid, id: opid, cause: `o:${opid}` };
  if (tutti === 'command')
    return cancel
      ? { kind: 'operate', pid: ownedBy, id: commandid, cause: `c:${actIdentity(sha256, ownedBy, commandid)}` }
      : { kind: 'start', pid: ownedBy, id: commandid, cause: `s:${startIdentity(ownedBy, commandid)}` };
  if (tutti === 'reply') {
    const { pid: issuer, run: itsRun, n } = parseCommandId(commandid)!;
    return { kind: 'reply', pid: issuer, id: commandid, cause: replyKey(itsRun, n, outcome), n, run: itsRun };
  }
  if (detail.commandid !== undefined) {
    const [owner, itsRun, n] = detail.commandid.split('/') as [string, string, string];
    return {
      kind: 'reply',
      pid: owner,
      id: detail.id,
      cause: replyKey(itsRun, Number(n), detail.outcome ?? 'completed'),
      n: Number(n),
      run: itsRun,
      ...(detail.outcome === 'completed' && !detail.id.endsWith(':invalid') && { succeeds: detail.commandid }),
    };
  }
  const name = /^shop\.(pair|gift|round)/.exec(detail.type)?.[1] ?? 'note';
  const starts = detail.type.endsWith('-ordered');
  const owner = `default#${name}#${detail.data.order}`;
  const identity = identityOf(sha256, { pid: owner, event: detail.type, id: detail.id });
  return { kind: starts ? 'start' : 'signal', pid: owner, id: detail.id, cause: `${starts ? 's' : 'x'}:${identity}` };
};
