import type { JournalEntry, NotWaiting, Reason } from '../../core/journal-entry.ts';
import { instanceText, pidOfCommand } from '../../contract/wire/process-id.ts';
import { OPERATE } from '../../contract/bulk.ts';
import { isGate } from '../../contract/gate.ts';
import { SUBSCRIBE } from '../../contract/keys.ts';
import { commandText, isOfStep } from '../../contract/steps.ts';
import { principalText } from './ending-line.ts';
import { stepName } from './pending-steps.ts';
import { failureText, messageText, shownJson } from './failure-text.ts';

/** One line about a journal entry, for a reader without knowledge of the engine. */
export interface Sentence {
  readonly text: string;
  readonly tone: 'plain' | 'good' | 'bad' | 'waiting';
}

type Entry<T extends JournalEntry['type']> = Extract<JournalEntry, { type: T }>;

interface KnownCommand {
  /** The command for a reader: its name, or `the step charge`. */
  readonly command: string;
  readonly undoes: string | undefined;
  attempt: number;
  readonly isChild: boolean;
}

/** Describes one run. `tell` must receive its entries in order, because the text of an entry depends on earlier ones. */
export class Narrator {
  readonly #commands = new Map<number, KnownCommand>();
  /** The paths of timers, by timer number. */
  readonly #timers = new Map<number, string>();
  /** How often the command of a path was sent, each time under a new command number. */
  readonly #tries = new Map<string, number>();

  /** Returns undefined for an entry that matters only to the engine. */
  tell(entry: JournalEntry): Sentence | undefined {
    switch (entry.type) {
      case 'ProcessStarted':
        for (const { n, command, path, owner } of entry.continues?.commands ?? [])
          this.#commands.set(n, {
            command: commandText(command, path, undefined, owner),
            undoes: undefined,
            attempt: 1,
            isChild: owner !== undefined,
          });
        if (entry.continues) return plain(`run ${entry.continues.number} begins`);
        if (entry.named !== undefined && entry.origin === undefined)
          return plain(`started as a fork of ${instanceText(pidOfCommand(entry.id))}`);
        return plain(
          `started by ${entry.parent === undefined || isGate(pidOfCommand(entry.parent)) ? entry.event : `its parent ${instanceText(pidOfCommand(entry.parent))}`}`,
        );
      case 'EventReceived':
        return plain(entry.moved ? `still holds ${entry.event}` : receivedText(entry));
      case 'RunContinued':
        return plain('continues as a new run');
      case 'EventAnswered':
        return plain(`${entry.event} answered`);
      case 'CommandIssued':
        return this.#issued(entry);
      case 'CommandAnswered':
        return this.#replied(entry);
      case 'AttemptTimedOut':
        return this.#timedOut(entry.n);
      case 'TimerSet':
        return this.#timerSet(entry);
      case 'TimerFired':
        return this.#timerFired(entry.n);
      case 'CommandGivenUp':
        return bad(`${this.#commands.get(entry.n)?.command ?? stepName(entry.path)}: its outcome is unknown, and the process goes on`);
      case 'CommandAbandoned':
        return plain(`${this.#commands.get(entry.n)?.command ?? stepName(entry.path)} is no longer waited for`);
      case 'EventPublished':
        return plain(`${entry.event} published`);
      case 'ScopeClosed':
        return entry.status === 'fulfilled' ? undefined : bad(`"${stepName(entry.path)}" ${entry.status}`);
      case 'CompensationStarted':
        return plain(`compensates: ${stepName(entry.path)}`);
      case 'UndoRequested':
        return plain('undoes its completed steps');
      case 'DispatchRefused':
        return plain(`refused: ${entry.message}`);
      default:
        return tellOfRun(entry);
    }
  }

  #issued({ n, path, command, undoes, mode, owner }: Entry<'CommandIssued'>): Sentence {
    const undone =
      undoes === undefined ? undefined : (this.#commands.get(Number(undoes.slice(undoes.lastIndexOf('/') + 1)))?.command ?? undoes);
    const name = commandText(command, path, undefined, owner);
    this.#commands.set(n, { command: name, undoes: undone, attempt: 1, isChild: owner !== undefined });
    if (command === OPERATE) return plain(`sends ${path.slice(0, path.indexOf(':'))} to ${instanceText(owner ?? '')}`);
    if (command === SUBSCRIBE) return plain(name.replace('the subscription', 'subscribes'));
    if (owner !== undefined) return plain(`starts ${name}`);
    const tries = (this.#tries.get(path) ?? 0) + 1;
    this.#tries.set(path, tries);
    const again = tries === 1 ? '' : `, try ${tries}`;
    if (isOfStep(command)) return plain(`runs ${name}${again}`);
    if (undone !== undefined) return plain(`${command} sent to undo ${undone}${again}`);
    return plain(`${command} sent${again}${mode === 'send' ? ', without waiting for a reply' : ''}`);
  }

  #replied({ n, outcome, retryable, data, late, resolved }: Entry<'CommandAnswered'>): Sentence {
    const known = this.#commands.get(n);
    const name = known?.command ?? (late && commandText(late.command, '', late.input)) ?? `command ${n}`;
    if (resolved !== undefined) return plain(`${principalText(resolved)} resolved ${name} as ${outcome}: ${resolved.reason}`);
    switch (outcome) {
      case 'completed':
        if (late !== undefined) return plain(`${name} completed late, and is undone`);
        return known?.undoes === undefined ? plain(`${name} completed`) : plain(`${known.undoes} undone`);
      case 'failed':
        return retryable === true ? waiting(`${name} failed and is retried: ${messageText(data)}`) : bad(failureText(data, name));
      case 'cancelled':
        return plain(known?.isChild ? `${name} was cancelled` : `${name} cancelled before it ran`);
      case 'deferred':
        return waiting(`${name} waits for a reply by its token`);
      case 'unknown':
        return bad(`${name}: its outcome is unknown`);
    }
  }

  #timedOut(n: number): Sentence | undefined {
    const known = this.#commands.get(n);
    if (known?.isChild) return undefined;
    if (known === undefined) return waiting(`command ${n} got no reply in time`);
    known.attempt += 1;
    return waiting(`${known.command} got no reply in time, sent again (attempt ${known.attempt})`);
  }

  #timerSet({ n, path, due }: Entry<'TimerSet'>): Sentence | undefined {
    this.#timers.set(n, path);
    const at = new Date(due).toISOString();
    if (path.endsWith('/retry')) return waiting(`${stepName(path)} is tried again at ${at}`);
    if (/(?:^|\/)(?:sleep|until):\d+$/.test(path)) return waiting(`sleeps until ${at}`);
    return path.endsWith('/timeout') ? waiting(`waits for ${stepName(path)} until ${at}`) : undefined;
  }

  #timerFired(n: number): Sentence | undefined {
    const path = this.#timers.get(n) ?? '';
    this.#timers.delete(n);
    if (path === 'timeout') return bad('the timeout of the process has passed');
    if (path.endsWith('/retry')) return undefined;
    if (path.endsWith('/timeout')) return plain(`no ${stepName(path)} came in time`);
    return plain(/(?:^|\/)(?:sleep|until):\d+$/.test(path) ? 'wakes up' : `timer ${stepName(path)} fired`);
  }
}

const NOT_WAITING: Readonly<Record<NotWaiting, string>> = {
  replaced: 'a newer start took its place',
  full: 'as many starts as may wait were waiting',
};

/** Starts, ends and operator requests. */
function tellOfRun(entry: JournalEntry): Sentence | undefined {
  switch (entry.type) {
    case 'StartRejected':
      return plain(
        entry.reason === undefined ? 'another start was rejected' : `the start ${entry.id} was rejected: ${NOT_WAITING[entry.reason]}`,
      );
    case 'WindowClosed':
      return plain(`starts ${entry.path} with ${entry.ids.length} ${entry.ids.length === 1 ? 'start' : 'starts'}`);
    case 'StartQueued':
      return waiting(`the start ${entry.id} ${entry.replaces ? 'replaces it, and ' : ''}waits for its end`);
    case 'CancelRequested':
      return plain(`cancel requested by ${principalText(entry)}: ${entry.reason}`);
    case 'TerminateRequested':
      return plain(`terminate requested by ${principalText(entry)}: ${entry.reason}`);
    case 'ForkRequested':
      return plain(`forked as ${instanceText(entry.to)} by ${principalText(entry)}: ${entry.reason}`);
    case 'Forked':
      return plain(`goes on as a fork of ${instanceText(pidOfCommand(entry.id))} by ${principalText(entry)}: ${entry.reason}`);
    case 'Paused':
      return waiting(`paused by ${principalText(entry)}: ${entry.reason}`);
    case 'Moved':
      return plain(`moved to ${entry.definition} by ${principalText(entry)}: ${entry.reason}`);
    case 'Resumed':
      return plain(`resumed by ${principalText(entry)}${resumedHow(entry)}`);
    case 'TimeDecided':
      return timeDecided(entry);
    case 'ScheduleChanged':
      return plain(`the code now lists other times: ${entry.rule}`);
    case 'ProcessCompleted':
      return good(`completed${entry.data === undefined || entry.data === null ? '' : ` ${shownJson(entry.data)}`}`);
    case 'ProcessFailed':
      return bad(`failed: ${failureText(entry.data)}`);
    case 'ProcessCancelled':
      return bad(`cancelled: ${entry.reason}`);
    case 'ProcessTerminated':
      return bad(`terminated: ${entry.reason}`);
    case 'Erased':
      return plain(`erased by ${principalText(entry)}: ${entry.reason}`);
    default:
      return undefined;
  }
}

/** An act on a schedule has its principal and its reason; any other event is named. */
function receivedText({ event, data }: Entry<'EventReceived'>): string {
  if (!event.startsWith('tutti.schedule-')) return `received ${event}`;
  const { act, by, reason } = data as Readonly<Record<string, string>>;
  return `${act} by ${by}: ${reason}`;
}

const REASONS: Readonly<Record<Reason, string>> = {
  overlap: 'still runs',
  full: 'as many as may wait were waiting',
  replaced: 'a later time replaced it',
  late: 'it was too late',
  later: 'a later time is started instead',
  paused: 'the schedule was paused',
  ended: 'the schedule ended',
  gap: 'the clocks have skipped it',
};

/** The decision of a schedule about one time, or about several. */
function timeDecided({ path, result, reason, behind, until, count, more }: Entry<'TimeDecided'>): Sentence {
  const times = until === undefined ? path : `${path} to ${until} (${count}${more ? ' or more' : ''})`;
  if (result === 'started') return good(`${times} started`);
  if (result === 'waiting') return waiting(`${times} waits for the end of ${behind}`);
  const why = reason === undefined ? '' : REASONS[reason];
  return bad(`${times} ${result}: ${reason === 'overlap' ? `${behind} ` : ''}${why}`);
}

const [SECOND, MINUTE, HOUR, DAY] = [1_000, 60_000, 3_600_000, 86_400_000] as const;

/** `+1.234s`, `+1m29.9s`, `+2h03m`, `+3d04h`: the offset of an entry from the first one. */
export function offsetText(milliseconds: number): string {
  if (milliseconds < MINUTE) return `+${(milliseconds / SECOND).toFixed(3)}s`;
  if (milliseconds < HOUR) return `+${twoUnits(milliseconds, MINUTE, 'm')}${tenths(milliseconds % MINUTE)}s`;
  if (milliseconds < DAY) return `+${twoUnits(milliseconds, HOUR, 'h')}${two((milliseconds % HOUR) / MINUTE)}m`;
  return `+${twoUnits(milliseconds, DAY, 'd')}${two((milliseconds % DAY) / HOUR)}h`;
}

function twoUnits(milliseconds: number, unit: number, name: string): string {
  return `${Math.floor(milliseconds / unit)}${name}`;
}

/** Truncated, not rounded: 59.96 seconds must not print as a minute. */
function tenths(milliseconds: number): string {
  return (Math.floor(milliseconds / 100) / 10).toFixed(1).padStart(4, '0');
}

function two(count: number): string {
  return String(Math.floor(count)).padStart(2, '0');
}

function plain(text: string): Sentence {
  return { text, tone: 'plain' };
}

function good(text: string): Sentence {
  return { text, tone: 'good' };
}

function bad(text: string): Sentence {
  return { text, tone: 'bad' };
}

function waiting(text: string): Sentence {
  return { text, tone: 'waiting' };
}

/** The default reason says nothing that the line does not. */
function resumedHow({ skip, definition, reason = 'resumed' }: Extract<JournalEntry, { type: 'Resumed' }>): string {
  const on = definition === undefined ? '' : ` on ${definition}`;
  const skipping = skip === undefined ? '' : `, skipping ${skip}`;
  return `${on}${skipping}${reason === 'resumed' ? '' : `: ${reason}`}`;
}
