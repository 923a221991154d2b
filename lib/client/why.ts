import ms from 'ms';
import { instantText } from '../contract/instant.ts';
import type { ProcessContract } from '../contract/runtime-contract.ts';
import type { Json } from '../contract/schema.ts';
import {
  isClosed,
  type Image,
  type OpenCommand,
  type Timer,
  JOURNAL_ENTRIES_MAX,
  JOURNAL_ENTRIES_WARNED,
  journalLength,
} from '../core/image.ts';
import type { JournalEntry } from '../core/journal-entry.ts';
import { parseEntry } from '../engine/read-journal.ts';
import { failureName } from './failure-text.ts';
import { stepName } from './step-name.ts';
import { stuckRemedy } from './stuck-remedy.ts';

/** Why an instance is where it is: for a reader, and for a program. */
export interface Why {
  /** What it waits for, since when, what wakes it next, where its command is. No full stop. */
  readonly line: string;
  /** Each open command and timer, the one that the line tells of first. */
  readonly pending: readonly PendingStep[];
  /** While it is stuck. */
  readonly stuck?: { readonly code: string; readonly message: string; readonly remedy: string };
}

/** JSON: instants are ISO 8601. */
export type PendingStep = { readonly [key: string]: Json | undefined } & { readonly kind: 'command' | 'timer'; readonly path: string };

/** Read from the control state alone. `definition` names the events that the process hears, where it is known. */
export function explain(image: Image, now: number, definition?: ProcessContract): Why {
  const pending = pendingOf(image);
  if (image.status === 'stuck') return stuckWhy(image, pending);
  if (isClosed(image.status)) return { line: endLine(image), pending };
  return { line: `${openLine(image, now, definition)}${journalWarning(image)}`, pending };
}

/** While there is still time to end it, or to begin a new run. */
function journalWarning(image: Image): string {
  const entries = journalLength(image);
  return entries < JOURNAL_ENTRIES_WARNED ? '' : `; its journal is nearly full, with ${entries} of ${JOURNAL_ENTRIES_MAX} entries`;
}

function stuckWhy(image: Image, pending: readonly PendingStep[]): Why {
  const { code, message } = image.stuck ?? { code: 'POISON', message: 'No reason was recorded.' };
  const remedy = stuckRemedy(code);
  return { line: `stuck (${code}): ${oneLine(message)}. ${withoutStop(remedy)}`, pending, stuck: { code, message, remedy } };
}

function endLine(image: Image): string {
  const line = `${image.status} at ${instantText(image.closedAt ?? image.clock)}`;
  const last = image.tail.map(parseEntry).findLast((entry) => 'reason' in entry || entry.type === 'ProcessFailed');
  const reason = last === undefined || image.status === 'completed' ? undefined : reasonOf(last);
  return reason === undefined ? line : `${line}: ${withoutStop(reason)}`;
}

function reasonOf(entry: JournalEntry): string | undefined {
  if ('reason' in entry) return entry.reason;
  return entry.type === 'ProcessFailed' && entry.data !== undefined ? failureName(entry.data) : undefined;
}

/** What it awaits comes first; then what wakes it; what it only sent comes last. */
function openLine(image: Image, now: number, definition: ProcessContract | undefined): string {
  const commands = [...image.commands.values()];
  const awaited = commands.filter(({ mode }) => mode !== 'send');
  const timers = [...image.timers.values()].filter(({ purpose }) => purpose !== 'process').sort((a, b) => a.due - b.due);
  const lines = [
    ...awaited.map((command) => commandLine(command, now)),
    ...timers.map((timer) => timerLine(image, timer, now)),
    ...(awaited.length + timers.length > 0 ? [] : commands.map((command) => commandLine(command, now))),
  ];
  const [first = eventLine(definition)] = lines;
  return lines.length > 1 ? `${first}; and ${lines.length - 1} more` : first;
}

function commandLine(command: OpenCommand, now: number): string {
  const since = `since ${instantText(command.since)} (${ms(Math.max(0, now - command.since))})`;
  const { command: name, attempt } = command;
  if (command.deferred === true && command.settling === undefined) {
    return `waits for somebody to answer ${name} ${since}: its token is with whoever was asked${withDeadline(command)}`;
  }
  const purpose =
    command.settling !== undefined
      ? `makes sure of the outcome of ${name}`
      : command.mode === 'undo'
        ? `undoes with ${name}`
        : `waits for ${name}`;
  return `${purpose} ${since}: attempt ${tries(command, attempt)} is in the queue of ${serviceOf(name)} or being run${againAt(command)}`;
}

function tries(command: OpenCommand, attempt: number): string {
  return String(command.retries + attempt);
}

function againAt(command: OpenCommand): string {
  if (command.due === Infinity) return '';
  return command.due === command.deadline
    ? `, given up at ${instantText(command.due)}`
    : `, sent again at ${instantText(command.due)} without an answer`;
}

function withDeadline(command: OpenCommand): string {
  return command.deadline === undefined ? '' : `, given up at ${instantText(command.deadline)}`;
}

function timerLine(image: Image, timer: Timer, now: number): string {
  const at = `at ${instantText(timer.due)} (in ${ms(Math.max(0, timer.due - now))})`;
  switch (timer.purpose) {
    case 'sleep':
      return `sleeps, wakes ${at}`;
    case 'wait':
      return `waits for the event ${stepName(timer.path)}, gives up ${at}`;
    case 'retry':
    case 'undo-retry': {
      const before = image.resends.get(timer.n);
      const name = before?.command ?? stepName(timer.path);
      const count = before === undefined ? '' : ` for the ${ordinal(before.retries + 1)} time`;
      return `pauses after a technical failure, tries ${name} again${count} ${at}`;
    }
    case 'named':
      return `waits for events; its timer ${timer.path} fires ${at}`;
    case 'process':
      return `ends at the latest ${at}`;
  }
}

function ordinal(count: number): string {
  const suffix = count % 100 >= 11 && count % 100 <= 13 ? 'th' : (['th', 'st', 'nd', 'rd'][count % 10] ?? 'th');
  return `${count}${suffix}`;
}

function eventLine(definition: ProcessContract | undefined): string {
  if (definition === undefined) return 'waits for an event';
  const heard = definition.kind === 'decider' ? definition.startOn : definition.receives;
  const types = heard.map(({ event }) => event.type);
  return types.length === 0 ? 'waits for an event' : `waits for an event: ${types.join(' or ')}`;
}

function serviceOf(command: string): string {
  return command.slice(0, command.lastIndexOf('.'));
}

function pendingOf(image: Image): PendingStep[] {
  return [
    ...Array.from(image.commands.values(), (command) => pendingCommand(image, command)),
    ...Array.from(image.timers.values(), (timer) => pendingTimer(image, timer)),
  ];
}

function pendingCommand(image: Image, command: OpenCommand): PendingStep {
  return {
    kind: 'command',
    path: command.path,
    command: command.command,
    commandId: `${image.pid}/${image.run}/${command.n}`,
    mode: command.mode,
    attempt: command.retries + command.attempt,
    since: instantText(command.since),
    ...(command.due === Infinity ? {} : { due: instantText(command.due) }),
    ...(command.deadline === undefined ? {} : { deadline: instantText(command.deadline) }),
    ...(command.deferred === true ? { deferred: true } : {}),
    ...(command.settling === undefined ? {} : { settling: command.settling }),
    ...(command.undoes === undefined ? {} : { undoes: command.undoes }),
  };
}

function pendingTimer(image: Image, timer: Timer): PendingStep {
  const again = image.resends.get(timer.n);
  return {
    kind: 'timer',
    path: timer.path,
    purpose: timer.purpose,
    due: instantText(timer.due),
    ...(again === undefined ? {} : { command: again.command, tries: again.retries }),
  };
}

/** A replay's difference, for one, is several lines. */
function oneLine(message: string): string {
  return withoutStop(message.trim().replaceAll(/\s*\n\s*/g, '; '));
}

function withoutStop(sentence: string): string {
  return sentence.endsWith('.') ? sentence.slice(0, -1) : sentence;
}
