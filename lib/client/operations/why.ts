import ms from 'ms';
import { instantText } from '../../contract/wire/wire.ts';
import type { ProcessContract } from '../../contract/runtime-contract.ts';
import { commandText, isOfStep } from '../../contract/steps.ts';
import { lastErrorOf, type LastError } from '../../contract/wire/last-error.ts';
import {
  isClosed,
  JOURNAL_ENTRIES_MAX,
  JOURNAL_ENTRIES_WARNED,
  journalLength,
  type GateState,
  type Image,
  type OpenCommand,
  type ArmedTimer,
  commandIdOf,
} from '../../core/image.ts';
import { parseEntry } from '../../format/read-journal.ts';
import { endLine, endReason, principalText } from './ending-line.ts';
import { keyOfWait, pendingOf, stepName, waitPath, type PendingStep } from './pending-steps.ts';
import { stuckRemedy } from './stuck-remedy.ts';

/** Explains the status of an instance, as text and as data. */
export interface Why {
  /** The first thing that it waits for in full, and the names of others. No full stop. */
  readonly line: string;
  /** The stuck reason, the end, or the first thing that it waits for, without the instants of `line`. Instances with one cause share it. */
  readonly reason: string;
  /** One line for each thing that it waits for, the most important first. */
  readonly lines: readonly string[];
  /** Each open command, timer and wait. */
  readonly pending: readonly PendingStep[];
  /** Set if the instance is stuck. */
  readonly stuck?: { readonly code: string; readonly message: string; readonly remedy: string };
}

export interface ExplainOptions {
  /** Lists the events that the process receives. `'unlisted'`: the system does not list the run's version. @default unknown */
  readonly definition?: ProcessContract | 'unlisted' | undefined;
  /** The last error of an open command's handler, as the end of a sentence. @default unknown, as the service logs it elsewhere */
  readonly faultOf?: ((commandId: string) => string | undefined) | undefined;
  /** The limits of a command in words, by its name. @default none are shown */
  readonly limitsOf?: ((command: string) => string | undefined) | undefined;
}

/** Warns while the process can still end, or begin a new run. */
function journalLine(image: Image): string[] {
  const entries = journalLength(image);
  return entries < JOURNAL_ENTRIES_WARNED ? [] : [`its journal is nearly full, with ${entries} of ${JOURNAL_ENTRIES_MAX} entries`];
}

/** Starts that wait for the end of the instance. */
function waitingLine({ waiting }: Image, now: number): string[] {
  const [first] = waiting ?? [];
  if (!waiting || !first) return [];
  const since = `the first since ${instantText(first.since)} (${ms(Math.max(0, now - first.since))})`;
  return [`${waiting.length} ${waiting.length === 1 ? 'start waits' : 'starts wait'} for its end, ${since}`];
}

/** The limit of a gate, the instances that have its slots, and the starts that wait. */
function gateWhy(image: Image, { process, key, spec, running }: GateState, now: number): Why {
  const { waiting = [] } = image;
  const [first] = waiting;
  const since = first ? `, the first since ${instantText(first.since)} (${ms(Math.max(0, now - first.since))})` : '';
  const starts = `${waiting.length} ${waiting.length === 1 ? 'start waits' : 'starts wait'}`;
  const name = `${process} with the key ${JSON.stringify(key)}`;
  const before = pausedLine(image, now);
  const reason =
    spec.kind === 'concurrency' ? `${running.length} of ${spec.most} slots of ${name} are taken` : `a window of ${name} is open`;
  const lines = [
    ...(before === undefined ? [] : [before]),
    `${reason}; ${starts}${since}`,
    ...waiting.map(({ identity }, index) => `${index + 1}. ${identity}`),
  ];
  return { line: lines.slice(0, before === undefined ? 1 : 2).join('; '), reason, lines, pending: pendingOf(image) };
}

/** Explains an instance by its control state alone. */
export function explain(image: Image, now: number, options: ExplainOptions = {}): Why {
  const { status } = image;
  if (status === 'stuck') return stuckWhy(image, now);
  if (isClosed(status))
    return { ...whole([endLine(image), ...waitingLine(image, now)]), reason: endReason(image), pending: pendingOf(image) };
  if (image.gate) return gateWhy(image, image.gate, now);
  const waits = openWaits(image, now, options);
  const before = [pausedLine(image, now), unlistedLine(image, options), cancelLine(image)].filter((line) => line !== undefined);
  const after = [...waitingLine(image, now), ...journalLine(image)];
  return {
    line: [...before, shortened(waits), ...after].join('; '),
    reason: [...before, `waits for ${waits[0]?.cause ?? waits[0]?.name ?? 'an event'}`].join('; '),
    lines: [...before, ...waits.map(({ line }) => line), ...after],
    pending: pendingOf(image),
  };
}

function whole(lines: readonly string[]): { line: string; lines: readonly string[] } {
  return { line: lines.join('; '), lines };
}

function stuckWhy(image: Image, now: number): Why {
  const { code, message } = image.stuck ?? { code: 'POISON', message: 'No reason was recorded.' };
  const remedy = stuckRemedy(code);
  const line = `stuck (${code}): ${oneLine(message)}${commandIdText(image)}. ${withoutStop(remedy)}${timeoutPassed(image, now)}`;
  return { line, lines: [line], reason: oneLine(message), pending: pendingOf(image), stuck: { code, message, remedy } };
}

/**
 * `tutti resolve` and `tutti resume --skip` take the path of the step. An operator looks the command up in the called system, which received
 * its id as the idempotency key.
 */
function commandIdText({ pid, run, stuck, commands, resends }: Image): string {
  const { n, compensation } = stuck ?? {};
  if (compensation !== undefined) return `. The step is ${compensation}`;
  if (n === undefined) return '';
  const path = (commands.get(n) ?? resends.get(n))?.path;
  return `. The ${path === undefined ? '' : `step is ${path}, the `}id of the command ${path === undefined ? 'is ' : ''}${pid}/${run}/${n}`;
}

/** The timeout of the process does not fire while the instance is stuck. */
function timeoutPassed({ timers }: Image, now: number): string {
  const passed = [...timers.values()].find(({ purpose, due }) => purpose === 'process' && due <= now);
  return passed === undefined ? '' : `. The timeout of the process passed at ${instantText(passed.due)}: a resume cancels the instance`;
}

/** Warns early: the instance gets stuck only at its next event, which may be in days. */
function unlistedLine({ definition }: Image, options: ExplainOptions): string | undefined {
  if (options.definition !== 'unlisted') return undefined;
  const [name, version] = definition.split('@');
  return `runs on version ${version}, which the system does not list: its next event makes it stuck (UNKNOWN_VERSION) unless version ${version} of ${name} is listed again`;
}

/** Nothing wakes it while it is paused, so the instants of its waits follow in the line only as they were. */
function pausedLine({ paused }: Image, now: number): string | undefined {
  if (paused === undefined) return undefined;
  const since = `since ${instantText(paused.at)} (${ms(Math.max(0, now - paused.at))})`;
  const clock = paused.clock === 'run' ? ', while its clock runs' : '';
  const { hold } = paused;
  if (hold !== undefined)
    return `paused with the ${hold.replace(':', ' ')} by ${principalText(paused)} ${since}${clock}: ${withoutStop(paused.reason)}. Until that pause ends, nothing is decided`;
  return `paused by ${principalText(paused)} ${since}${clock}: ${withoutStop(paused.reason)}. Until it is resumed, nothing is decided`;
}

/** A cancel request whose undos are still running. */
function cancelLine(image: Image): string | undefined {
  const request = image.tail.map(parseEntry).findLast((entry) => entry.type === 'CancelRequested');
  return request?.type === 'CancelRequested' ? `being cancelled by ${principalText(request)}: ${withoutStop(request.reason)}` : undefined;
}

/** One thing that the instance waits for. */
interface WaitLine {
  readonly line: string;
  readonly name: string;
  /** The name without what differs between instances. @default name */
  readonly cause?: string;
}

/** Calls, timers and event waits come first, because they continue the process. Settling, undo and unknown commands follow. Sent commands count only without any other. */
function openWaits(image: Image, now: number, options: ExplainOptions): WaitLine[] {
  const { definition } = options;
  const commands = [...image.commands.values()];
  const linesOf = (open: readonly OpenCommand[]): WaitLine[] =>
    open.map((command) => ({ name: textOf(command), line: commandLine(image, command, now, options) }));
  const timers = [...image.timers.values()].filter(({ purpose }) => purpose !== 'process').sort((a, b) => a.due - b.due);
  const waits = [
    ...linesOf(commands.filter((command) => command.mode === 'call' && command.settling === undefined && !command.unknown)),
    ...timers.map((timer) => ({ name: timerName(image, timer), line: timerLine(image, timer, now) })),
    ...(image.waits ?? []).map((path) => eventWait(image, path)),
    ...linesOf(commands.filter((command) => command.mode === 'undo' || command.settling !== undefined || command.unknown)),
  ];
  if (waits.length > 0) return waits;
  const sent = linesOf(commands);
  return sent.length > 0 ? sent : [{ name: 'an event', line: eventLine(definition) }];
}

function eventWait(image: Image, path: string): WaitLine {
  const name = `${eventName(path)}${keyText(image, path)}`;
  return { name, cause: eventName(path), line: `waits for ${name}` };
}

function eventName(path: string): string {
  return `the event ${stepName(path)}`;
}

const KEY_CHARACTERS_MAX = 100;

/** Of a wait by key: the key, by which two instances that wait for one event differ. */
function keyText(image: Image, path: string): string {
  const { key } = keyOfWait(image, path);
  if (key === undefined) return '';
  const shown = key.length > KEY_CHARACTERS_MAX ? `${key.slice(0, KEY_CHARACTERS_MAX)}…` : key;
  return ` with the key ${JSON.stringify(shown)}`;
}

/** The number of names after the first line. */
const NAMED_MAX = 3;

function shortened([first, ...others]: readonly WaitLine[]): string {
  const names = others.slice(0, NAMED_MAX).map(({ name }) => name);
  const more = others.length - names.length;
  return [first?.line, ...names.map((name) => `and ${name}`), ...(more > 0 ? [`and ${more} more`] : [])].join('; ');
}

function commandLine(image: Image, command: OpenCommand, now: number, { faultOf, limitsOf }: ExplainOptions): string {
  const since = `since ${instantText(command.since)} (${ms(Math.max(0, now - command.since))})`;
  const name = textOf(command);
  const fault = faultOf?.(commandIdOf(image, command));
  const last = fault === undefined ? '' : `; ${fault}`;
  if (command.deferred === true && command.settling === undefined)
    return `waits for a reply to ${name} by its token ${since}${givenUp(command, now)}${last}`;
  if (command.unknown) return `${unknownText(name, command.unknown)}; the id of the command is ${commandIdOf(image, command)}${last}`;
  if (command.owner !== undefined) return `waits for ${command.settling ? 'the end of ' : ''}${name} ${since}`;
  const purpose =
    command.settling !== undefined
      ? `waits for the final outcome of ${name}`
      : command.mode === 'undo'
        ? `waits for ${isOfStep(command.command) ? '' : 'the undo '}${name}`
        : `waits for ${name}`;
  const limits = limitsOf?.(command.command);
  const limited = limits === undefined ? '' : ` (limited to ${limits})`;
  const before = fault === undefined && command.retries > 0 ? failureBefore(image, command.path) : '';
  return `${purpose} ${since}: ${triesOf(command)} is in the queue of ${serviceOf(command.command)}${limited} or running${againAt(command, now)}${before}${last}`;
}

/** The last technical failure of a command, while its journal entries are in the head: a build that cannot run a step fails it so. */
function failureBefore({ tail }: Image, path: string): string {
  const numbers = new Set<number>();
  let error: LastError | undefined;
  for (const entry of tail.map(parseEntry)) {
    if (entry.type === 'CommandIssued' && entry.path === path) numbers.add(entry.n);
    else if (entry.type === 'CommandAnswered' && entry.retryable && numbers.has(entry.n)) error = lastErrorOf(entry.data);
  }
  return error === undefined ? '' : `; the last run failed with ${error.code}: ${withoutStop(oneLine(error.message))}`;
}

/** A command with an unknown outcome stays open: its race may be lost, or an operator may resolve it. */
function unknownText(name: string, { since, attempts, lastError }: NonNullable<OpenCommand['unknown']>): string {
  const runs = `${attempts} ${attempts === 1 ? 'run' : 'runs'}`;
  const error = lastError === undefined ? '' : `, the last failed with ${lastError.code}: ${withoutStop(lastError.message)}`;
  return `the outcome of ${name} is unknown since ${instantText(since)}: ${runs} ended without a reply${error}`;
}

function triesOf({ retries, attempt }: OpenCommand): string {
  return `attempt ${retries + attempt}`;
}

function againAt(command: OpenCommand, now: number): string {
  if (command.due === Infinity) return '';
  if (command.due === command.deadline) return givenUp(command, now);
  return `, sent again at ${instantText(command.due)}${overdue(command.due, now)} unless it replies`;
}

function givenUp({ deadline }: OpenCommand, now: number): string {
  return deadline === undefined ? '' : `, given up at ${instantText(deadline)}${overdue(deadline, now)}`;
}

function overdue(due: number, now: number): string {
  return due < now ? ` (overdue by ${ms(now - due)})` : '';
}

function timerLine(image: Image, timer: ArmedTimer, now: number): string {
  const at = `at ${instantText(timer.due)} (${timer.due > now ? `in ${ms(timer.due - now)}` : timer.due < now ? `overdue by ${ms(now - timer.due)}` : 'now'})`;
  switch (timer.purpose) {
    case 'sleep':
      return `sleeps, wakes ${at}`;
    case 'wait':
      return `waits for ${eventName(timer.path)}${keyText(image, waitPath(timer.path))}, gives up ${at}`;
    case 'retry':
    case 'undo-retry': {
      const before = image.resends.get(timer.n);
      const count = before === undefined ? '' : ` for the ${ordinal(before.retries + 1)} time`;
      const failure = failureBefore(image, timer.path.replace(/\/retry$/, ''));
      return `pauses after a technical failure, retries ${retriedText(image, timer)}${count} ${at}${failure}`;
    }
    case 'named':
      return `waits for events; its timer ${timer.path} fires ${at}`;
    case 'process':
      return `times out ${at}`;
  }
}

function timerName(image: Image, timer: ArmedTimer): string {
  switch (timer.purpose) {
    case 'sleep':
      return `a sleep until ${instantText(timer.due)}`;
    case 'wait':
      return `${eventName(timer.path)}${keyText(image, waitPath(timer.path))} until ${instantText(timer.due)}`;
    case 'retry':
    case 'undo-retry':
      return `a retry of ${retriedText(image, timer)}`;
    default:
      return `the timer ${timer.path}`;
  }
}

function ordinal(count: number): string {
  const suffix = count % 100 >= 11 && count % 100 <= 13 ? 'th' : (['th', 'st', 'nd', 'rd'][count % 10] ?? 'th');
  return `${count}${suffix}`;
}

function eventLine(definition: ExplainOptions['definition']): string {
  if (definition === undefined || definition === 'unlisted') return 'waits for an event';
  const received = definition.kind === 'decider' ? definition.startOn : definition.receives;
  const types = received.map(({ event }) => event.type);
  return types.length === 0 ? 'waits for an event' : `waits for an event: ${types.join(' or ')}`;
}

function textOf({ command, path, input, owner }: OpenCommand): string {
  return commandText(command, path, input, owner);
}

function retriedText(image: Image, { n, path }: ArmedTimer): string {
  const before = image.resends.get(n);
  return before === undefined ? stepName(path) : textOf(before);
}

function serviceOf(command: string): string {
  return command.slice(0, command.lastIndexOf('.'));
}

/** Joins the lines of a message, such as those of a replay difference. */
function oneLine(message: string): string {
  return withoutStop(message.trim().replaceAll(/\s*\n\s*/g, '; '));
}

function withoutStop(sentence: string): string {
  return sentence.endsWith('.') ? sentence.slice(0, -1) : sentence;
}
