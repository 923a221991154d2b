import { commandContract, type AnyCommand } from '../contract/command.ts';
import { milliseconds, type Duration } from '../contract/duration.ts';
import { eventContract, type AnyEvent } from '../contract/event.ts';
import { instantOf } from '../contract/instant.ts';
import { retryPolicy, runTimeoutMs } from '../contract/retry-policy.ts';
import type { CommandContract } from '../contract/runtime-contract.ts';
import { isOpen, requested } from '../core/journal.ts';
import { refuse } from '../core/bug.ts';
import { changeView, issuePublish, tag } from '../core/effects.ts';
import { callCommand, listedContract, sendCommand } from '../core/issue.ts';
import type { CallPolicy, ProcessRun, Scope, StepState as CoreStep } from '../core/run.ts';
import { openScope, pivot } from '../core/scopes.ts';
import { SeededRandom } from '../core/seeded-random.ts';
import { sleep } from '../core/timers.ts';
import { requestUndo } from '../core/undo-request.ts';
import { registerCompensation } from '../core/undoing.ts';
import { waitFor } from '../core/waits.ts';
import type { CallOptions, Step } from './context.ts';
import { asCodeOf, asOtherCode, runBody, runningCode, stepOf, stepPromise, unsettled } from './running-code.ts';
import type { AsyncDefinition } from './process.ts';
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

/** `ctx` of one scope at run time. Each method sends its request to the core and returns the promise of the step. */
export class ProcessContext {
  readonly id: string;
  readonly run: string;
  readonly start: ReceivedStart;
  readonly errors: AsyncDefinition['throws'];
  readonly #run: ProcessRun;
  readonly #definition: AsyncDefinition;
  readonly #scope: Scope;
  #random: SeededRandom | undefined;

  constructor(run: ProcessRun, definition: AsyncDefinition, scope: Scope, start: ReceivedStart) {
    this.id = run.image.pid.slice(run.image.pid.lastIndexOf('#') + 1);
    this.run = run.image.run;
    this.start = start;
    this.errors = definition.throws;
    this.#run = run;
    this.#definition = definition;
    this.#scope = scope;
  }

  call(command: AnyCommand, input: unknown, options?: CallOptions): Step<unknown> {
    return this.#call(command, input, options, false);
  }

  try(command: AnyCommand, input: unknown, options?: CallOptions): Step<unknown> {
    return this.#call(command, input, options, true);
  }

  #call(command: AnyCommand, input: unknown, options: CallOptions | undefined, returnsFailure: boolean): Step<unknown> {
    if (!this.#takes(returnsFailure ? 'try' : 'call')) return unsettled();
    const contract = listedContract(this.#run, commandContract(command));
    const passed = { schema: contract.input, value: input, what: `${contract.name} was called with` };
    const policy = policyOf(contract, options, returnsFailure);
    return this.#promise(asOtherCode(() => callCommand(this.#run, this.#scope, contract, passed, policy)));
  }

  send(command: AnyCommand, input: unknown): void {
    if (!this.#takes('send')) return;
    const contract = listedContract(this.#run, commandContract(command));
    const passed = { schema: contract.input, value: input, what: `${contract.name} was sent with` };
    asOtherCode(() => sendCommand(this.#run, this.#scope, contract, passed));
  }

  sleep(duration: Duration): Step<unknown> {
    if (!this.#takes('sleep')) return unsettled();
    return this.#promise(sleep(this.#run, this.#scope, 'sleep', this.#run.image.clock + this.#read(() => milliseconds(duration))));
  }

  until(instant: string | Date): Step<unknown> {
    if (!this.#takes('until')) return unsettled();
    return this.#promise(
      sleep(
        this.#run,
        this.#scope,
        'until',
        this.#read(() => this.#instantOf(instant)),
      ),
    );
  }

  waitFor(event: AnyEvent, options: { readonly match?: (data: never) => boolean; readonly timeout?: Duration } = {}): Step<unknown> {
    if (!this.#takes('waitFor')) return unsettled();
    const { type } = eventContract(event);
    const heard = [...this.#definition.startOn, ...this.#definition.receives].some((correlation) => correlation.event.type === type);
    if (!heard)
      refuse(this.#run, 'POISON', `${this.#definition.name} waits for ${type}, which neither its receives nor its startOn lists.`);
    const timeoutMs = options.timeout === undefined ? undefined : this.#read(() => milliseconds(options.timeout as Duration));
    return this.#promise(waitFor(this.#run, this.#scope, { event: type, match: this.#matchOf(options.match), timeoutMs }));
  }

  race(branches: Readonly<Record<string, Step<unknown>>>): Step<unknown> {
    return this.#takes('race') ? openRace(this.#run, this.#scope, 'race', branches) : unsettled();
  }

  any(branches: Readonly<Record<string, Step<unknown>>>): Step<unknown> {
    return this.#takes('any') ? openRace(this.#run, this.#scope, 'any', branches) : unsettled();
  }

  scope(label: string, body: (ctx: ProcessContext) => Promise<unknown>): Step<unknown> {
    if (!this.#takes('scope')) return unsettled();
    const step = openScope(this.#run, this.#scope, label);
    const promise = this.#promise(step);
    if (step.status !== 'open') return promise;
    runBody(this.#run, step.child, body, new ProcessContext(this.#run, this.#definition, step.child, this.start));
    return promise;
  }

  undo(promise?: Step<unknown>): Step<unknown> {
    if (!this.#takes('undo')) return unsettled();
    const target = promise && stepOf(promise);
    if (promise && !target) return refuse(this.#run, 'POISON', 'ctx.undo was given something that is not a step.');
    return this.#promise(requestUndo(this.#run, this.#scope, target));
  }

  compensate(label: string, body: (ctx: ProcessContext, failure: unknown) => Promise<unknown>): void {
    if (!this.#takes('compensate')) return;
    registerCompensation(this.#run, this.#scope, label, body);
  }

  pivot(): void {
    if (!this.#takes('pivot')) return;
    pivot(this.#run, this.#scope);
  }

  publish(event: AnyEvent, data: unknown): void {
    if (!this.#takes('publish')) return;
    const { type } = eventContract(event);
    const declared = this.#definition.publishes.get(type);
    if (!declared) return refuse(this.#run, 'POISON', `${this.#definition.name} publishes ${type}, which its publishes does not list.`);
    const passed = { schema: declared.data, value: data, what: `${type} was published with` };
    asOtherCode(() => issuePublish(this.#run, this.#scope, type, passed));
  }

  view(value: unknown): void {
    if (!this.#takes('view')) return;
    const { view, name } = this.#definition;
    if (!view) return refuse(this.#run, 'POISON', `${name} sets a view, but declares none.`);
    const passed = { schema: view, value, what: `the view of ${name} was set to` };
    asOtherCode(() => changeView(this.#run, this.#scope, passed));
  }

  tag(tags: Record<string, string>): void {
    if (!this.#takes('tag')) return;
    tag(this.#run, this.#scope, tags);
  }

  now(): Date {
    return new Date(this.#run.image.clock);
  }

  uuid(): string {
    return this.#chance('uuid').uuid();
  }

  random(): number {
    return this.#chance('random').number();
  }

  #chance(method: string): SeededRandom {
    isOpen(this.#run, `called ctx.${method}`);
    this.#random ??= new SeededRandom(`${this.#run.image.pid}/${this.run}/${this.#scope.path}`);
    return this.#random;
  }

  #promise<T>(step: CoreStep): Step<T> {
    return stepPromise(step, this.#run.environment.checks);
  }

  /** A predicate is code of the process even if the engine calls it. */
  #matchOf(match: ((data: never) => boolean) | undefined): typeof match {
    return match && ((data) => asCodeOf(this.#run, this.#scope, () => match(data)));
  }

  /** Earlier releases accepted instants without an offset, in the machine's time zone. Runs that they recorded continue. */
  #instantOf(instant: string | Date): number {
    const recorded = this.#run.expected && typeof instant === 'string' ? Date.parse(instant) : Number.NaN;
    return Number.isNaN(recorded) ? instantOf(instant) : recorded;
  }

  /** Reads an argument. One that is not valid is a bug, even if the process catches the error. */
  #read(read: () => number): number {
    try {
      return read();
    } catch (error) {
      return refuse(this.#run, 'POISON', (error as Error).message, error);
    }
  }

  /** Whether the core takes a request now. In development and tests, the `ctx` of another scope is refused. */
  #takes(method: string): boolean {
    if (!requested(this.#run, method)) return false;
    if (this.#run.environment.checks) this.#checkScope(method);
    return true;
  }

  #checkScope(method: string): void {
    const running = runningCode()?.scope;
    if (running && running !== this.#scope)
      refuse(
        this.#run,
        'WRONG_SCOPE',
        `ctx.${method} of ${nameOf(this.#scope)} was called in ${nameOf(running)}: use the ctx of that scope, so that the step belongs to it.`,
      );
  }
}

function nameOf(scope: Scope): string {
  return scope.path === '' ? 'the process itself' : `the scope ${scope.path.slice(0, -1)}`;
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
