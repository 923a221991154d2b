import type { ObservedLine } from '../../lib/contract/instrumentation.ts';
import { isOfStep } from '../../lib/contract/steps.ts';
import { isClosed } from '../../lib/core/image.ts';
import type { JournalEntry } from '../../lib/core/journal-entry.ts';
import { decodeHead, pastOf } from '../../lib/format/head-codec.ts';
import type { Reach } from '../../lib/client/connection.ts';
import { readHeadJournal } from '../../lib/client/operations/journal-view.ts';
import { levelOf, logMembers } from '../../lib/contract/log-line.ts';
import { parseEntry } from '../../lib/format/read-journal.ts';
import { namesOf, ofTenant } from '../../lib/client/instance.ts';
import { headsOfAll } from '../../lib/client/list.ts';
import { whyOfHead } from '../../lib/client/operations/why-of-head.ts';
import type { Head } from '../../lib/ports/process-store.ts';
import { Narrator, offsetText, type Sentence } from '../../lib/client/operations/narrator.ts';
import { paint, type Terminal } from '../terminal.ts';

/** If an open instance has not changed for this long, the timeline prints once what it waits for. */
const QUIET_MS = 2_000;
const GO_ON_SHOWN_MAX = 20;
const ENDED_MAX = 1_000;

interface Told {
  readonly run: string;
  readonly narrator: Narrator;
  /** Index of the next entry. */
  next: number;
  /** Time of the last fact. Decisions on a fact have its time. */
  at: number;
}

interface TimelineOptions {
  readonly json: boolean;
  readonly startedAt: number;
}

/**
 * Prints the journal entries of all instances as they are committed. `note` only records a commit and `tell` prints in batches,
 * so the timeline never delays the engine.
 */
export class Timeline {
  readonly #reach: Reach;
  readonly #terminal: Terminal;
  readonly #options: TimelineOptions;
  readonly #told = new Map<string, Told>();
  readonly #ended = new Set<string>();
  /** The newest head of each instance that was committed since the last `tell`. */
  #moved = new Map<string, Head>();
  readonly #lines: ObservedLine[] = [];
  /** Open instances, least recently changed first. */
  readonly #quiet = new Map<string, { readonly head: Head; readonly since: number }>();

  constructor(reach: Reach, terminal: Terminal, options: TimelineOptions) {
    this.#reach = reach;
    this.#terminal = terminal;
    this.#options = options;
  }

  /** Prints the instances that were open before this session, which continue by themselves: the first 20, and a count. */
  async goesOn(): Promise<void> {
    let count = 0;
    for await (const head of headsOfAll(this.#reach.ports.index, { statuses: ['running', 'stuck'] })) {
      count += 1;
      if (count <= GO_ON_SHOWN_MAX) this.#print(head, { text: `continues: ${this.#why(head)}`, tone: 'plain' }, this.#options.startedAt);
    }
    if (count > GO_ON_SHOWN_MAX) this.#terminal.message(`${count - GO_ON_SHOWN_MAX} more instances continue.`);
  }

  /** Prints a line of `ctx.log` or `task.log` after the entries that were committed before it. */
  log(line: ObservedLine): void {
    this.#lines.push(line);
  }

  note(head: Head): void {
    this.#moved.set(head.pid, head);
  }

  /** Prints the entries committed since the last call. */
  async tell(now: number): Promise<void> {
    const moved = this.#moved;
    this.#moved = new Map();
    for (const head of moved.values()) await this.#tellHead(head, now);
    for (const line of this.#lines.splice(0)) this.#printLine(line);
    for (const [pid, { head, since }] of this.#quiet) {
      if (now - since < QUIET_MS) break;
      this.#quiet.delete(pid);
      this.#print(head, { text: this.#why(head), tone: 'waiting' }, now);
    }
  }

  async #tellHead(head: Head, now: number): Promise<void> {
    for (const { run, from, entries } of pastOf(head) ?? []) await this.#tellRun({ ...head, run, tail: entries, tailFrom: from });
    await this.#tellRun(head);
    this.#quiet.delete(head.pid);
    if (head.status === 'stuck') this.#print(head, { text: this.#why(head), tone: 'bad' }, now);
    else if (head.status === 'running' && hasPending(head)) this.#quiet.set(head.pid, { head, since: now });
    if (isClosed(head.status)) this.#forgetLater(head.pid);
  }

  async #tellRun(head: Head): Promise<void> {
    const told = this.#toldOf(head);
    for (const entry of await this.#newEntries(head, told.next)) {
      if ('at' in entry) told.at = entry.at;
      const sentence = told.narrator.tell(entry);
      // An earlier session has printed the entries from before this session.
      const isNew = told.at >= this.#options.startedAt;
      if (sentence !== undefined && isNew) this.#print(head, sentence, told.at, { index: told.next, entry });
      told.next += 1;
    }
  }

  /** A late reply may be undone after the end, so the instances that ended last are remembered. */
  #forgetLater(pid: string): void {
    this.#ended.delete(pid);
    this.#ended.add(pid);
    const [oldest] = this.#ended;
    if (oldest === undefined || this.#ended.size <= ENDED_MAX) return;
    this.#ended.delete(oldest);
    this.#told.delete(oldest);
  }

  #toldOf(head: Head): Told {
    const known = this.#told.get(head.pid);
    if (known?.run === head.run) return known;
    const told = { run: head.run, narrator: new Narrator(), next: 0, at: head.startedAt };
    this.#told.set(head.pid, told);
    return told;
  }

  async #newEntries(head: Head, from: number): Promise<readonly JournalEntry[]> {
    if (from >= head.tailFrom) return head.tail.slice(from - head.tailFrom).map(parseEntry);
    return (await readHeadJournal(this.#reach.ports, head, { payloads: false })).slice(from);
  }

  #printLine(line: ObservedLine): void {
    if (this.#options.json)
      return this.#terminal.printJson({ at: new Date(line.at).toISOString(), level: levelOf(line), ...logMembers(line) });
    const { process, id, level, message, fields, command } = line;
    const from = command === undefined || isOfStep(command) ? '' : `${command}: `;
    const text = `${level} ${from}${message}${fields === undefined ? '' : ` ${JSON.stringify(fields)}`}`;
    this.#printText(process, id, { text, tone: level === 'error' || level === 'warn' ? 'bad' : 'plain' }, line.at);
  }

  #why(head: Head): string {
    return whyOfHead(this.#reach, head).line;
  }

  #print(head: Head, sentence: Sentence, at: number, more: { readonly index?: number; readonly entry?: JournalEntry } = {}): void {
    const { process, id, ...whose } = namesOf(head.pid);
    if (this.#options.json) {
      this.#terminal.printJson({ at: new Date(at).toISOString(), ...whose, process, id, run: head.run, text: sentence.text, ...more });
      return;
    }
    this.#printText(process, `${id}${ofTenant(whose)}`, sentence, at);
  }

  #printText(process: string, id: string, sentence: Sentence, at: number): void {
    const offset = offsetText(Math.max(0, at - this.#options.startedAt)).padStart(9);
    this.#terminal.print(`${this.#terminal.colors.dim(offset)}  ${`${process} ${id}`.padEnd(24)}  ${paint(this.#terminal, sentence)}`);
  }
}

/** Whether the instance waits for a command or a timer of its own. A decider that waits for its next event does not. */
function hasPending(head: Head): boolean {
  const { commands, timers } = decodeHead(head);
  return commands.size > 0 || [...timers.values()].some(({ purpose }) => purpose !== 'named' && purpose !== 'process');
}
