import { commandContract, type AnyCommand } from '../contract/command.ts';
import { milliseconds, type Duration } from '../contract/duration.ts';
import { isCommandFailed, ProcessFailed } from '../contract/errors.ts';
import { eventContract, type AnyEvent } from '../contract/event.ts';
import { calendarText, isCalendarRule, type CalendarRule } from '../contract/calendar.ts';
import { instantOf } from '../contract/instant.ts';
import { retryPolicy, runTimeoutMs } from '../contract/retry-policy.ts';
import type { CommandContract, CorrelationContract } from '../contract/runtime-contract.ts';
import type { LogFields, LogLevel } from '../contract/logged.ts';
import { nothingSchema } from '../contract/schema.ts';
import { keyFault } from '../contract/keys.ts';
import { JsonFault, plainJson, type Json } from '../contract/wire/json.ts';
import { serviceContract, type AnyService } from '../contract/service.ts';
import { steps, STEPS } from '../contract/steps.ts';
import { isOpen, requested } from '../core/journal.ts';
import { processContract, type AnyProcess } from '../contract/process-contract.ts';
import { refuse } from '../core/bug.ts';
import { detachStep, startChild } from '../core/children.ts';
import { dispatchCommand } from '../core/dispatch.ts';
import { isWindowed } from '../contract/gate.ts';
import { continueAsNew } from '../core/continuing.ts';
import { answerEvent, changeView, issuePublish, log, tag } from '../core/effects.ts';
import { JOURNAL_ENTRIES_SUGGESTED } from '../core/image.ts';
import { takesChange } from '../core/labels.ts';
import { callCommand, listedContract, runStep, sendCommand } from '../core/issue.ts';
import {
  cancellation,
  idSeenBy,
  originOf,
  type CallPolicy,
  type EachLoop,
  type ProcessRun,
  type Scope,
  type StepState as CoreStep,
} from '../core/run.ts';
import { endBody, openScope, pivot } from '../core/scopes.ts';
import { SeededRandom } from '../core/seeded-random.ts';
import { sleep } from '../core/timers.ts';
import { requestUndo } from '../core/undo-request.ts';
import { registerCompensation } from '../core/undoing.ts';
import { endOfLoop, leaveLoop, nextTurn, waitFor } from '../core/waits.ts';
import type { CallOptions, DispatchOptions, MapOptions, Step } from './context.ts';
import {
  asCodeOf,
  asOtherCode,
  refuseUnawaited,
  type CodeStorage,
  runBody,
  type RunningCode,
  stepOf,
  stepPromise,
  unsettled,
} from './running-code.ts';
import type { RunOptions } from './run-options.ts';
import type { AsyncDefinition } from './process.ts';
import { mapOver, windowOf, type MapBody } from './map.ts';
import { openRace } from './race.ts';

/** The message that started the run, its data parsed. */
export interface ReceivedStart {
  readonly type: string;
  readonly data: unknown;
  readonly id: string;
  readonly source: string;
  readonly subject?: string;
  readonly time: string;
}

interface Keyed {
  readonly key: string;
  readonly deliver: 'first' | undefined;
}

/** `ctx` of one scope at run time. Each method sends its request to the core and returns the promise of the step. */
export class ProcessContext {
  readonly id: string;
  readonly start: ReceivedStart;
  readonly #storage: CodeStorage;
  readonly #run: ProcessRun;
  readonly #definition: AsyncDefinition;
  /** The scope of the body that received this `ctx`. */
  readonly #own: Scope;
  #random: SeededRandom | undefined;
  #seed = '';

  constructor(storage: CodeStorage, { run, scope }: RunningCode, definition: AsyncDefinition, start: ReceivedStart) {
    this.id = idSeenBy(run);
    this.start = start;
    this.#storage = storage;
    this.#run = run;
    this.#definition = definition;
    this.#own = scope;
  }

  get runName(): string {
    return originOf(this.#run).run;
  }

  get errors(): AsyncDefinition['throws'] {
    this.#run.environment.steps?.refuse('ctx.errors', ': throw task.fail(reason) there');
    return this.#definition.throws;
  }

  call(command: AnyCommand, input: unknown, options?: CallOptions): Step<unknown> {
    return this.#call(command, input, options, false);
  }

  try(command: AnyCommand, input: unknown, options?: CallOptions): Step<unknown> {
    return this.#call(command, input, options, true);
  }

  #call(command: AnyCommand, input: unknown, options: CallOptions | undefined, returnsFailure: boolean): Step<unknown> {
    const scope = this.#takes(returnsFailure ? 'try' : 'call');
    if (!scope) return unsettled();
    const contract = listedContract(this.#run, commandContract(command));
    this.#refuseSteps(contract.service, `${contract.name} was called`);
    const passed = { schema: contract.input, value: input, what: `${contract.name} was called with` };
    const policy = policyOf(contract, options, returnsFailure);
    return this.#promise(this.#asOther(() => callCommand(this.#run, scope, { contract, passed, policy })));
  }

  dispatch(
    service: AnyService,
    call: { readonly name: unknown; readonly input: unknown },
    { only, ...options }: DispatchOptions<string> = {},
  ): Step<unknown> {
    const scope = this.#takes('dispatch');
    if (!scope) return unsettled();
    const contract = serviceContract(service);
    this.#refuseSteps(contract.name, `A command of ${contract.name} was dispatched`);
    const { name, input } = call;
    const policy = (contract: CommandContract): CallPolicy => ({ ...policyOf(contract, options, true), dispatched: true });
    const dispatched = { service: contract, only, name, input, policyOf: policy };
    const step = this.#asOther(() => dispatchCommand(this.#run, scope, dispatched));
    return stepPromise(step, this.#run.environment.checks, step.kind === 'call' ? dispatchedValue(step.command) : undefined);
  }

  run(name: string, body: unknown, options: LooseRun = {}): Step<unknown> {
    const scope = this.#takes('run');
    if (!scope) return unsettled();
    if (typeof body !== 'function')
      refuse(this.#run, 'POISON', `ctx.run(${JSON.stringify(name)}) was given no function: expected async (task) => ….`);
    if (name === '') refuse(this.#run, 'POISON', 'ctx.run was given an empty name: expected a name of the step, such as charge.');
    const contract = listedContract(this.#run, commandContract(options.effect === 'once' ? steps.once : steps.run));
    const policy = this.#read(() => runPolicy(contract, options));
    const step = runStep(this.#run, scope, name, { contract, policy });
    this.#run.environment.steps?.add(step.path, { body, undo: options.undo });
    return this.#promise(step);
  }

  send(command: AnyCommand, input: unknown): void {
    const scope = this.#takes('send');
    if (!scope) return;
    const contract = listedContract(this.#run, commandContract(command));
    this.#refuseSteps(contract.service, `${contract.name} was sent`);
    const passed = { schema: contract.input, value: input, what: `${contract.name} was sent with` };
    this.#asOther(() => sendCommand(this.#run, scope, contract, passed));
  }

  /** Only `ctx.run` makes commands of the built-in service: its runner needs the function that `ctx.run` was given. */
  #refuseSteps(service: string, what: string): void {
    if (service === STEPS) refuse(this.#run, 'POISON', `${what}: expected ctx.run(name, async (task) => …).`);
  }

  sleep(duration: Duration): Step<unknown> {
    const scope = this.#takes('sleep');
    if (!scope) return unsettled();
    return this.#promise(sleep(this.#run, scope, 'sleep', this.#run.image.clock + this.#read(() => milliseconds(duration))));
  }

  until(instant: string | Date | CalendarRule): Step<unknown> {
    const scope = this.#takes('until');
    if (!scope) return unsettled();
    return this.#promise(
      sleep(
        this.#run,
        scope,
        'until',
        this.#read(() => this.#whenOf(instant)),
      ),
    );
  }

  waitFor(
    event: AnyEvent,
    options: { readonly match?: (data: never) => boolean; readonly timeout?: Duration; readonly key?: string } = {},
  ): Step<unknown> {
    const scope = this.#takes('waitFor');
    if (!scope) return unsettled();
    const received = this.#received(event);
    const events = [received.event.type];
    const by = this.#keyOf(received, options.key);
    const timeoutMs = options.timeout === undefined ? undefined : this.#read(() => milliseconds(options.timeout as Duration));
    return this.#promise(waitFor(this.#run, scope, { events, match: this.#matchOf(scope, options.match), timeoutMs, by }));
  }

  /** The correlation of an event that the process receives. */
  #received(event: AnyEvent): CorrelationContract {
    const { type } = eventContract(event);
    const { startOn, receives, name } = this.#definition;
    const received = [...startOn, ...receives].find((correlation) => correlation.event.type === type);
    return received ?? refuse(this.#run, 'POISON', `${name} waits for ${type}, which neither its receives nor its startOn lists.`);
  }

  /** The key of a wait for an event by key; undefined for an event by id. */
  #keyOf({ by, event: { type }, deliver }: CorrelationContract, key: string | undefined): Keyed | undefined {
    const { name } = this.#definition;
    if (by === 'id') {
      if (key === undefined) return undefined;
      return refuse(
        this.#run,
        'POISON',
        `${name} waits for ${type} with a key, but receives it by id: leave out the key, or receive it with byKey.`,
      );
    }
    if (key === undefined)
      return refuse(this.#run, 'POISON', `${name} waits for ${type}, which it receives by key: pass { key } to ctx.waitFor.`);
    const fault = keyFault(key);
    if (fault !== undefined) return refuse(this.#run, 'POISON', `${name} waits for ${type} with a key that is not valid: ${fault}.`);
    return { key, deliver };
  }

  #receivedById(event: AnyEvent): string {
    const { by, event: received } = this.#received(event);
    if (by === 'id') return received.type;
    return refuse(
      this.#run,
      'POISON',
      `${this.#definition.name} loops over ${received.type}, which it receives by key: use ctx.waitFor with its key.`,
    );
  }

  each(events: readonly AnyEvent[], { until }: { readonly until?: string | Date | CalendarRule } = {}): AsyncIterable<unknown> {
    return { [Symbol.asyncIterator]: () => this.#loop(events, until) };
  }

  /** `for await` calls `return` if its body breaks, returns or throws. */
  #loop(events: readonly AnyEvent[], until: string | Date | CalendarRule | undefined): AsyncIterator<unknown, undefined> {
    const scope = this.#takes('each');
    if (!scope) return { next: () => unsettled() };
    const types = [...new Set(events.map((event) => this.#receivedById(event)))];
    if (types.length === 0) refuse(this.#run, 'POISON', `${this.#definition.name} waits for each of no events: name one.`);
    const end = until === undefined ? undefined : endOfLoop(this.#run, scope, types, this.#endOf(until));
    if (end) void this.#promise(end);
    const loop: EachLoop = { events: types, end };
    const over = { done: true, value: undefined } as const;
    return {
      next: async () => {
        const here = this.#takes('each');
        if (!here) return unsettled();
        const turn = nextTurn(this.#run, here, loop);
        const message = turn && (await this.#promise(turn));
        return message === undefined ? over : { done: false, value: message };
      },
      return: async () => {
        if (requested(this.#run, 'each')) leaveLoop(this.#run, loop);
        return over;
      },
    };
  }

  #endOf(until: string | Date | CalendarRule): number | CalendarRule {
    const isDuration = typeof until === 'string' && !until.includes('T');
    return this.#read(() => (isDuration ? this.#run.image.clock + milliseconds(until as Duration) : this.#whenOf(until)));
  }

  every(period: Duration, act: (n: number) => unknown): Step<unknown> {
    const ms = this.#read(() => milliseconds(period));
    if (ms === 0) refuse(this.#run, 'POISON', `${this.#definition.name} does something every "${period}": expected a longer period.`);
    return this.#scoped('every', 'every', async (ctx) => {
      let due = ctx.now().getTime() + ms;
      for (let n = 1; ; n += 1) {
        await ctx.until(new Date(due));
        await act(n);
        // A turn whose instant has passed in the meantime is left out.
        due += ms * (1 + Math.floor(Math.max(0, ctx.now().getTime() - due) / ms));
      }
    });
  }

  continueAsNew(input: unknown, { version }: { readonly version?: unknown } = {}): Step<unknown> {
    const scope = this.#takes('continueAsNew');
    if (!scope) return unsettled();
    const run = this.#run;
    const { name } = this.#definition;
    if (version !== undefined && version !== 'newest')
      refuse(run, 'POISON', `${name} was continued with the version ${JSON.stringify(version)}: expected 'newest', or no version.`);
    if (isWindowed(run.definition)) refuse(run, 'POISON', `${name} gets the starts of a window: it cannot continue as new.`);
    refuseUnawaited(run, scope);
    const definition = (version === 'newest' ? run.environment.processes?.get(name)?.[0] : undefined) ?? run.definition;
    const start = definition.startOn.find((each) => each.event.type === this.start.type) ?? definition.startOn[0];
    const schema = start?.event.data ?? definition.input ?? nothingSchema;
    const passed = { schema, value: input, what: `${name} was continued with` };
    const step = this.#asOther(() => continueAsNew(run, scope, { passed, definition, event: this.start.type }));
    if (step.status !== 'open') return this.#promise(step);
    endBody(run, scope, { status: 'fulfilled', value: undefined });
    return unsettled();
  }

  get suggestsContinuing(): boolean {
    this.#run.environment.steps?.refuse('ctx.suggestsContinuing');
    isOpen(this.#run, 'read ctx.suggestsContinuing');
    return this.#run.position >= JOURNAL_ENTRIES_SUGGESTED;
  }

  race(branches: Readonly<Record<string, Step<unknown>>>): Step<unknown> {
    const scope = this.#takes('race');
    return scope ? openRace(this.#run, scope, 'race', branches) : unsettled();
  }

  any(branches: Readonly<Record<string, Step<unknown>>>): Step<unknown> {
    const scope = this.#takes('any');
    return scope ? openRace(this.#run, scope, 'any', branches) : unsettled();
  }

  scope(label: string, body: (ctx: ProcessContext) => Promise<unknown>, { shielded }: { readonly shielded?: boolean } = {}): Step<unknown> {
    return this.#scoped('scope', label, body, shielded);
  }

  map(items: readonly unknown[], body: MapBody<ProcessContext>, options: MapOptions = {}): Step<unknown> {
    const window = this.#read(() => windowOf(items, options));
    return this.#scoped('map', 'map', (ctx) => {
      const scope = {
        open: (label: string, item: (ctx: ProcessContext) => Promise<unknown>) => ctx.scope(label, item),
        isCancelled: () => cancellation(ctx.#own) !== undefined,
      };
      return mapOver(scope, { ...window, body });
    });
  }

  #scoped(method: string, label: string, body: (ctx: ProcessContext) => Promise<unknown>, shielded?: boolean): Step<unknown> {
    const scope = this.#takes(method);
    if (!scope) return unsettled();
    const step = openScope(this.#run, scope, label, shielded);
    const promise = this.#promise(step);
    if (step.status !== 'open') return promise;
    const code = { run: this.#run, scope: step.child };
    const ctx = new ProcessContext(this.#storage, code, this.#definition, this.start);
    runBody(this.#storage, code, () => body(ctx));
    return promise;
  }

  undo(promise?: Step<unknown>): Step<unknown> {
    const scope = this.#takes('undo');
    if (!scope) return unsettled();
    const target = promise && stepOf(promise);
    if (promise && !target) return refuse(this.#run, 'POISON', 'ctx.undo was given something that is not a step.');
    return this.#promise(requestUndo(this.#run, scope, target));
  }

  fail(reason: string, data?: Json): ProcessFailed {
    this.#run.environment.steps?.refuse('ctx.fail', ': throw task.fail(reason) there');
    const { name } = this.#definition;
    const plain = plainJson(data === undefined ? { reason } : { reason, data });
    if (plain instanceof JsonFault)
      return refuse(this.#run, 'POISON', `${name} fails with a value that is not JSON at ${plain.path.join('.')}: ${plain.reason}.`);
    return new ProcessFailed({ process: name, type: 'Other', data: plain, message: reason });
  }

  child(process: AnyProcess, input: unknown, { id }: { readonly id?: string } = {}): Step<unknown> {
    const scope = this.#takes('child');
    if (!scope) return unsettled();
    const request = { definition: processContract(process), input, id };
    return this.#promise(this.#asOther(() => startChild(this.#run, scope, request)));
  }

  detach(promise: Step<unknown>): void {
    if (this.#takes('detach')) detachStep(this.#run, stepOf(promise));
  }

  compensate(label: string, body: (ctx: ProcessContext, failure: unknown) => Promise<unknown>): void {
    const scope = this.#takes('compensate');
    if (!scope) return;
    registerCompensation(this.#run, scope, label, body);
  }

  pivot(): void {
    const scope = this.#takes('pivot');
    if (!scope) return;
    pivot(this.#run, scope);
  }

  publish(event: AnyEvent, data: unknown): void {
    const scope = this.#takes('publish');
    if (!scope) return;
    const { type } = eventContract(event);
    const declared = this.#definition.publishes.get(type);
    if (!declared) return refuse(this.#run, 'POISON', `${this.#definition.name} publishes ${type}, which its publishes does not list.`);
    const passed = { schema: declared.data, value: data, what: `${type} was published with` };
    this.#asOther(() => issuePublish(this.#run, scope, type, passed));
  }

  answer(event: AnyEvent, value: unknown): void {
    const scope = this.#takes('answer');
    if (!scope) return;
    const { type, answer } = eventContract(event);
    if (!answer) return refuse(this.#run, 'POISON', `${this.#definition.name} answers ${type}, which declares no answer.`);
    const passed = { schema: answer, value, what: `${type} was answered with` };
    this.#asOther(() => answerEvent(this.#run, scope, type, passed));
  }

  view(value: unknown): void {
    const scope = this.#takes('view');
    if (!scope) return;
    const { view, name } = this.#definition;
    if (!view) return refuse(this.#run, 'POISON', `${name} sets a view, but declares none.`);
    const passed = { schema: view, value, what: `the view of ${name} was set to` };
    this.#asOther(() => changeView(this.#run, scope, passed));
  }

  tag(tags: Record<string, string>): void {
    const scope = this.#takes('tag');
    if (!scope) return;
    tag(this.#run, scope, tags);
  }

  log(level: LogLevel, message: string, fields?: LogFields): void {
    this.#run.environment.steps?.refuse('ctx.log', ': use task.log there');
    if (requested(this.#run, 'log')) log(this.#run, level, message, fields);
  }

  patched(change: string): boolean {
    return this.#takes('patched') !== undefined && takesChange(this.#run, change);
  }

  now(): Date {
    this.#run.environment.steps?.refuse('ctx.now');
    return new Date(this.#run.image.clock);
  }

  uuid(): string {
    return this.#chance('uuid').uuid();
  }

  random(): number {
    return this.#chance('random').number();
  }

  #chance(method: string): SeededRandom {
    this.#run.environment.steps?.refuse(`ctx.${method}`);
    isOpen(this.#run, `called ctx.${method}`);
    const { pid, run } = originOf(this.#run);
    const seed = `${pid}/${run}/${this.#own.path}`;
    if (this.#seed === seed && this.#random) return this.#random;
    this.#seed = seed;
    return (this.#random = new SeededRandom(seed));
  }

  #promise<T>(step: CoreStep): Step<T> {
    return stepPromise(step, this.#run.environment.checks);
  }

  /** A predicate is code of the process even if the engine calls it. */
  #matchOf(scope: Scope, match: ((data: never) => boolean) | undefined): typeof match {
    return match && ((data) => asCodeOf(this.#storage, { run: this.#run, scope }, () => match(data)));
  }

  /** An instant, or a valid rule. */
  #whenOf(when: string | Date | CalendarRule): number | CalendarRule {
    if (!isCalendarRule(when)) return this.#instantOf(when);
    calendarText(when);
    return Object.freeze({ ...when });
  }

  /** Earlier releases accepted instants without an offset, in the machine's time zone. Runs that they recorded continue. */
  #instantOf(instant: string | Date): number {
    const recorded = this.#run.expected && typeof instant === 'string' ? Date.parse(instant) : Number.NaN;
    return Number.isNaN(recorded) ? instantOf(instant) : recorded;
  }

  /** Reads an argument. One that is not valid is a bug, even if the process catches the error. */
  #read<T>(read: () => T): T {
    try {
      return read();
    } catch (error) {
      return refuse(this.#run, 'POISON', (error as Error).message, error);
    }
  }

  /**
   * The scope in which a request acts, or undefined if the core takes no request now. It is the scope of the running code, so each enclosing
   * `ctx` does the same. Earlier releases used the scope of the `ctx`, in production only.
   */
  #takes(method: string): Scope | undefined {
    const run = this.#run;
    run.environment.steps?.refuse(`ctx.${method}`);
    if (!requested(run, method)) return undefined;
    const code = this.#storage.getStore();
    const running = code?.run === run ? code.scope : undefined;
    const scope = running && isWithin(running, this.#own) ? running : this.#own;
    if (run.continuing && !scope.parent)
      refuse(run, 'POISON', `ctx.${method} was called after ctx.continueAsNew: return its step, so that the code ends there.`);
    if (hasEnded(scope) && !run.expected) this.#refuse(method, `was called after ${nameOf(scope)} had ended`);
    if (running && scope !== running && run.environment.checks)
      this.#refuse(method, `was called in ${nameOf(running)}, which it does not contain`);
    return scope;
  }

  #refuse(method: string, what: string): never {
    return refuse(
      this.#run,
      'WRONG_SCOPE',
      `ctx.${method} of ${nameOf(this.#own)} ${what}: use the ctx of a scope that is around the code.`,
    );
  }

  /** In development and tests, schemas may read the clock: they are no code of the process. */
  #asOther<T>(call: () => T): T {
    return this.#run.environment.checks ? asOtherCode(this.#storage, call) : call();
  }
}

/** A compensation runs in a scope within the one that registered it. */
function isWithin(inner: Scope, outer: Scope): boolean {
  for (let scope: Scope | undefined = inner; scope; scope = scope.parent) if (scope === outer) return true;
  return false;
}

/** Whether the body of a scope has returned. Nothing would undo a later step. The steps of a scope that has failed are rejected instead. */
function hasEnded(scope: Scope): boolean {
  return scope.parent !== undefined && scope.ending?.status === 'fulfilled' && !cancellation(scope);
}

function nameOf(scope: Scope): string {
  return scope.path === '' ? 'the process itself' : `the scope ${scope.path.slice(0, -1)}`;
}

/** The value of a dispatched command, from its output or its declared failure. */
function dispatchedValue(name: string): (value: unknown) => unknown {
  const command = name.slice(name.indexOf('.') + 1);
  return (value) => Object.freeze(isCommandFailed(value) ? { ok: false, command, failure: value } : { ok: true, command, output: value });
}

type LooseRun = Pick<RunOptions<Json>, 'retry' | 'timeout' | 'effect'> & { readonly undo?: unknown };

function runPolicy(contract: CommandContract, { timeout, retry, undo }: LooseRun): CallPolicy {
  return {
    timeoutMs: timeout === undefined ? contract.timeoutMs : runTimeoutMs(timeout),
    retry: retry ? retryPolicy(retry, contract.retry) : contract.retry,
    undo: undo !== undefined,
    returnsFailure: false,
  };
}

const POLICIES = new WeakMap<CommandContract, readonly [CallPolicy, CallPolicy]>();

/** Most calls have no options, so the policy without options is made once per command. */
function policyOf(contract: CommandContract, options: CallOptions | undefined, returnsFailure: boolean): CallPolicy {
  if (options)
    return {
      timeoutMs: options.timeout === undefined ? contract.timeoutMs : runTimeoutMs(options.timeout),
      retry: options.retry ? retryPolicy(options.retry, contract.retry) : contract.retry,
      undo: options.undo !== false,
      returnsFailure,
    };
  const cached = POLICIES.get(contract);
  if (cached) return cached[returnsFailure ? 1 : 0];
  const of = (returns: boolean): CallPolicy => ({
    timeoutMs: contract.timeoutMs,
    retry: contract.retry,
    undo: true,
    returnsFailure: returns,
  });
  const made = [of(false), of(true)] as const;
  POLICIES.set(contract, made);
  return made[returnsFailure ? 1 : 0];
}
