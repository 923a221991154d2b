import type { FrontEnd, FrontEndOf } from '../core/front-end.ts';
import { KeyFrontEnd } from '../core/keys.ts';
import { decideOn } from './decide-on.ts';
import type { DeciderDefinition } from './decider.ts';
import type { AsyncDefinition } from './process.ts';
import { nextOutcome } from '../core/apply.ts';
import type { RecordedFact } from '../core/journal-entry.ts';
import type { FrontEndOutcome, ProcessRun, Scope, StepState } from '../core/run.ts';
import { type CodeStorage, refuseGlobals, rejectStep, resolverOf, runBody } from './running-code.ts';
import { asyncStorage } from '../adapters/system/async-storage.ts';
import { SystemCalendar } from '../adapters/system/calendar.ts';
import type { Calendar } from '../ports/calendar.ts';
import { nextUndated, setStep } from '../core/timers.ts';
import { frozen } from '../contract/schema.ts';
import type { ScheduleDefinition } from '../contract/schedule-instance.ts';
import { ProcessContext, type ReceivedStart } from './process-context.ts';

/** The ports that a host passes to its processes. */
export interface ProcessHost {
  readonly storage: CodeStorage;
  readonly calendar: Calendar;
}

/**
 * The main file of lib/process. Input: a definition and a run. Output: the front end, which takes each applied fact to the user's code.
 * Trunk: `Continuation` runs an async process through `process-context.ts` and `running-code.ts`; `decide-on.ts` calls a decider's handlers.
 */
export function frontEndWith(host: ProcessHost): FrontEndOf {
  const { storage } = host;
  return (definition, run) => {
    if (definition.builtIn === 'bulk') return bulkJob(run);
    if (definition.kind === 'async') return new Continuation(host, run, definition as AsyncDefinition);
    if (definition.builtIn === 'key') return new KeyFrontEnd(run);
    if (definition.builtIn === 'gate') return gate(run);
    if (definition.builtIn === 'hold') return holds(run);
    if (definition.builtIn) return builtIn(host, run, definition as ScheduleDefinition);
    return {
      advance: (fact, input) => {
        decideOn(storage, run, definition as DeciderDefinition, { fact, input });
        return Promise.resolve();
      },
    };
  };
}

/** The front end of a built-in instance. Its code is loaded at its first event, so a system without schedules does not load it. */
function builtIn(host: ProcessHost, run: ProcessRun, definition: ScheduleDefinition): FrontEnd {
  return {
    advance: async (fact) => {
      const { Scheduler } = await import('./scheduler.ts');
      await new Scheduler(host, run, definition).advance(fact);
    },
  };
}

/** The reducer of a bulk job, which is loaded at the first event of one. */
function bulkJob(run: ProcessRun): FrontEnd {
  let job: FrontEnd | undefined;
  return {
    advance: async (fact, input) => {
      job ??= new (await import('../core/bulk-job.ts')).BulkJobFrontEnd(run);
      await job.advance(fact, input);
    },
  };
}

/** The front end of a gate. Its code is loaded at its first start, as that of a schedule. */
function gate(run: ProcessRun): FrontEnd {
  return {
    advance: async (fact) => {
      const { GateFrontEnd } = await import('../core/gating.ts');
      await new GateFrontEnd(run).advance(fact);
    },
  };
}

/** The front end of the instance that keeps the holds, which is loaded at the first hold. */
function holds(run: ProcessRun): FrontEnd {
  return {
    advance: async (fact) => {
      const { HoldsFrontEnd } = await import('../core/holding.ts');
      await new HoldsFrontEnd(run).advance(fact);
    },
  };
}

/** The front end of every host on Node: the embedded runtime, the functions, the test kit and the tools. */
export const frontEndOf: FrontEndOf = frontEndWith({ storage: asyncStorage(), calendar: new SystemCalendar() });

/**
 * The live half of an async process: the user's function, suspended where it awaits. It takes the outcomes of
 * `core/apply.ts` and settles the promises of `running-code.ts`.
 *
 * C1 The outcomes of a fact are delivered in journal order, one at a time, and all microtasks run between two of them
 *    (docs/replay.md#activation). Native `Promise.race` and `Promise.all` therefore give the same results live and in a replay.
 * C2 Only its owner advances it, and throws it away after a conflict of its commit.
 */
export class Continuation implements FrontEnd {
  readonly #storage: CodeStorage;
  readonly #calendar: Calendar;
  readonly #run: ProcessRun;
  readonly #definition: AsyncDefinition;
  #start: ReceivedStart | undefined;

  constructor({ storage, calendar }: ProcessHost, run: ProcessRun, definition: AsyncDefinition) {
    this.#storage = storage;
    this.#calendar = calendar;
    this.#run = run;
    this.#definition = definition;
  }

  advance(fact: RecordedFact): Promise<void> {
    return this.#run.environment.checks ? this.#checked(fact) : this.#apply(fact);
  }

  async #checked(fact: RecordedFact): Promise<void> {
    const putBack = refuseGlobals(this.#storage);
    try {
      await this.#apply(fact);
    } finally {
      putBack();
    }
  }

  async #apply(fact: RecordedFact): Promise<void> {
    if (fact.type === 'ProcessStarted') this.#start = startOf(fact);
    const start = this.#start;
    if (!start || this.#run.ended) return;
    for (let outcome = nextOutcome(this.#run); outcome && !this.#run.bug; outcome = nextOutcome(this.#run)) {
      this.#deliver(outcome, start);
      await turn();
      if (this.#run.undated.length > 0) await this.#setUndated();
    }
    if (!this.#run.bug) this.#checkPending();
  }

  #deliver(outcome: FrontEndOutcome, start: ReceivedStart): void {
    switch (outcome.kind) {
      case 'begin':
        this.#body(this.#run.root, (ctx) => this.#definition.run(ctx as never, frozen(start.data) as never), start);
        return;
      case 'compensate':
        this.#body(outcome.scope, (ctx) => (outcome.body as Compensation)(ctx, outcome.failure), start);
        return;
      case 'fulfil':
        resolverOf(outcome.step).resolve(ofScope(outcome.step) ? outcome.value : frozen(outcome.value));
        return;
      case 'reject':
        rejectStep(outcome.step, outcome.failure);
    }
  }

  #body(scope: Scope, body: (ctx: ProcessContext) => Promise<unknown>, start: ReceivedStart): void {
    const code = { run: this.#run, scope };
    const ctx = new ProcessContext(this.#storage, code, this.#definition, start);
    runBody(this.#storage, code, () => body(ctx));
  }

  /** Sets the timers of calendar rules. No code of the process runs meanwhile. */
  async #setUndated(): Promise<void> {
    for (let undated = nextUndated(this.#run); undated && !this.#run.bug; undated = nextUndated(this.#run)) {
      const { rule, recorded } = undated;
      setStep(this.#run, undated, recorded ?? (await this.#calendar.next(rule, this.#run.image.clock)));
    }
  }

  /** Marks a process that has not ended and waits for no reply, timer or event, because nothing would ever wake it. */
  #checkPending(): void {
    const { root, steps, waits, undoings, ended, stuck, arriving } = this.#run;
    if (arriving > 0 || ended || stuck || root.ending || steps.size > 0 || waits.length > 0 || undoings.size > 0) return;
    this.#run.bug = {
      code: 'POISON',
      message: `${this.#definition.name} awaits something that is not a step, so nothing will ever wake it: await only what ctx returns.`,
    };
  }
}

/** The value of a scope comes from user code, which makes it again in each replay, so it is not frozen. */
function ofScope({ kind }: StepState): boolean {
  return kind === 'scope';
}

type Compensation = (ctx: ProcessContext, failure: unknown) => Promise<unknown>;

/** Resolves in the next turn of the event loop, after all microtasks. */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function startOf(fact: Extract<RecordedFact, { type: 'ProcessStarted' }>): ReceivedStart {
  return {
    type: fact.event,
    data: fact.data ?? null,
    id: fact.id,
    source: fact.source,
    time: fact.time,
    ...(fact.subject !== undefined && { subject: fact.subject }),
  };
}
