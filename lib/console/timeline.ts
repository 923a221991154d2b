import { isGate } from '../contract/gate.ts';
import { SUBSCRIBE } from '../contract/keys.ts';
import { isOfStep } from '../contract/steps.ts';
import { parsePid } from '../contract/wire/process-id.ts';
import { instantText } from '../contract/wire/wire.ts';
import { CHILD } from '../core/children.ts';
import type { JournalEntry } from '../core/journal-entry.ts';
import { decodeHead, formatFault } from '../format/head-codec.ts';
import { isClosed } from '../core/image.ts';
import { failureName } from '../client/operations/failure-text.ts';
import { stepName } from '../client/operations/pending-steps.ts';
import { readRun, type ReadRun } from './journal-rows.ts';
import { invalid } from './request-values.ts';
import type { Call } from './route.ts';
import type { TimelineStep, TimelineView } from './views.ts';

const STEPS = 500;
const STEPS_MAX = 5_000;

export async function timelineView(call: Call): Promise<TimelineView> {
  const { reach, query } = call;
  const limit = query.number('limit') ?? STEPS;
  if (limit > STEPS_MAX) throw invalid(`The parameter limit is ${limit}: expected at most ${STEPS_MAX}.`);
  const read = await readRun(call);
  const isPast = query.number('at') !== undefined || read.isEarlier;
  const steps = timelineSteps(read, isPast ? [] : openWaitsOf(read));
  const end = isPast ? lastInstant(read.entries) : (read.head.closedAt ?? reach.ports.clock.now());
  return {
    run: read.run,
    started: instantText(firstInstant(read.entries, read.head.startedAt)),
    until: instantText(end),
    total: steps.length,
    steps: steps.slice(-limit).map(shown),
  };
}

function firstInstant([first]: readonly JournalEntry[], otherwise: number): number {
  return first && 'at' in first ? first.at : otherwise;
}

function lastInstant(entries: readonly JournalEntry[]): number {
  const last = entries.findLast((entry) => 'at' in entry);
  return last && 'at' in last ? last.at : 0;
}

/** The waits without a time-out leave no entry before their event, so those that are open come from the head. */
function openWaitsOf({ head }: ReadRun): readonly string[] {
  return formatFault(head) === undefined && !isClosed(head.status) ? (decodeHead(head).waits ?? []) : [];
}

type Part = TimelineStep['parts'][number]['kind'];

/** A step while its entries are read. Times are milliseconds. */
interface Step {
  readonly path: string;
  readonly kind: TimelineStep['kind'];
  readonly from: number;
  readonly entry: number;
  state: TimelineStep['state'];
  to?: number;
  parts: { kind: Part; from: number; to?: number }[];
  attempts: { at: number; failed?: string }[];
  failure?: string;
  commandId?: string;
  child?: { process: string; id: string };
}

/** The steps of a run, in the order in which they began. `waits`: the paths of open waits that no entry has. */
function timelineSteps({ head, run, entries }: ReadRun, waits: readonly string[]): readonly Step[] {
  const reader = new StepReader(head.pid, run);
  for (const entry of entries) reader.read(entry);
  for (const path of waits) reader.waits(path);
  return reader.steps();
}

/** Reads the entries of one run in order. */
class StepReader {
  readonly #pid: string;
  readonly #run: string;
  readonly #steps = new Map<string, Step>();
  /** By number of a command: its step, and whether the command undoes it. */
  readonly #commands = new Map<number, { readonly step: Step; readonly isUndo: boolean }>();
  readonly #timers = new Map<number, Step>();
  #at = 0;
  #index = -1;

  constructor(pid: string, run: string) {
    this.#pid = pid;
    this.#run = run;
  }

  steps(): readonly Step[] {
    return [...this.#steps.values()];
  }

  waits(path: string): void {
    this.#step(path, 'wait', 'waiting');
  }

  read(entry: JournalEntry): void {
    this.#index += 1;
    if ('at' in entry) this.#at = entry.at;
    switch (entry.type) {
      case 'CommandIssued':
        return this.#issued(entry);
      case 'CommandAnswered':
        return this.#replied(entry);
      case 'AttemptTimedOut':
        return void this.#commands.get(entry.n)?.step.attempts.push({ at: this.#at });
      case 'CommandGivenUp':
        return this.#close(this.#commands.get(entry.n)?.step, 'unknown');
      case 'CommandAbandoned':
        return this.#close(this.#commands.get(entry.n)?.step, 'cancelled');
      case 'TimerSet':
        return this.#timerSet(entry.n, entry.path);
      case 'TimerFired':
      case 'TimerCleared':
        return this.#timerEnded(entry.n, entry.type === 'TimerFired');
      case 'EventTaken':
        return this.#close(this.#step(entry.path, 'wait', 'waiting'), 'done');
      case 'ScopeOpened':
        return void this.#step(entry.path, 'scope', 'running');
      case 'ScopeClosed': {
        const step = this.#steps.get(entry.path);
        if (step && entry.data !== undefined && entry.status === 'failed') step.failure = failureName(entry.data);
        return this.#close(step, entry.status === 'fulfilled' ? 'done' : entry.status);
      }
      case 'CompensationStarted':
        return void this.#step(entry.path, 'compensation', 'undo');
      case 'EventPublished':
      case 'EventAnswered':
        return this.#close(this.#step(entry.path, entry.type === 'EventPublished' ? 'publish' : 'answer', 'running'), 'done');
      case 'ProcessCompleted':
      case 'ProcessFailed':
      case 'ProcessCancelled':
      case 'ProcessTerminated':
      case 'RunContinued':
        return this.#end(entry.type === 'ProcessCompleted' ? 'done' : 'cancelled');
      default:
    }
  }

  #step(path: string, kind: Step['kind'], part: Part): Step {
    const known = this.#steps.get(path);
    if (known) return known;
    const parts = [{ kind: part, from: this.#at }];
    const step: Step = { path, kind, from: this.#at, entry: Math.max(0, this.#index), state: 'open', parts, attempts: [] };
    this.#steps.set(path, step);
    return step;
  }

  #issued({ n, path, command, undoes, mode, owner }: Extract<JournalEntry, { type: 'CommandIssued' }>): void {
    if (command === SUBSCRIBE) return void this.#step(path.replace(/\/subscribe$/, ''), 'wait', 'waiting');
    if (undoes !== undefined) {
      const step = this.#commands.get(Number(undoes.slice(undoes.lastIndexOf('/') + 1)))?.step ?? this.#step(path, 'command', 'undo');
      this.#enter(step, 'undo');
      step.state = 'open';
      return void this.#commands.set(n, { step, isUndo: true });
    }
    const kind = owner === undefined ? (mode === 'send' ? 'send' : isOfStep(command) ? 'step' : 'command') : childKind(command, owner);
    const isAgain = this.#steps.has(path);
    const step = this.#step(path, kind, 'running');
    if (isAgain) this.#enter(step, 'running');
    step.attempts.push({ at: this.#at });
    step.commandId = `${this.#pid}/${this.#run}/${n}`;
    const child = owner === undefined ? undefined : parsePid(owner);
    if (child && kind === 'child') step.child = { process: child.process, id: child.id };
    this.#commands.set(n, { step, isUndo: false });
  }

  #replied({ n, outcome, retryable, data }: Extract<JournalEntry, { type: 'CommandAnswered' }>): void {
    const found = this.#commands.get(n);
    if (!found) return;
    const { step, isUndo } = found;
    if (outcome === 'deferred') return this.#enter(step, 'waiting');
    if (isUndo) return this.#close(step, outcome === 'completed' ? 'undone' : 'failed');
    if (outcome === 'failed') {
      const failure = failureName(data);
      const last = step.attempts.at(-1);
      if (last) last.failed = failure;
      step.failure = failure;
      return retryable ? this.#enter(step, 'waiting') : this.#close(step, 'failed');
    }
    if (outcome === 'completed') delete step.failure;
    this.#close(step, outcome === 'completed' ? 'done' : outcome);
  }

  #timerSet(n: number, path: string): void {
    if (path === 'timeout') return;
    const of = this.#steps.get(path.replace(/\/retry$/, ''));
    if (path.endsWith('/retry')) {
      if (of) this.#enter(of, 'waiting');
      return;
    }
    const step = path.endsWith('/timeout')
      ? this.#step(path.replace(/\/timeout$/, ''), 'wait', 'waiting')
      : this.#step(path, 'timer', 'waiting');
    this.#timers.set(n, step);
  }

  /** The time-out of a wait that is cleared leaves the wait to its event. */
  #timerEnded(n: number, fired: boolean): void {
    const step = this.#timers.get(n);
    this.#timers.delete(n);
    if (step?.state === 'open') this.#close(step, fired ? 'done' : 'cancelled');
  }

  /** Ends the part in which the step is, and begins another one. */
  #enter(step: Step, kind: Part): void {
    const last = step.parts.at(-1);
    if (last?.kind === kind && last.to === undefined) return;
    if (last && last.to === undefined) last.to = this.#at;
    delete step.to;
    step.parts.push({ kind, from: this.#at });
  }

  #close(step: Step | undefined, state: Step['state']): void {
    if (!step) return;
    const last = step.parts.at(-1);
    if (last && last.to === undefined) last.to = this.#at;
    step.to = this.#at;
    step.state = state;
  }

  /** The end of the run ends all that is still open. */
  #end(state: Step['state']): void {
    for (const step of this.#steps.values()) if (step.state === 'open') this.#close(step, step.kind === 'send' ? 'done' : state);
  }
}

/** A gate begins an instance as its child; any other engine command is a step of the engine. */
function childKind(command: string, owner: string): Step['kind'] {
  return command === CHILD && !isGate(owner) ? 'child' : 'command';
}

/** A scope that the library opens has a number as its label. */
const SUFFIX = /^(?:undo|retry|timeout|run:\d+)$/;

function shown({ path, from, to, parts, attempts, ...step }: Step): TimelineStep {
  const scope = path
    .split('/')
    .slice(0, -1)
    .filter((part) => !SUFFIX.test(part))
    .map((part) => decoded(part.replace(/:1$/, '')));
  return {
    ...step,
    path,
    scope,
    name: decoded(stepName(path)),
    from: instantText(from),
    ...(to !== undefined && { to: instantText(to) }),
    parts: parts.map((part) => ({
      kind: part.kind,
      from: instantText(part.from),
      ...(part.to !== undefined && { to: instantText(part.to) }),
    })),
    attempts: attempts.map(({ at, failed }) => ({ at: instantText(at), ...(failed !== undefined && { failed }) })),
  };
}

function decoded(label: string): string {
  try {
    return decodeURIComponent(label);
  } catch {
    return label;
  }
}
