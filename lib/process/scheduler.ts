import { SCHEDULE_DEFINED, listedId, occurrenceId, specHash, type ScheduleDefinition } from '../contract/schedule-instance.ts';
import { calendarText } from '../contract/calendar.ts';
import { frozen, type Schema } from '../contract/schema.ts';
import { SCHEDULED_MAX } from '../contract/schedule.ts';
import type { Overlap, ScheduleContract, ScheduledAt, ScheduleSpec } from '../contract/runtime-contract.ts';
import { buildPid, INSTANCE_ID_FORM, parsePid, type InstanceKey } from '../contract/wire/process-id.ts';
import { refuse } from '../core/bug.ts';
import { CHILD, startSchema } from '../core/children.ts';
import { endAsContinued } from '../core/continuing.ts';
import { issueEngineCommand } from '../core/engine-commands.ts';
import { resolveOutcome } from '../core/issue.ts';
import { changeView } from '../core/effects.ts';
import { endProcess } from '../core/ending.ts';
import type { FrontEnd } from '../core/front-end.ts';
import { identityOf } from '../core/identity.ts';
import { journal, sending } from '../core/journal.ts';
import type { RecordedFact, TimeDecision } from '../core/journal-entry.ts';
import type { ProcessRun } from '../core/run.ts';
import {
  COUNTED_MAX,
  instanceEnded,
  jitterOf,
  type Scheduled,
  type ScheduleState,
  scheduleEnded,
  timesAsked,
  timesCame,
  timesPaused,
  manyPassed,
  type WaitingTime,
} from '../core/scheduling.ts';
import { clearNamedTimer, setNamedTimer } from '../core/timers.ts';
import type { Calendar } from '../ports/calendar.ts';
import type { Occurrence } from '../contract/schedule.ts';
import { asCodeOf, type CodeStorage } from './running-code.ts';

/** The messages of a schedule, as the events of its instance. */
export type ScheduleEvent =
  | { readonly act: 'define'; readonly spec: ScheduleSpec; readonly origin: 'system' | 'client' }
  /** `continue`: the first event of a run that continues another. */
  | { readonly act: 'pause' | 'resume' | 'delete' | 'continue' }
  | { readonly act: 'trigger'; readonly overlap?: Overlap }
  | { readonly act: 'backfill'; readonly from: number; readonly to: number; readonly overlap?: Overlap };

type Told = ScheduleEvent & { readonly by: string; readonly reason: string };

/** A schedule that the code lacks may be in a deploy, which is over by then (docs/protocol.md#schedules). */
const UNLISTED_MS = 15 * 60_000;
const TIMER = 'next';
/** A fifth of the entries that a journal may hold. */
const CONTINUED_AT = 10_000;

/**
 * The front end of the instance of a schedule: asks the calendar of the host for its times, lets lib/core/scheduling.ts decide about them, and
 * executes the decisions. Input: a fact of the instance. Output: entries, timers and starts of its run.
 */
export class Scheduler implements FrontEnd {
  readonly #storage: CodeStorage;
  readonly #calendar: Calendar;
  readonly #run: ProcessRun;
  readonly #definition: ScheduleDefinition;

  constructor(host: { readonly storage: CodeStorage; readonly calendar: Calendar }, run: ProcessRun, definition: ScheduleDefinition) {
    this.#storage = host.storage;
    this.#calendar = host.calendar;
    this.#run = run;
    this.#definition = definition;
  }

  async advance(fact: RecordedFact): Promise<void> {
    const run = this.#run;
    if (run.ended) return;
    await this.#apply(fact);
    if (run.position >= CONTINUED_AT && !run.ended && !run.bug && this.#state) this.#continue();
  }

  /** Goes on in a new run, so that the journal never grows to its limit. State, counts and running instances move. */
  #continue(): void {
    const passed = { schema: this.#definition.view as Schema, value: { act: 'continue' }, what: 'a schedule was continued with' };
    endAsContinued(this.#run, { passed, definition: this.#definition, event: SCHEDULE_DEFINED });
  }

  async #apply(fact: RecordedFact): Promise<void> {
    const run = this.#run;
    // Paths count within one call, as those of a decider.
    run.root.ordinals.clear();
    switch (fact.type) {
      case 'ProcessStarted':
      case 'EventReceived':
        return this.#told(fact.data as unknown as Told);
      case 'TimerFired':
        return this.#timesCame();
      case 'CommandAnswered':
        return this.#instanceEnded(fact.n);
      case 'CancelRequested':
        return this.#end();
      default:
        return undefined;
    }
  }

  #instanceEnded(n: number): void {
    const state = this.#state;
    if (state?.running.some((each) => each.n === n)) this.#store(this.#do(instanceEnded(state, n)));
  }

  get #state(): ScheduleState | undefined {
    return this.#run.image.view?.data as unknown as ScheduleState | undefined;
  }

  get #name(): string {
    return this.#run.image.pid.slice(this.#run.image.pid.lastIndexOf('#') + 1);
  }

  get #now(): number {
    return this.#run.image.clock;
  }

  async #told(told: Told): Promise<void> {
    if (told.act === 'define') return this.#define(told);
    const state = this.#state;
    if (!state) return undefined;
    switch (told.act) {
      case 'continue':
        return this.#arm(state);
      case 'pause': {
        if (state.paused) return undefined;
        clearNamedTimer(this.#run, TIMER);
        const { next: _next, ...rest } = await this.#decideDue(state);
        return this.#store({ ...rest, paused: { since: this.#now, by: told.by, reason: told.reason } });
      }
      case 'resume':
        return state.paused ? this.#resume(state) : undefined;
      case 'trigger': {
        const time = { at: this.#now, local: await this.#calendar.local(state.spec.zone, this.#now) };
        return this.#store(this.#do(timesAsked(state, [time], told.overlap ?? state.spec.overlap)));
      }
      case 'backfill': {
        const range = { after: told.from - 1, until: told.to, most: SCHEDULED_MAX };
        const times = await this.#calendar.occurrences(state.spec, range);
        return this.#store(this.#do(timesAsked(state, times, told.overlap ?? 'queue-all')));
      }
      case 'delete':
        return this.#end();
    }
  }

  /** Begins the schedule, or continues it with other times: what has come until now is decided by the old ones. */
  async #define({ spec, origin }: Extract<ScheduleEvent, { act: 'define' }>): Promise<void> {
    const before = this.#state;
    const hash = this.#hashOf(spec);
    if (!before) {
      const empty = { running: [], waiting: [], started: 0, skipped: 0, missed: 0 };
      return this.#arm({ name: this.#name, spec, hash, origin, covered: this.#now, ...empty });
    }
    if (before.hash !== hash) this.#forgetListed(before);
    const { unlisted: _unlisted, ...state } = before.hash === hash || before.paused ? before : await this.#decideDue(before);
    return this.#arm({ ...state, spec, hash, origin });
  }

  async #resume({ paused: _paused, ...state }: ScheduleState): Promise<void> {
    const times = await this.#calendar.occurrences(state.spec, { after: state.covered, until: this.#now, most: COUNTED_MAX });
    return this.#arm({ ...this.#do(timesPaused(state, times, times.length === COUNTED_MAX)), covered: this.#now });
  }

  /** The timer has fired: decides the times that have come, by the definition that the code lists now. */
  async #timesCame(): Promise<void> {
    const state = this.#state;
    if (!state || state.paused) return undefined;
    const listed = this.#listed(state);
    if (state.origin === 'system' && !listed) return this.#notListed(state);
    const { unlisted: _unlisted, ...found } = state;
    return this.#arm(await this.#decideDue(this.#withCode(found, listed)));
  }

  #listed({ origin, name }: ScheduleState): ScheduleContract | undefined {
    return origin === 'system' ? this.#definition.schedules.get(name) : undefined;
  }

  /** The definition has changed: it counts from the time that has come now. */
  #withCode(state: ScheduleState, listed: ScheduleContract | undefined): ScheduleState {
    const hash = listed && this.#hashOf(listed.spec);
    if (!listed || !hash || hash === state.hash) return state;
    this.#forgetListed(state);
    journal(this.#run, { type: 'ScheduleChanged', path: '', hash, rule: calendarText(listed.spec) });
    return { ...state, spec: listed.spec, hash, covered: Math.max(state.covered, (state.next?.at ?? this.#now) - 1) };
  }

  #notListed(state: ScheduleState): void {
    const { unlisted = this.#now } = state;
    if (this.#now - unlisted >= UNLISTED_MS) return this.#end();
    setNamedTimer(this.#run, TIMER, unlisted + UNLISTED_MS, true);
    return this.#store({ ...state, unlisted });
  }

  /** The state after the times that have come are decided. */
  async #decideDue(state: ScheduleState): Promise<ScheduleState> {
    const { spec, next } = state;
    // With jitter, a time comes with its own delay: the next one has come, and of the later ones those whose longest delay is over.
    const until = spec.jitterMs === 0 ? this.#now : Math.max(this.#now - spec.jitterMs, next && next.due <= this.#now ? next.at : 0);
    if (until <= state.covered) return state;
    const times = await this.#calendar.occurrences(spec, { after: state.covered, until, most: COUNTED_MAX, gaps: true });
    if (times.length < COUNTED_MAX) return { ...this.#do(timesCame(state, times, this.#now)), covered: until };
    const recent = await this.#recent(spec, until);
    const passed = this.#do(manyPassed(state, times, recent));
    return { ...this.#do(timesCame(passed, recent, this.#now)), covered: until };
  }

  /** The last times up to `until`, as many as a catch-up starts, from a span that is doubled until it holds them. */
  async #recent(spec: ScheduleSpec, until: number): Promise<readonly Occurrence[]> {
    for (let span = 3_600_000; ; span *= 2) {
      const times = await this.#calendar.occurrences(spec, { after: until - span, until, most: COUNTED_MAX });
      if (times.length > SCHEDULED_MAX || span > spec.withinMs) return times.slice(-SCHEDULED_MAX);
    }
  }

  /** Sets the timer of the next time, and stores the state. */
  async #arm({ next: _next, ...state }: ScheduleState): Promise<void> {
    const { spec, paused } = state;
    if (paused) return this.#store(state);
    const [next] = await this.#calendar.occurrences(spec, { after: state.covered, most: 1 });
    if (!next) return this.#store(state);
    const id = occurrenceId(state.name, next.local, spec.zone);
    const due = next.at + jitterOf(this.#run.environment.hash, id, spec.jitterMs);
    setNamedTimer(this.#run, TIMER, due, true);
    return this.#store({ ...state, next: { ...next, due } });
  }

  #end(): void {
    const state = this.#state;
    if (state) this.#forgetListed(state);
    if (state) this.#store(this.#do(scheduleEnded(state)));
    endProcess(this.#run, undefined, null);
  }

  #store(state: ScheduleState): void {
    changeView(this.#run, this.#run.root, {
      schema: this.#definition.view!,
      value: state,
      what: `the state of the schedule ${state.name}`,
    });
  }

  /** Executes decisions. Returns the state with the instances that were started. */
  #do({ state, acts }: Scheduled): ScheduleState {
    const running = [...state.running];
    for (const act of acts) {
      switch (act.kind) {
        case 'decided':
          this.#journal(act.decision);
          break;
        case 'start':
          running.push({ n: this.#start(state, act.time, act.id), id: act.id });
          break;
        case 'cancel':
          this.#cancel(act.n);
      }
    }
    return { ...state, running };
  }

  #journal({ local, ...decision }: TimeDecision): void {
    journal(this.#run, { type: 'TimeDecided', path: local, ...decision });
  }

  /** Starts an instance as a child: it replies at its end. Returns the number of the command. */
  #start(state: ScheduleState, time: WaitingTime, id: string): number {
    const run = this.#run;
    const { process } = state.spec;
    const { tenant } = parsePid(run.image.pid) as InstanceKey;
    const owner = buildPid(tenant, process, id);
    const definition = run.environment.processes?.get(process)?.[0];
    if (!definition || owner === undefined)
      return refuse(
        run,
        'POISON',
        definition
          ? `The schedule ${state.name} cannot start ${id}: expected ${INSTANCE_ID_FORM}.`
          : `The schedule ${state.name} starts the process ${process}, which the system ${run.environment.system} does not list.`,
      );
    const path = `${time.local}/start`;
    const passed = {
      schema: startSchema(definition),
      value: this.#inputOf(state, time, id),
      what: `${process} was started by the schedule ${state.name} with`,
    };
    return issueEngineCommand(run, { name: CHILD, owner, path, input: sending(run, 'CommandIssued', path, passed), mode: 'send' }).n;
  }

  /** Cancels a running instance: its command is settled, so its reply comes after it has undone its steps. */
  #cancel(n: number): void {
    const command = this.#run.image.commands.get(n);
    if (command && !command.settling) resolveOutcome(this.#run, command, 'cancelled');
  }

  /** The input of a start: that of the code for a schedule of the system, the stored one for a schedule of a client. */
  #inputOf(state: ScheduleState, time: WaitingTime, id: string): unknown {
    const { input } = this.#definition.schedules.get(state.name) ?? {};
    if (state.origin === 'client' || !input) return state.spec.input ?? null;
    const [day, clock] = time.local.split('T') as [string, string];
    const at = { id, day, time: clock.slice(0, 5), zone: state.spec.zone, instant: new Date(time.at).toISOString() };
    return asCodeOf(this.#storage, { run: this.#run, scope: this.#run.root }, () => input(frozen(at) as ScheduledAt));
  }

  #hashOf(spec: ScheduleSpec): string {
    const { hash, canonical } = this.#run.environment;
    return specHash(hash, canonical, spec);
  }

  /** The code may list the schedule again with these times: the event that tells it must not be a duplicate then. */
  #forgetListed({ hash }: ScheduleState): void {
    const { image, environment } = this.#run;
    const identity = identityOf(environment.hash, { pid: image.pid, event: SCHEDULE_DEFINED, id: listedId(hash) });
    image.signals = image.signals.filter(({ id }) => id !== identity);
  }
}
