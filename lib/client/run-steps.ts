import { isGate } from '../contract/gate.ts';
import { SUBSCRIBE } from '../contract/keys.ts';
import { isOfStep } from '../contract/steps.ts';
import { buildCommandId, parsePid } from '../contract/wire/process-id.ts';
import type { Outcome } from '../contract/wire/envelope.ts';
import { CHILD } from '../core/children.ts';
import type { JournalEntry } from '../core/journal-entry.ts';
import { failureName } from './operations/failure-text.ts';

/** One step of a run: a command with its sends and its undo, a timer, a wait, a scope, or something that was sent. Times are milliseconds. */
export interface RunStep {
  readonly path: string;
  readonly kind: 'command' | 'step' | 'child' | 'timer' | 'wait' | 'send' | 'publish' | 'answer' | 'scope' | 'compensation';
  readonly from: number;
  /** Index of its first entry. */
  readonly entry: number;
  readonly state: 'open' | 'done' | 'failed' | 'cancelled' | 'unknown' | 'undone';
  /** Absent while it is open. */
  readonly to?: number;
  /** In the order of time, without gaps. */
  readonly parts: readonly StepPart[];
  readonly sends: readonly CommandSend[];
  readonly failure?: string;
  readonly commandId?: string;
  /** Of `publish`: the id of the event. */
  readonly eventId?: string;
  readonly child?: { readonly process: string; readonly id: string };
}

interface StepPart {
  readonly kind: 'running' | 'waiting' | 'undo';
  readonly from: number;
  readonly to?: number;
}

/** One send of a command: the first one of a command number, or a later one because no reply came. */
export interface CommandSend {
  readonly commandId: string;
  readonly command: string;
  /** That of the step, and `/undo` after it if the send is of its undo. */
  readonly path: string;
  /** The pid of the owner of an engine command. */
  readonly owner?: string;
  /** From 1, of this command number. */
  readonly attempt: number;
  readonly isUndo: boolean;
  /** When the command was first issued under any number. */
  readonly since: number;
  readonly from: number;
  /** When its reply or the next send came. */
  readonly to?: number;
  readonly outcome?: Outcome;
  /** The failure in one line. */
  readonly failed?: string;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

type OpenStep = Mutable<Omit<RunStep, 'parts' | 'sends'>> & { readonly parts: Mutable<StepPart>[]; readonly sends: Mutable<CommandSend>[] };

/** The steps of a run, in the order in which they began. `waits`: the paths of open waits, of which no entry tells. */
export function runSteps(
  of: { readonly pid: string; readonly run: string },
  entries: readonly JournalEntry[],
  waits: readonly string[] = [],
): readonly RunStep[] {
  const reader = new StepReader(of.pid, of.run);
  for (const entry of entries) reader.read(entry);
  for (const path of waits) reader.waits(path);
  return reader.steps();
}

/** Reads the entries of one run in order. */
class StepReader {
  readonly #pid: string;
  readonly #run: string;
  readonly #steps = new Map<string, OpenStep>();
  /** By number of a command: its step, and its last send. */
  readonly #commands = new Map<number, { readonly step: OpenStep; send: Mutable<CommandSend> }>();
  readonly #timers = new Map<number, OpenStep>();
  #at = 0;
  #index = -1;

  constructor(pid: string, run: string) {
    this.#pid = pid;
    this.#run = run;
  }

  steps(): readonly RunStep[] {
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
        return this.#sentAgain(entry.n);
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
      case 'EventPublished': {
        const step = this.#step(entry.path, 'publish', 'running');
        step.eventId = buildCommandId(this.#pid, this.#run, entry.n);
        return this.#close(step, 'done');
      }
      case 'EventAnswered':
        return this.#close(this.#step(entry.path, 'answer', 'running'), 'done');
      case 'ProcessCompleted':
      case 'ProcessFailed':
      case 'ProcessCancelled':
      case 'ProcessTerminated':
      case 'RunContinued':
        return this.#end(entry.type === 'ProcessCompleted' ? 'done' : 'cancelled');
      default:
    }
  }

  #step(path: string, kind: RunStep['kind'], part: StepPart['kind']): OpenStep {
    const known = this.#steps.get(path);
    if (known) return known;
    const parts = [{ kind: part, from: this.#at }];
    const step: OpenStep = { path, kind, from: this.#at, entry: Math.max(0, this.#index), state: 'open', parts, sends: [] };
    this.#steps.set(path, step);
    return step;
  }

  #issued({ n, path, command, undoes, mode, owner }: Extract<JournalEntry, { type: 'CommandIssued' }>): void {
    if (command === SUBSCRIBE) return void this.#step(path.replace(/\/subscribe$/, ''), 'wait', 'waiting');
    if (undoes !== undefined) {
      const step = this.#commands.get(Number(undoes.slice(undoes.lastIndexOf('/') + 1)))?.step ?? this.#step(path, 'command', 'undo');
      this.#enter(step, 'undo');
      step.state = 'open';
      return this.#sent(n, step, { command, path, isUndo: true });
    }
    const kind = owner === undefined ? (mode === 'send' ? 'send' : isOfStep(command) ? 'step' : 'command') : childKind(command, owner);
    const isAgain = this.#steps.has(path);
    const step = this.#step(path, kind, 'running');
    if (isAgain) this.#enter(step, 'running');
    step.commandId = buildCommandId(this.#pid, this.#run, n);
    const child = owner === undefined ? undefined : parsePid(owner);
    if (child && kind === 'child') step.child = { process: child.process, id: child.id };
    this.#sent(n, step, { command, path, isUndo: false, ...(owner !== undefined && { owner }) });
  }

  #sent(n: number, step: OpenStep, of: Pick<CommandSend, 'command' | 'path' | 'owner' | 'isUndo'>): void {
    const { since = this.#at } = step.sends.find(({ path }) => path === of.path) ?? {};
    const send = { ...of, commandId: buildCommandId(this.#pid, this.#run, n), attempt: 1, since, from: this.#at };
    step.sends.push(send);
    this.#commands.set(n, { step, send });
  }

  #sentAgain(n: number): void {
    const known = this.#commands.get(n);
    if (!known) return;
    const { step, send } = known;
    send.to ??= this.#at;
    const { to: _to, ...again } = send;
    known.send = { ...again, attempt: send.attempt + 1, from: this.#at };
    step.sends.push(known.send);
  }

  #replied({ n, outcome, retryable, data }: Extract<JournalEntry, { type: 'CommandAnswered' }>): void {
    const found = this.#commands.get(n);
    if (!found) return;
    const { step, send } = found;
    if (outcome === 'deferred') return this.#enter(step, 'waiting');
    send.to = this.#at;
    send.outcome = outcome;
    if (outcome === 'failed') send.failed = failureName(data);
    if (send.isUndo) return this.#close(step, outcome === 'completed' ? 'undone' : 'failed');
    if (outcome === 'failed') {
      step.failure = failureName(data);
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
  #enter(step: OpenStep, kind: StepPart['kind']): void {
    const last = step.parts.at(-1);
    if (last?.kind === kind && last.to === undefined) return;
    if (last && last.to === undefined) last.to = this.#at;
    delete step.to;
    step.parts.push({ kind, from: this.#at });
  }

  #close(step: OpenStep | undefined, state: RunStep['state']): void {
    if (!step) return;
    const last = step.parts.at(-1);
    if (last && last.to === undefined) last.to = this.#at;
    step.to = this.#at;
    step.state = state;
  }

  /** The end of the run ends all that is still open. */
  #end(state: RunStep['state']): void {
    for (const step of this.#steps.values()) if (step.state === 'open') this.#close(step, step.kind === 'send' ? 'done' : state);
  }
}

/** A gate begins an instance as its child; any other engine command is a step of the engine. */
function childKind(command: string, owner: string): RunStep['kind'] {
  return command === CHILD && !isGate(owner) ? 'child' : 'command';
}
