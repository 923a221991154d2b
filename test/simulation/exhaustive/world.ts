import assert from 'node:assert/strict';
import { hash as hashOf } from 'node:crypto';
import { Cloud } from './cloud.ts';
import type { Configuration } from './configuration.ts';
import type { ExploredQueue, QueuedMessage } from './explored-queue.ts';
import type { VisibilityChange } from '../../../lib/ports/message-queue.ts';
import { settle } from './fixpoint.ts';
import { ExploredWorker, SLOW_SECONDS, type CallFault, type Mutant, type PendingCall } from './explored-worker.ts';

/** A step that may happen next. */
export type Step =
  | { readonly kind: 'call'; readonly worker: ExploredWorker; readonly call: PendingCall; readonly fault: CallFault }
  /** `again`: one of the messages, which a worker holds, or which was deleted. */
  | {
      readonly kind: 'receive';
      readonly worker: ExploredWorker;
      readonly messages: readonly QueuedMessage[];
      readonly again?: QueuedMessage;
    }
  | { readonly kind: 'crash'; readonly worker: ExploredWorker }
  /** No worker has work left: the clock advances, services reply, and the final checks run. */
  | { readonly kind: 'end' };

/** The faults that are still allowed, and the duplicates that do not count as faults. */
export interface Budget {
  readonly faults: number;
  readonly duplicates: number;
}

export interface WorldOptions {
  readonly faults: number;
  /** Workers keep their engines from batch to batch. @default false, each batch gets a new engine */
  readonly warm?: boolean;
  readonly mutant?: Mutant;
}

/** The turns of the event loop that a decision may take, of which the first import on demand of a source file needs the most. */
const TURNS_MAX = 25_000;

/**
 * Resolves when a worker waits only for its ports, or for its next batch. One turn of the event loop runs all microtasks; a process takes
 * one turn for each outcome that it receives, and its worker makes no calls meanwhile.
 */
const quiet = async (worker: ExploredWorker): Promise<void> => {
  for (let turns = 0; turns === 0 || (worker.busy && worker.pending.length === 0); turns += 1) {
    assert(turns < TURNS_MAX, `the worker ${worker.name} neither calls nor ends`);
    await new Promise((resolve) => setImmediate(resolve));
  }
};

/** Calls that only add messages, on which no call of another worker depends. */
const SENDS: ReadonlySet<string> = new Set(['send', 'publish']);

/**
 * One execution: the workers on their cloud, and the steps that may happen next. If the order of two steps makes no difference to any
 * worker or check, one order is enough:
 * R1 The first call of a worker follows its receive at once, because the worker could have received just before that call.
 * R2 A worker that sends finishes all of its sends. Other workers see no difference. The checks at their deletes could, but these are
 *    strictest before the first of the sends.
 * R3 A worker crashes just after a write of its own, or just after a receive. Other workers can take their steps after the crash as well,
 *    and a read leaves no trace.
 * R4 A queue delivers a duplicate when a worker receives it, not before.
 * R5 If no fault or duplicate is left, a worker deletes at once the messages that no other worker can receive: the check is strictest then.
 * R6 A call that changes nothing happens at once.
 */
export class World {
  readonly cloud: Cloud;
  readonly workers: readonly ExploredWorker[];
  budget: Budget;
  ended = false;
  readonly #bodies: readonly string[];
  readonly #warm: boolean;
  #last: Step | undefined;

  constructor(configuration: Configuration, { faults, warm = false, mutant = {} }: WorldOptions) {
    const { from, messages, duplicates = 0, hotLane = false, now } = configuration;
    this.cloud = new Cloud(now, from);
    for (const message of messages) this.cloud.inbox.add({ ...message, sentAt: now, visibleAt: now });
    const worker = (name: string, queue: ExploredQueue): ExploredWorker =>
      new ExploredWorker(name, queue, this.cloud, { mutant, hotLane, warm });
    this.workers = [worker('a', this.cloud.inbox), worker('b', this.cloud.inbox), ...(hotLane ? [worker('l', this.cloud.lane)] : [])];
    this.budget = { faults, duplicates };
    this.#warm = warm;
    this.#bodies = messages.map(({ body }) => body);
  }

  /** Equal for worlds in which the same may still happen, apart from the budget. */
  digest(): string {
    const workers = this.workers.map((worker) => worker.digest() + this.#lastOf(worker)).toSorted();
    return hashOf('sha1', `${workers.join(' ')}|${this.cloud.digest(this.#warm)}`);
  }

  /** The part of the last step that restricts the next ones. */
  #lastOf(worker: ExploredWorker): string {
    if (this.#onlyBy === worker) return '!';
    return this.budget.faults > 0 && this.#mayCrash(worker) ? '?' : '';
  }

  /** The worker that takes the next steps alone (R1, R2, R5, R6). */
  get #onlyBy(): ExploredWorker | undefined {
    const last = this.#last;
    const { faults, duplicates } = this.budget;
    for (const worker of this.workers)
      if (worker.pending.some(isIdle) || (faults + duplicates === 0 && this.#isAboutToDelete(worker))) return worker;
    if (last?.kind === 'receive' && last.worker.pending.length > 0) return last.worker;
    if (last?.kind !== 'call' || !SENDS.has(last.call.name)) return undefined;
    const { pending } = last.worker;
    return pending.length > 0 && pending.every(({ name }) => SENDS.has(name)) ? last.worker : undefined;
  }

  /** R5. */
  #isAboutToDelete({ pending, batch, queue }: ExploredWorker): boolean {
    return (
      pending.length === 1 &&
      pending[0]?.name === 'delete' &&
      batch.every((message) => queue.isCurrent(message) && !queue.get(message.messageId).visible)
    );
  }

  /** R3. */
  #mayCrash(worker: ExploredWorker): boolean {
    const last = this.#last;
    if (!worker.busy || !last || !('worker' in last) || last.worker !== worker) return false;
    return last.kind === 'receive' || (last.kind === 'call' && last.call.writes && last.fault !== 'fails');
  }

  /** The steps that may happen next, harmless ones first. */
  steps(): readonly Step[] {
    const only = this.#onlyBy;
    const callers = only ? [only] : this.workers;
    const steps: Step[] = [];
    for (const worker of callers)
      for (const call of worker.pending) {
        steps.push({ kind: 'call', worker, call, fault: 'none' });
        if (call.name === 'delete' && worker.batch.some((message) => !worker.queue.isCurrent(message)))
          steps.push({ kind: 'call', worker, call, fault: 'overtaken' });
      }
    if (!only) this.#receives(steps);
    if (steps.length === 0) steps.push({ kind: 'end' });
    if (this.budget.faults > 0) for (const worker of callers) this.#faults(worker, steps);
    if (!only && this.budget.faults + this.budget.duplicates > 0) this.#duplicates(steps);
    return steps;
  }

  #receives(steps: Step[]): void {
    for (const worker of this.#idle()) {
      const ready = worker.queue.ready(this.cloud.now);
      const batches = worker.queue === this.cloud.inbox ? subsets(ready) : firsts(ready, this.#isGroupHeld(worker.queue));
      for (const messages of batches) steps.push({ kind: 'receive', worker, messages });
    }
  }

  /** The idle workers; of those that know the same, one is enough. */
  #idle(): readonly ExploredWorker[] {
    const idle = new Map<string, ExploredWorker>();
    for (const worker of this.workers) if (!worker.busy && !idle.has(worker.digest())) idle.set(worker.digest(), worker);
    return [...idle.values()];
  }

  /** A FIFO queue delivers no message of a group while a worker holds another one of it. */
  #isGroupHeld(queue: ExploredQueue): boolean {
    return this.workers.some((worker) => worker.queue === queue && worker.busy);
  }

  #faults(worker: ExploredWorker, steps: Step[]): void {
    for (const call of worker.pending) {
      if (call.name !== 'delete' && !isIdle(call)) {
        steps.push({ kind: 'call', worker, call, fault: 'fails' });
        if (call.writes) steps.push({ kind: 'call', worker, call, fault: 'answer-lost' });
      }
      // A call whose only part is refused has failed, except a delete, which Lambda makes.
      if (call.parts > 1 || call.name === 'delete')
        for (let refused = 0; refused < call.parts; refused += 1) steps.push({ kind: 'call', worker, call, fault: { refused } });
    }
    if (this.#mayCrash(worker)) steps.push({ kind: 'crash', worker });
  }

  /** R4. */
  #duplicates(steps: Step[]): void {
    for (const worker of this.#idle()) {
      const { queue } = worker;
      const ready = queue.ready(this.cloud.now);
      for (const again of queue.messages) {
        if (again.visibleAt > this.cloud.now || (again.visible && !again.deleted)) continue;
        for (const others of [[], ...subsets(ready)]) steps.push({ kind: 'receive', worker, messages: [again, ...others], again });
      }
    }
  }

  async take(step: Step): Promise<void> {
    this.#last = step;
    switch (step.kind) {
      case 'call':
        step.worker.release(step.call, step.fault);
        if (step.fault !== 'none' && step.fault !== 'overtaken') this.#spendFault();
        return quiet(step.worker);
      case 'receive':
        if (step.again) this.#spendDuplicate(step.again);
        step.worker.receive(step.messages);
        return quiet(step.worker);
      case 'crash':
        step.worker.crash();
        return this.#spendFault();
      case 'end':
        return this.#end();
    }
  }

  #spendFault(): void {
    this.budget = { ...this.budget, faults: this.budget.faults - 1 };
  }

  #spendDuplicate(message: QueuedMessage): void {
    const { faults, duplicates } = this.budget;
    this.budget = duplicates > 0 ? { faults, duplicates: duplicates - 1 } : { faults: faults - 1, duplicates };
    message.deleted = false;
  }

  async #end(): Promise<void> {
    this.ended = true;
    const { checks } = this.cloud;
    if (!(await settle(this.cloud))) checks.violations.push('I8: it never comes to rest');
    checks.settled(this.#bodies);
  }

  /** Ends the world: its workers must not keep the process alive, or react to other worlds. */
  abandon(): void {
    for (const worker of this.workers) worker.abandon();
  }
}

/** A release for some seconds changes nothing here (R6). */
const isIdle = ({ name, args: [changes] }: PendingCall): boolean =>
  name === 'changeVisibility' && (changes as readonly VisibilityChange[]).every(({ seconds }) => seconds <= SLOW_SECONDS);

const subsets = (messages: readonly QueuedMessage[]): readonly (readonly QueuedMessage[])[] => {
  const all: QueuedMessage[][] = [];
  for (let chosen = 1; chosen < 2 ** messages.length; chosen += 1) all.push(messages.filter((_, i) => (chosen >> i) & 1));
  return all;
};

const firsts = (messages: readonly QueuedMessage[], isHeld: boolean): readonly (readonly QueuedMessage[])[] =>
  isHeld ? [] : messages.map((_, i) => messages.slice(0, i + 1));
