import { milliseconds } from '../../../../lib/contract/duration.ts';
import type { Json } from '../../../../lib/contract/wire/json.ts';
import type { JournalEntry } from '../../../../lib/core/journal-entry.ts';
import type { Beats, Branch, Commanding, Dispatch, Each, Every, Program, ProgramStep, Race, Scope, SignalName, Sleep } from './program.ts';
import type { Call, WaitForSignal } from './program.ts';
import { branchName, isRace, targetOf, undoable } from './program.ts';
import type { Answered, Issued, Story } from './story.ts';

/**
 * Walks a program beside its journal. The facts of the journal contain what the world decided: when an answer came, which branch was first,
 * when an operator cancelled. The walk computes all consequences a second time, from the saga rules alone (lib/core/scopes.ts). Times are
 * places in the journal, and Infinity is never.
 *
 * W1 A step begins at once when the one before it has settled, and its decision is at once in the journal.
 * W2 A limit (a cancel, a lost race, a failed scope) rejects each step that has not settled, and each step that would begin after it.
 * W3 A scope that fails or is cancelled undoes its list, newest first, one at a time, before it closes.
 * W4 A success that comes after its step was rejected is undone.
 * W5 A wait that loses its race puts its event back. A wait that is rejected before its code has got the event puts it back too.
 */
export interface Limit {
  readonly at: number;
  readonly failure: string;
}
export const NO_LIMIT: Limit = { at: Infinity, failure: '' };
const LOST_RACE = 'cancelled:lost-race';

export interface Settled {
  readonly at: number;
  readonly failure?: string;
  readonly value?: Json;
  /** The items that it adds to the list of its scope. */
  readonly items: readonly Item[];
  /** The ends of the work that it left behind: a command settles, or a late success is undone. */
  readonly cleanups: readonly number[];
  /** The times at which the scopes that it opened have closed. */
  readonly children?: readonly number[];
}

/** The path of a step, which is assigned when the step begins. A race assigns the paths of its branches before its own. */
type Place = string | RacePlace;
interface RacePlace {
  readonly path: string;
  readonly branches: readonly Place[];
}

export type Item =
  | { readonly kind: 'command'; readonly order: number; readonly path: string; readonly id: string }
  | {
      readonly kind: 'compensation';
      readonly order: number;
      readonly path: string;
      readonly body: Program;
    };

interface ModelScope {
  readonly path: string;
  list: Item[];
  readonly cleanups: number[];
  readonly children: number[];
  readonly ordinals: Map<string, number>;
  /** The scope went on while an undo ran in it. The journal does not say when exactly the undo ended. */
  loose: boolean;
}

/** A value of a body, and the place at which it came. */
export interface Valued {
  readonly at: number;
  readonly value: Json;
}

/** The variables that the body of a step of `ctx.run` must have seen, whenever it ran. */
export interface Sight {
  /** The place at which the step was first issued. The body sees all that the activation did. */
  readonly at: number;
  /** The values of the steps around it, and how many of them came before it. */
  readonly values: readonly Valued[];
  readonly before: number;
}

/** The outcome of one command of a call. */
export interface Fate {
  readonly call: Commanding;
  readonly sight: Sight;
  readonly id: string;
  readonly mode: 'call' | 'send';
  readonly outcome: Answered['outcome'] | undefined;
}

/** The findings of a walk. */
export interface Trail {
  readonly problems: string[];
  /** Entries that the program accounts for. */
  readonly accounted: Set<number>;
  readonly fates: Fate[];
  /** The places at which commands completed for their steps. */
  readonly done: number[];
  /** The walk came to a step that no process may make, so the instance must be stuck. */
  misused: boolean;
  /** Ids of commands that had to be undone. */
  readonly undone: Set<string>;
  readonly waits: {
    readonly signals: readonly SignalName[];
    readonly path: string;
    readonly from: number;
    readonly until: number;
    /** It reads only events that came before. @default `until` */
    readonly before?: number;
    readonly id?: string;
  }[];
}
const newTrail = (): Trail => ({ problems: [], accounted: new Set(), fates: [], done: [], misused: false, undone: new Set(), waits: [] });

interface Body {
  readonly at: number;
  readonly failure?: string;
  readonly values: readonly Json[];
  readonly returned: boolean;
}

const OPEN: Settled = { at: Infinity, items: [], cleanups: [] };
const rejected = (at: number, failure: string, cleanups: readonly number[] = []): Settled => ({ at, failure, items: [], cleanups });
const fulfilled = (at: number, value: Json, items: readonly Item[] = []): Settled => ({ at, value, items, cleanups: [] });
const nearer = (a: Limit, b: Limit): Limit => (b.at < a.at ? b : a);
const newScope = (path: string, loose = false): ModelScope => ({
  path,
  list: [],
  cleanups: [],
  children: [],
  ordinals: new Map(),
  loose,
});

const HOUR_MS = 3_600_000;

export class Walk {
  trail = newTrail();
  readonly #story: Story;
  readonly #commandId: (n: number) => string;
  /** Its retries may be exhausted where those of an undisturbed run are not. */
  readonly #disturbed: boolean;
  /** The process has ended, so no undo may be unfinished. */
  readonly #ended: boolean;
  /** The values of the body that it walks. */
  #values: Valued[] = [];

  constructor(story: Story, options: { commandId: (n: number) => string; disturbed: boolean; ended: boolean }) {
    this.#story = story;
    this.#commandId = options.commandId;
    this.#disturbed = options.disturbed;
    this.#ended = options.ended;
  }

  /**
   * Walks the outermost scope. `last`: a sleep that the process adds at its end. `closed`: the place at which the journal ends the process.
   */
  process(program: Program, limit: Limit, closed: number | undefined, last: Sleep | undefined): Settled {
    const scope = newScope('');
    const body = this.#body(scope, program, 0, limit);
    if (!last || body.failure !== undefined || body.at === Infinity) return this.#close(scope, '', body, limit, closed);
    const slept = this.#branch(scope, last, this.#path(scope, last), body.at, limit);
    const { at, failure } = slept;
    return this.#close(scope, '', { ...body, at, ...(failure !== undefined && { failure }) }, limit, closed);
  }

  #body(scope: ModelScope, program: Program, from: number, limit: Limit): Body {
    const outer = this.#values;
    this.#values = [];
    const body = this.#steps(scope, program, from, limit);
    this.#values = outer;
    return body;
  }

  #steps(scope: ModelScope, program: Program, from: number, limit: Limit): Body {
    const values: Json[] = [];
    const handles = new Map<string, readonly Item[]>();
    let at = from;
    for (const step of program) {
      const ran = this.#step(scope, step, at, limit, handles);
      at = ran.at;
      if (ran.failure !== undefined) return { at, failure: ran.failure, values, returned: false };
      if (at === Infinity) return { at, values, returned: false };
      values.push(ran.value as Json);
      this.#values.push({ at, value: ran.value as Json });
      if (ran.returned) return { at, values, returned: true };
    }
    return { at, values, returned: false };
  }

  #step(
    scope: ModelScope,
    step: ProgramStep,
    from: number,
    limit: Limit,
    handles: Map<string, readonly Item[]>,
  ): { readonly at: number; readonly failure?: string; readonly value?: Json; readonly returned?: boolean } {
    switch (step.kind) {
      case 'call':
      case 'run':
      case 'dispatch':
      case 'wait':
      case 'sleep':
      case 'beats':
      case 'every':
      case 'race':
      case 'any':
      case 'scope': {
        const settled = this.#branch(scope, step, this.#place(scope, step), from, limit);
        this.#absorb(scope, settled);
        const target = targetOf(step);
        if (target !== undefined) handles.set(target, settled.items);
        return settled;
      }
      case 'try': {
        const settled = this.#branch(scope, step.call, this.#place(scope, step.call), from, limit);
        this.#absorb(scope, settled);
        if (!settled.failure?.startsWith('refused:')) return settled;
        return this.#inline(scope, settled.failure, step.refused, settled.at, limit);
      }
      case 'catch': {
        const settled = this.#branch(scope, step.step, this.#place(scope, step.step), from, limit);
        this.#absorb(scope, settled);
        if (settled.failure === undefined) return settled;
        return this.#inline(scope, `caught:${settled.failure}`, step.handler, settled.at, limit);
      }
      case 'parallel':
        return this.#parallel(scope, step.branches, from, limit);
      case 'again':
        return this.#again(scope, step, from, limit);
      case 'spin':
        return this.#misused(from, limit);
      case 'until': {
        const path = this.#next(scope, 'until');
        return this.#timer(scope, path, step.inMs, 'until', from, limit);
      }
      case 'compensate': {
        const path = this.#next(scope, step.label);
        const order = this.#decided(scope, 'CompensationRegistered', path, from);
        scope.list.push({ kind: 'compensation', order, path, body: step.body });
        return { at: from, value: 'compensate' };
      }
      case 'undo':
        return this.#undo(scope, step.target === undefined ? undefined : (handles.get(step.target) ?? []), from);
      case 'withdraw':
        return this.#withdraw(scope, step, from, limit);
      case 'pivot':
        this.#decided(scope, 'Pivoted', this.#next(scope, 'pivot'), from);
        scope.list = [];
        return { at: from, value: 'pivot' };
      case 'publish':
        this.#decided(scope, 'EventPublished', this.#next(scope, 'programs.said'), from);
        return { at: from, value: 'publish' };
      case 'send':
        this.#send(scope, step.call, from);
        return { at: from, value: 'send' };
      case 'view':
        this.#decided(scope, 'ViewChanged', this.#next(scope, 'view'), from);
        return { at: from, value: 'view' };
      case 'tag':
        this.#decided(scope, 'Tagged', this.#next(scope, 'tag'), from);
        return { at: from, value: 'tag' };
      case 'each':
        return this.#each(scope, step, from, limit);
      case 'throw':
        return { at: from, failure: `thrown:${step.label}` };
      case 'return':
        return { at: from, value: `return:${step.label}`, returned: true };
    }
  }

  #inline(scope: ModelScope, name: string, program: Program, from: number, limit: Limit) {
    const { at, failure, values, returned } = this.#body(scope, program, from, limit);
    return { at, ...(failure !== undefined && { failure }), value: [name, ...values], returned };
  }

  #next(scope: ModelScope, name: string): string {
    const ordinal = (scope.ordinals.get(name) ?? 0) + 1;
    scope.ordinals.set(name, ordinal);
    return `${scope.path}${name}:${ordinal}`;
  }

  #place(scope: ModelScope, step: Branch): Place {
    if (!isRace(step)) return this.#path(scope, step);
    const branches = step.branches.map((branch) => this.#place(scope, branch));
    return { branches, path: this.#next(scope, step.kind) };
  }

  #path(scope: ModelScope, step: Exclude<Branch, Race>): string {
    switch (step.kind) {
      case 'call':
        return this.#next(scope, `${step.service}.${step.verb}`);
      case 'run':
        return this.#next(scope, step.name);
      case 'every':
        return this.#next(scope, 'every');
      case 'dispatch':
        return this.#next(scope, `${step.call.service}.dispatch`);
      case 'wait':
        return this.#next(scope, `programs.${step.signal}`);
      case 'sleep':
        return this.#next(scope, 'sleep');
      case 'beats':
        return this.#next(scope, 'beats');
      case 'scope':
        return this.#next(scope, step.name);
    }
  }

  /** Adds to the scope what a step leaves: its items, its cleanups and the scopes that it opened. */
  #absorb(scope: ModelScope, { items, cleanups, children = [] }: Settled): void {
    scope.list.push(...items);
    scope.cleanups.push(...cleanups);
    scope.children.push(...children);
  }

  #branch(scope: ModelScope, step: Branch, place: Place, from: number, limit: Limit, lost = NO_LIMIT): Settled {
    if (isRace(step)) return this.#race(scope, step, place as RacePlace, from, limit);
    const path = place as string;
    switch (step.kind) {
      case 'call':
      case 'run':
        return this.#call(scope, step, path, from, limit);
      case 'every':
        return this.#every(scope, step, path, from, limit, lost);
      case 'dispatch':
        return this.#dispatch(scope, step, path, from, limit);
      case 'wait':
        return this.#wait(scope, step, path, from, limit, lost);
      case 'sleep':
        return this.#timer(scope, path, milliseconds(step.for), 'sleep', from, limit);
      case 'beats':
        return this.#beats(scope, step, path, from, limit, lost);
      case 'scope':
        return this.#scope(scope, step, path, from, limit, lost);
    }
  }

  #call(scope: ModelScope, call: Commanding, path: string, from: number, limit: Limit): Settled {
    if (from >= limit.at) return rejected(from, limit.failure);
    const tries = this.#story.all('CommandIssued', path);
    const [first] = tries;
    if (!first) return this.#missing(scope, path, from, limit);
    this.#checkAtOnce(scope, path, from, first.index);
    const sight = { at: first.index, values: this.#values, before: this.#values.length };
    for (const [index, issued] of tries.entries()) {
      this.trail.accounted.add(issued.index);
      const answer = this.#story.answer(issued.n);
      this.trail.fates.push({ call, sight, id: this.#commandId(issued.n), mode: 'call', outcome: answer?.outcome });
      const givenUp = answer ? undefined : this.#story.givenUp(issued.n);
      if (givenUp) return this.#givenUp(call, first, issued, givenUp.index, limit);
      if (!answer || answer.index > limit.at) return this.#unanswered(call, issued, answer, limit);
      if (answer.outcome === 'failed' && answer.retryable === true && this.#retried(path, answer.index)) {
        const next = tries[index + 1];
        if (next && next.index < limit.at) continue;
        return limit.at < Infinity ? rejected(limit.at, limit.failure) : OPEN;
      }
      return this.#answered(call, first, issued, answer);
    }
    return OPEN;
  }

  /** A declared failure and a refusal are values of the step. */
  #dispatch(scope: ModelScope, { call, given }: Dispatch, path: string, from: number, limit: Limit): Settled {
    if (given === 'fits') {
      const { failure, ...settled } = this.#call(scope, call, path, from, limit);
      return failure?.startsWith('refused:') ? { ...settled, value: failure } : { ...settled, ...(failure !== undefined && { failure }) };
    }
    if (from >= limit.at) return rejected(from, limit.failure);
    const refused = this.#story.first('DispatchRefused', path);
    if (!refused) return this.#missing(scope, path, from, limit);
    this.trail.accounted.add(refused.index);
    this.#checkAtOnce(scope, path, from, refused.index);
    return fulfilled(refused.index, `turned-away:${refused.refused === given ? given : `${refused.refused} instead of ${given}`}`);
  }

  #retried(path: string, after: number): boolean {
    return this.#story.all('TimerSet', `${path}/retry`).some(({ index }) => index > after && this.#story.atOnce(after, index));
  }

  /** The outcome stayed unknown. A cancelled step no longer waits for it, any other step is rejected as exhausted. */
  #givenUp(call: Commanding, first: Issued, issued: Issued, at: number, limit: Limit): Settled {
    if (at > limit.at) return rejected(limit.at, limit.failure, [at]);
    const goesOn = call.kind === 'call' && call.verb === 'dare';
    if (undoable(call) && !goesOn) this.#problem(`${call.label} was given up, though it has an undo`);
    if (!this.#story.unknown(issued.n)) this.#checkPatience(call, first, at);
    return rejected(at, 'exhausted');
  }

  /** Rejected by the limit, or open without an end. A late success is undone as well (W4). */
  #unanswered(call: Commanding, issued: Issued, answer: Answered | undefined, limit: Limit): Settled {
    if (limit.at === Infinity) return OPEN;
    if (!undoable(call)) return rejected(limit.at, limit.failure, answer ? [answer.index] : []);
    if (!answer) return rejected(limit.at, limit.failure, [Infinity]);
    if (answer.outcome !== 'completed') return rejected(limit.at, limit.failure, [answer.index]);
    const item = { kind: 'command', order: answer.index, path: issued.path, id: this.#commandId(issued.n) } as const;
    return rejected(limit.at, limit.failure, [this.#undoing([item], answer.index)]);
  }

  #answered(call: Commanding, first: Issued, issued: Issued, answer: Answered): Settled {
    const { label, does } = call;
    const refuses = does.is === 'refuse' || (does.is === 'defer' && does.refuses);
    if (answer.outcome === 'completed') {
      if (refuses || does.is === 'forget') this.#problem(`${label} completed, but its service never completes it`);
      const item = { kind: 'command', order: answer.index, path: issued.path, id: this.#commandId(issued.n) } as const;
      this.trail.done.push(answer.index);
      return fulfilled(answer.index, `ok:${label}`, undoable(call) ? [item] : []);
    }
    if (answer.outcome === 'failed' && answer.retryable !== true) {
      if (!refuses) this.#problem(`${label} was refused, but its service never refuses it`);
      return rejected(answer.index, `refused:${label}`);
    }
    this.#checkPatience(call, first, answer.index);
    return rejected(answer.index, 'exhausted');
  }

  #checkPatience(call: Commanding, first: Issued, at: number): void {
    const waited = this.#story.clock(at) - this.#story.clock(first.index);
    const impatient = call.within !== undefined || call.attempts !== undefined || waited > 24 * HOUR_MS || this.#disturbed;
    if (!impatient) this.#problem(`${call.label} was given up after ${waited} ms`);
  }

  #wait(scope: ModelScope, wait: WaitForSignal, path: string, from: number, limit: Limit, lost: Limit): Settled {
    if (from >= limit.at) return rejected(from, limit.failure);
    const settled = this.#awaited(scope, wait, path, from, limit);
    const taken = this.#story.first('EventTaken', path);
    if (taken && taken.index < limit.at && !this.#putBack(path, limit) && lost.failure === LOST_RACE)
      this.#problem(`${path} lost its race, and its event ${taken.id} is not put back`);
    const got = taken && taken.index === settled.at ? { id: taken.id } : {};
    const tied = limit.at < Infinity && this.#story.atOnce(from, limit.at);
    if (!scope.loose && !tied) this.trail.waits.push({ signals: [wait.signal], path, from, until: settled.at, ...got });
    return settled;
  }

  #awaited(scope: ModelScope, wait: WaitForSignal, path: string, from: number, limit: Limit): Settled {
    const taken = this.#story.first('EventTaken', path);
    const timer = this.#story.first('TimerSet', `${path}/timeout`);
    if (timer) {
      this.trail.accounted.add(timer.index);
      if (wait.timeout === undefined) this.#problem(`${path} has a timer, but its wait has no timeout`);
      else this.#checkDue(path, timer.due, timer.index, milliseconds(wait.timeout));
    }
    if (taken && taken.index < limit.at) {
      this.trail.accounted.add(taken.index);
      return fulfilled(taken.index, `got:${taken.id}`);
    }
    if (wait.timeout !== undefined && !timer) return this.#missing(scope, path, from, limit);
    const fired = timer && this.#story.fired(timer.n);
    if (timer && !scope.loose) this.#checkAtOnce(scope, path, from, timer.index);
    if (fired && fired.index < limit.at) return fulfilled(fired.index, 'nothing');
    return limit.at < Infinity ? rejected(limit.at, limit.failure) : OPEN;
  }

  /** Whether the event of a wait was put back (W5). Only the limit of the wait does that. */
  #putBack(path: string, limit: Limit): boolean {
    const entry = this.#story.first('EventPutBack', path);
    if (!entry) return false;
    this.trail.accounted.add(entry.index);
    const atLimit = limit.at < Infinity && this.#story.atOnce(Math.min(limit.at, entry.index), Math.max(limit.at, entry.index));
    if (!atLimit) this.#problem(`the event ${entry.id} of ${path} is put back, and nothing has ended its wait`);
    return true;
  }

  /** Each turn of the loop is a wait at a path of its own. The timer of the end has the first path. */
  #each(scope: ModelScope, { signals, until, takes, act }: Each, from: number, limit: Limit) {
    const name = signals.map((signal) => `programs.${signal}`).join(' or ');
    const path = this.#next(scope, name);
    if (from >= limit.at) return { at: from, failure: limit.failure };
    const timer = this.#story.first('TimerSet', `${path}/timeout`);
    if (!timer) return this.#missing(scope, path, from, limit);
    this.trail.accounted.add(timer.index);
    this.#checkAtOnce(scope, path, from, timer.index);
    this.#checkDue(path, timer.due, timer.index, milliseconds(until));
    const over = this.#story.fired(timer.n)?.index ?? Infinity;
    const got: Json[] = ['each'];
    let at = from;
    for (let turn = 0; turn < takes; turn += 1) {
      const taken = this.#story.first('EventTaken', `${scope.path}${name}:${(scope.ordinals.get(name) ?? 0) + 1}`);
      if (over <= at && !taken) {
        this.#read(scope, { signals, path, from: at, until: at, before: over }, limit);
        return { at, value: got };
      }
      const place = this.#next(scope, name);
      if (at >= limit.at) return { at, failure: limit.failure };
      if (!taken || taken.index > limit.at) {
        if (over < limit.at) {
          this.#read(scope, { signals, path: place, from: at, until: over }, limit);
          return { at: over, value: got };
        }
        return limit.at < Infinity ? { at: limit.at, failure: limit.failure } : { at: Infinity };
      }
      this.trail.accounted.add(taken.index);
      this.#putBack(place, limit);
      this.#read(scope, { signals, path: place, from: at, until: taken.index, id: taken.id }, limit);
      got.push(taken.id);
      at = taken.index;
      if (!act) continue;
      const acted = this.#branch(scope, act, this.#place(scope, act), at, limit);
      this.#absorb(scope, acted);
      if (acted.failure !== undefined || acted.at === Infinity) return acted;
      got.push(acted.value as Json);
      at = acted.at;
    }
    return { at, value: got };
  }

  #read(scope: ModelScope, wait: Trail['waits'][number], limit: Limit): void {
    const tied = limit.at < Infinity && this.#story.atOnce(wait.from, limit.at);
    if (!scope.loose && !tied) this.trail.waits.push(wait);
  }

  /** Never settles by itself. A turn whose instant has passed is left out. */
  #every(outer: ModelScope, { period, act }: Every, path: string, from: number, limit: Limit, lost: Limit): Settled {
    const opened = this.#decided(outer, 'ScopeOpened', path, from);
    const scope = newScope(`${path}/`, outer.loose);
    const ms = milliseconds(period);
    let due = this.#story.clock(opened) + ms;
    let last: Settled = fulfilled(from, 'every');
    while (last.failure === undefined && last.at < Infinity) {
      last = this.#timer(scope, this.#next(scope, 'until'), due - this.#story.clock(last.at), 'every', last.at, limit);
      if (last.failure !== undefined || last.at === Infinity) break;
      if (act.kind === 'publish') this.#decided(scope, 'EventPublished', this.#next(scope, 'programs.said'), last.at);
      else {
        last = this.#branch(scope, act, this.#place(scope, act), last.at, limit);
        this.#absorb(scope, last);
      }
      if (last.at < Infinity) due += ms * (1 + Math.floor(Math.max(0, this.#story.clock(last.at) - due) / ms));
    }
    const body: Body = { at: last.at, values: [], returned: false, ...(last.failure !== undefined && { failure: last.failure }) };
    const settled = this.#close(scope, path, body, limit, this.#story.first('ScopeClosed', path)?.index, lost);
    return { ...settled, children: [settled.at] };
  }

  #timer(scope: ModelScope, path: string, ms: number, value: string, from: number, limit: Limit): Settled {
    if (from >= limit.at) return rejected(from, limit.failure);
    const timer = this.#story.first('TimerSet', path);
    if (!timer) return this.#missing(scope, path, from, limit);
    this.trail.accounted.add(timer.index);
    this.#checkAtOnce(scope, path, from, timer.index);
    this.#checkDue(path, timer.due, timer.index, ms);
    const fired = this.#story.fired(timer.n);
    if (fired && fired.index < limit.at) return fulfilled(fired.index, value);
    return limit.at < Infinity ? rejected(limit.at, limit.failure) : OPEN;
  }

  #checkDue(path: string, due: number, index: number, ms: number): void {
    const expected = this.#story.clock(index) + ms;
    if (due !== expected) this.#problem(`${path} is due at ${due} instead of ${expected}`);
  }

  #scope(outer: ModelScope, step: Scope, path: string, from: number, limit: Limit, lost: Limit): Settled {
    this.#decided(outer, 'ScopeOpened', path, from);
    const scope = newScope(`${path}/`, outer.loose);
    const body = this.#body(scope, step.body, from, limit);
    const settled = this.#close(scope, path, body, limit, this.#story.first('ScopeClosed', path)?.index, lost);
    return { ...settled, children: [settled.at] };
  }

  /** The sleeps run one after the other. The body swallows the rejection by a limit, and the scope still closes. */
  #beats(outer: ModelScope, { every, times }: Beats, path: string, from: number, limit: Limit, lost: Limit): Settled {
    this.#decided(outer, 'ScopeOpened', path, from);
    const scope = newScope(`${path}/`, outer.loose);
    let last: Settled = fulfilled(from, 'beats');
    for (let beats = 0; beats < times && last.failure === undefined && last.at < Infinity; beats += 1)
      last = this.#timer(scope, this.#next(scope, 'sleep'), milliseconds(every), 'beats', last.at, limit);
    const body: Body = { at: last.at, values: [], returned: false, ...(last.failure !== undefined && { failure: last.failure }) };
    const settled = this.#close(scope, path, body, limit, this.#story.first('ScopeClosed', path)?.index, lost);
    return { ...settled, children: [settled.at], ...(settled.failure === undefined && settled.at < Infinity && { value: 'beats' }) };
  }

  /** The end of a scope after its body has ended (W3). `lost`: the end of its race, which counts until the scope has closed. */
  #close(scope: ModelScope, path: string, body: Body, limit: Limit, closed: number | undefined, lost = NO_LIMIT): Settled {
    if (body.at === Infinity) return OPEN;
    const entry = closed === undefined ? undefined : this.#story.entries[closed];
    const tied = limit.at < Infinity && this.#story.atOnce(Math.min(body.at, limit.at), Math.max(body.at, limit.at));
    const met = tied && entry?.type === 'ScopeClosed' ? entry.status === 'cancelled' : limit.at <= body.at;
    const late = !met && body.failure === undefined && lost.at < (closed ?? Infinity);
    const cancelled = met || late;
    const failure = cancelled ? (late ? lost : limit).failure : body.failure;
    const over = [...scope.cleanups, ...scope.children];
    if (failure !== undefined) over.push(this.#undoing(scope.list, Math.max(body.at, ...over)));
    if (closed === undefined) {
      if (this.#ended && !over.includes(Infinity)) this.#problem(`the scope ${path || 'of the process'} never closed`);
      return OPEN;
    }
    for (const end of over) if (end > closed) this.#problem(`the scope ${path || 'of the process'} closed before the work in it had ended`);
    const status = cancelled ? 'cancelled' : failure === undefined ? 'fulfilled' : 'failed';
    if (entry?.type === 'ScopeClosed' && entry.status !== status)
      this.#problem(`the scope ${path} was ${entry.status} instead of ${status}`);
    if (failure !== undefined) return rejected(closed, failure);
    return fulfilled(closed, [...body.values], scope.list);
  }

  /** The place at which the undoing of these items ends, or Infinity if it has not ended. */
  #undoing(items: readonly Item[], from: number): number {
    let at = from;
    for (const item of items.toSorted((a, b) => b.order - a.order)) {
      const end = item.kind === 'command' ? this.#undone(item, at) : this.#compensated(item, at);
      if (end === Infinity) return Infinity;
      at = end;
    }
    return at;
  }

  #undone(item: Extract<Item, { kind: 'command' }>, from: number): number {
    const tries = this.#story.all('CommandIssued', `${item.path}/undo`).filter(({ undoes }) => undoes === item.id);
    this.trail.undone.add(item.id);
    for (const { index } of tries) {
      this.trail.accounted.add(index);
      if (index < from) this.#problem(`${item.path} was undone before a newer item`);
    }
    const done = tries.map(({ n }) => this.#story.answer(n)).find((answer) => answer?.outcome === 'completed');
    if (done) return done.index;
    if (this.#ended) this.#problem(`${item.path} was never undone`);
    return Infinity;
  }

  #compensated(item: Extract<Item, { kind: 'compensation' }>, from: number): number {
    const started = this.#story.first('CompensationStarted', `${item.path}/run:1`);
    if (!started) {
      if (this.#ended) this.#problem(`${item.path} was never compensated`);
      return Infinity;
    }
    this.trail.accounted.add(started.index);
    if (started.index < from) this.#problem(`${item.path} was compensated before a newer item was undone`);
    const body = this.#body(newScope(`${item.path}/run:1/`), item.body, started.index, NO_LIMIT);
    if (body.failure !== undefined) this.#problem(`the compensation ${item.path} ended ${body.failure}`);
    return body.at;
  }

  /** `Promise.all`: the first failure ends the body, and cancels the branches that are open. */
  #parallel(scope: ModelScope, branches: readonly Branch[], from: number, limit: Limit) {
    const places = branches.map((branch) => this.#place(scope, branch));
    const settle = (index: number, until: Limit): Settled =>
      this.#branch(scope, branches[index] as Branch, places[index] as Place, from, until);
    const first = this.#rehearse(() => branches.map((_branch, index) => settle(index, limit)));
    const failed = Math.min(Infinity, ...first.filter(({ failure }) => failure !== undefined).map(({ at }) => at));
    const after = nearer(limit, { at: failed, failure: 'cancelled:scope-failed' });
    const all = first.map(({ at }, index) => settle(index, at <= failed ? limit : after));
    for (const settled of all) this.#absorb(scope, settled);
    const failing = first.find(({ at, failure }) => failure !== undefined && at === failed);
    if (failing) return { at: failed, failure: failing.failure as string };
    return { at: Math.max(from, ...all.map(({ at }) => at)), value: all.map(({ value }) => value as Json) };
  }

  /** Walks without leaving a trail. */
  #rehearse<T>(walk: () => T): T {
    const { trail } = this;
    this.trail = newTrail();
    const result = walk();
    this.trail = trail;
    return result;
  }

  /** `begun`: the place at which each branch began, if it did not begin with the race. */
  #race(
    scope: ModelScope,
    { kind, branches }: Pick<Race, 'kind' | 'branches'>,
    place: RacePlace,
    from: number,
    limit: Limit,
    begun: readonly number[] = [],
  ): Settled {
    const won = this.#story.first('BranchWon', place.path);
    const lost: Limit = { at: won?.index ?? Infinity, failure: LOST_RACE };
    const winner = branches.findIndex((_branch, index) => branchName(index) === won?.winner);
    const all = branches.map((branch, index) => {
      const until = index === winner ? limit : nearer(limit, lost);
      return this.#branch(
        scope,
        branch,
        place.branches[index] as Place,
        begun[index] ?? from,
        until,
        won && index === winner ? NO_LIMIT : until,
      );
    });
    const losers = won ? all.filter((_settled, index) => index !== winner) : [];
    const kept = won ? all.filter((_settled, index) => index === winner) : all;
    const left = {
      items: kept.flatMap(({ items }) => items),
      cleanups: [
        ...all.flatMap(({ cleanups }) => cleanups),
        ...losers.filter(({ items }) => items.length > 0).map(({ items }) => this.#undoing(items, lost.at)),
      ],
      children: all.flatMap(({ children = [] }) => children),
    };
    if (!won) return { ...this.#nobodyWon(kind, all, from, limit), ...left };
    this.trail.accounted.add(won.index);
    return { ...this.#winner(scope, { kind, branches }, all, winner, from, won.index), ...left };
  }

  #winner(
    scope: ModelScope,
    { kind, branches }: Pick<Race, 'kind' | 'branches'>,
    all: readonly Settled[],
    index: number,
    from: number,
    at: number,
  ) {
    const winner = all[index];
    const name = `${scope.path}${kind}`;
    // A branch that settled before the race began wins it as soon as the race begins.
    if (!winner || winner.at > at || !this.#story.atOnce(Math.max(winner.at, from), at)) {
      if (!scope.loose) this.#problem(`${name} was won by ${branchName(index)}, which had not settled`);
      if (!winner) return { at, failure: 'nobody' };
    }
    if (kind === 'any' && winner.failure !== undefined) this.#problem(`${name} was won by ${branchName(index)}, which had failed`);
    // An inner race settles some turns after its winner. A branch that settles in the same activation may overtake it.
    const overtakes = (other: Settled): boolean => branches.some(isRace) && this.#story.atOnce(other.at, winner.at);
    const earlier = all.some((other) => other.at < winner.at && !overtakes(other) && (kind === 'race' || other.failure === undefined));
    if (earlier) this.#problem(`${name} was won by ${branchName(index)}, though another was first`);
    if (winner.failure !== undefined) return { at, failure: winner.failure };
    return { at, value: [branchName(index), winner.value as Json] };
  }

  #nobodyWon(kind: 'race' | 'any', all: readonly Settled[], from: number, limit: Limit) {
    const last = all.reduce((a, b) => (b.at >= a.at ? b : a));
    const allFailed = all.every(({ at, failure }) => at < Infinity && failure !== undefined);
    if (kind === 'any' && allFailed && (from >= limit.at || last.at < limit.at)) return { at: last.at, failure: last.failure as string };
    if (limit.at < Infinity) return { at: Math.max(from, limit.at), failure: limit.failure };
    if (all.some(({ at, failure }) => at < Infinity && (kind === 'race' || failure === undefined)))
      this.#problem(`a ${kind} has a branch that settled, and no winner`);
    return { at: Infinity };
  }

  /** One timer in two races. If it lost the first, the second is a bug of the process. */
  #again(scope: ModelScope, { first, second, after }: Extract<ProgramStep, { kind: 'again' }>, from: number, limit: Limit) {
    const late: Sleep = { kind: 'sleep', for: after };
    const timer = this.#place(scope, late);
    const race = (call: Call, since: number): Settled => {
      const branches = [this.#place(scope, call), timer];
      const place = { branches, path: this.#next(scope, 'race') };
      return this.#race(scope, { kind: 'race', branches: [call, late] }, place, since, limit, [since, from]);
    };
    const one = race(first, from);
    this.#absorb(scope, one);
    if (one.failure !== undefined || one.at === Infinity) return one;
    const [winner] = one.value as [string, Json];
    if (winner === branchName(0)) return this.#misused(one.at, limit);
    const two = race(second, one.at);
    this.#absorb(scope, two);
    if (two.failure !== undefined || two.at === Infinity) return two;
    return { at: two.at, value: ['again', winner, (two.value as [string, Json])[0]] };
  }

  /** A limit that came before rejects the step. Otherwise the instance is stuck. */
  #misused(from: number, limit: Limit): { readonly at: number; readonly failure?: string } {
    if (from >= limit.at) return { at: limit.at, failure: limit.failure };
    this.trail.misused = true;
    return { at: Infinity };
  }

  #undo(scope: ModelScope, target: readonly Item[] | undefined, from: number) {
    const requested = this.#decided(scope, 'UndoRequested', this.#next(scope, 'undo'), from);
    scope.loose = true;
    const items = target ? scope.list.filter((item) => target.includes(item)) : scope.list;
    scope.list = scope.list.filter((item) => !items.includes(item));
    const end = this.#undoing(items, Math.max(requested, ...scope.cleanups));
    scope.cleanups.push(end);
    return { at: end, value: 'undo' };
  }

  #withdraw(scope: ModelScope, { call, after }: Extract<ProgramStep, { kind: 'withdraw' }>, from: number, limit: Limit) {
    const path = this.#path(scope, call);
    const slept = this.#branch(scope, { kind: 'sleep', for: after } satisfies Sleep, this.#next(scope, 'sleep'), from, limit);
    if (slept.failure !== undefined || slept.at === Infinity) {
      this.#absorb(scope, this.#call(scope, call, path, from, limit));
      return slept;
    }
    const requested = this.#decided(scope, 'UndoRequested', this.#next(scope, 'undo'), slept.at);
    const settled = this.#call(scope, call, path, from, nearer(limit, { at: requested, failure: 'cancelled:requested' }));
    scope.loose = true;
    scope.cleanups.push(...settled.cleanups);
    const end = this.#undoing(settled.items, Math.max(requested, ...scope.cleanups));
    scope.cleanups.push(end);
    return { at: end, value: ['withdrawn', settled.failure ?? (settled.value as Json)] };
  }

  #send(scope: ModelScope, call: Call, from: number): void {
    const path = this.#path(scope, call);
    const tries = this.#story.all('CommandIssued', path);
    if (tries[0]) this.#checkAtOnce(scope, path, from, tries[0].index);
    else this.#problem(`${path} was never sent`);
    for (const { index, n } of tries) {
      this.trail.accounted.add(index);
      const sight = { at: index, values: [], before: 0 };
      this.trail.fates.push({ call, sight, id: this.#commandId(n), mode: 'send', outcome: this.#story.answer(n)?.outcome });
    }
  }

  /** A decision without a wait must be in the journal at once. Returns its place. */
  #decided(scope: ModelScope, type: JournalEntry['type'], path: string, from: number): number {
    const entry = this.#story.first(type, path);
    if (!entry) {
      this.#problem(`${type} ${path} is missing`);
      return from;
    }
    this.trail.accounted.add(entry.index);
    this.#checkAtOnce(scope, path, from, entry.index);
    return entry.index;
  }

  #checkAtOnce(scope: ModelScope, path: string, from: number, index: number): void {
    if (!scope.loose && !this.#story.atOnce(from, index)) this.#problem(`${path} did not begin when the step before it had settled`);
  }

  /** The order of deliveries decides which step begins within one activation, and the journal does not contain that order. */
  #missing(scope: ModelScope, path: string, from: number, limit: Limit): Settled {
    if (limit.at < Infinity && (scope.loose || this.#story.atOnce(from, limit.at))) return rejected(limit.at, limit.failure);
    this.#problem(`${path} was never begun`);
    return OPEN;
  }

  #problem(text: string): void {
    this.trail.problems.push(text);
  }
}
